import type {
  ContainerCounters,
  ContainerDisk,
  ContainerExit,
  ContainerHost,
  ContainerId,
  ContainerSpec,
  HostNews,
} from '../../api/container-host';
import type { DiskAttachment, Instance, InstanceDriver, InstanceId, Process, Signal } from '../../api/instance';
import type { NicAttachment } from '../../api/network';
import type { OciResources } from '../../api/oci-runtime';
import type { Operation } from '../../api/operation';
import type { UnikernelSpec } from '../../api/unikernel';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';
import { isLive } from '../instance-state';
import { refuseInUnikernel } from './refuse-in-unikernel';
import { startProcess } from './unikernel-process';

/** Where a container's config names its module: an image of the driver's. */
export const moduleAnnotation = 'org.strata.unikernel.image';

/** What the memory of one can grow to that has no limit of its own. */
const usualMemoryMiB = 16;
const mebibyte = 1024 ** 2;

/** How long one that was asked to end may take to make durable what it wrote; who asked ends it sooner, or never. */
const settleMs = 600_000;

/** Signals by which a program is asked to end. A unikernel hears no others. */
const endSignals: ReadonlySet<Signal | number> = new Set<Signal | number>(['SIGINT', 'SIGQUIT', 'SIGTERM', 2, 3, 15]);
const killSignals: ReadonlySet<Signal | number> = new Set<Signal | number>(['SIGKILL', 9]);

/** Disks that somebody has. Disposing of them gives them back. */
export interface OpenDisks extends Disposable {
  readonly attachments: readonly DiskAttachment[];
}

/** A unikernel that runs, and its disks. */
interface Run {
  readonly instance: Instance;
  readonly disks: Disposable;
}

export interface UnikernelHostOptions {
  /** Absent: there are no unikernels here. */
  readonly driver: Pick<InstanceDriver, 'check' | 'create'> | undefined;
  /** Puts the NICs of a container on its networks, their ports still down. `name` is for people. */
  readonly attachNics: (id: InstanceId, spec: UnikernelSpec) => Promise<readonly NicAttachment[]>;
  /** Opens disks for a container, whose alone they are until they are disposed of. */
  readonly openDisks: (id: ContainerId, disks: readonly ContainerDisk[]) => Promise<OpenDisks>;
  readonly clock: Clock;
}

/**
 * Containers that are unikernels. Each is its own kernel, so there is no machine around it: this is what stands where one
 * would. What takes programs or files inside of it is refused.
 */
export class UnikernelHost implements ContainerHost, Disposable {
  readonly instance = '';
  readonly name = 'unikernels';
  readonly networks = [];
  /** None outlives its page. */
  readonly strays: ReadonlySet<ContainerId> = new Set();
  readonly exec = refuseInUnikernel('exec');
  readonly processes = refuseInUnikernel('top');
  readonly inspect = refuseInUnikernel('inspect');
  readonly changes = refuseInUnikernel('diff');
  readonly changesLayer = refuseInUnikernel('commit');
  readonly statPath = refuseInUnikernel('cp');
  readonly copyOut = refuseInUnikernel('cp');
  readonly exportRoot = refuseInUnikernel('cp');
  readonly copyIn = refuseInUnikernel('cp');
  readonly connect = refuseInUnikernel('connect');
  readonly disconnect = refuseInUnikernel('connect');
  readonly createVolume = refuseInUnikernel('volume');
  readonly removeVolume = refuseInUnikernel('volume');
  readonly volumeBytes = refuseInUnikernel('volume');
  readonly exportVolume = refuseInUnikernel('volume');
  readonly importVolume = refuseInUnikernel('volume');
  readonly #options: UnikernelHostOptions;
  readonly #news = new Emitter<HostNews>();
  readonly #running = new Map<ContainerId, Run>();

  constructor(options: UnikernelHostOptions) {
    this.#options = options;
  }

  get news(): Event<HostNews> {
    return this.#news.event;
  }

  /** Each has ports of its own. */
  portOf(): undefined {}

  /** Those that run, and what they may grow to; the rest of the page's memory is not theirs to tell. */
  async memory(): Promise<{ totalBytes: number; availableBytes: number }> {
    const specs = [...this.#running.values()].map(({ instance }) => instance.spec.memoryMiB * mebibyte);
    return { totalBytes: specs.reduce((sum, each) => sum + each, 0), availableBytes: 0 };
  }

  /** It has no root. */
  async createRoot(): Promise<void> {}

  async removeRoot(): Promise<void> {}

  async rootBytes(): Promise<number> {
    return 0;
  }

  async run(spec: ContainerSpec, operation: Operation = {}): Promise<Process> {
    const { driver, attachNics, openDisks } = this.#options;
    const { id } = spec;
    if (!driver) throw new SandboxError('Unimplemented', 'There are no unikernels here');
    const unikernel = unikernelSpec(spec);
    const problems = driver.check(unikernel);
    if (problems.length > 0) {
      throw new SandboxError('InvalidArgument', problems.map(({ message }) => message).join('; '));
    }
    const disks = await openDisks(id, spec.disks ?? []);
    const instance = driver.create(
      unikernel,
      { attachNics: () => attachNics(id, unikernel), openDisks: async () => disks.attachments, hosts: () => '' },
      id,
    );
    const run = { instance, disks };
    this.#running.set(id, run);
    try {
      return await startProcess(instance, operation, (exit) => this.#ended(id, run, exit));
    } catch (error) {
      this.#forget(id, run);
      throw error;
    }
  }

  /** Nothing of it outlives the page. */
  async reattach(process: string): Promise<Process> {
    throw new SandboxError('NotFound', `No such program: ${process}`);
  }

  async running(): Promise<ReadonlyMap<ContainerId, { pid: number; paused: boolean }>> {
    return new Map(
      [...this.#running].map(([id, { instance }]) => [id, { pid: 0, paused: instance.state.phase === 'paused' }]),
    );
  }

  /** Asks it to end, or ends it. It has no handlers: of another signal it hears nothing. */
  async kill(id: ContainerId, signal: Signal | number): Promise<void> {
    const instance = this.#get(id);
    if (killSignals.has(signal)) await instance.kill();
    // How it ends is told when it has.
    else if (endSignals.has(signal) && instance.state.phase === 'running') instance.stop(settleMs).catch(() => {});
  }

  async pause(id: ContainerId): Promise<void> {
    await this.#get(id).pause();
  }

  async resume(id: ContainerId): Promise<void> {
    await this.#get(id).resume();
  }

  async update(id: ContainerId, resources: OciResources): Promise<void> {
    const { spec } = this.#get(id);
    const wished = limitsOf(resources);
    if (spec.kind !== 'unikernel' || (wished.memoryMiB === spec.memoryMiB && wished.cpus === spec.cpus)) return;
    const message = `Cannot update container ${id}: the limits of a unikernel are set when it starts; stop it, update it, and start it again`;
    throw new SandboxError('FailedPrecondition', message);
  }

  async counters(id: ContainerId): Promise<ContainerCounters> {
    const instance = this.#get(id);
    const { cpuMicros, memory, network, disk, tender } = await instance.stats();
    const { rxBytes, rxPackets, txBytes, txPackets } = network;
    const nic = { rxBytes, rxPackets, rxErrors: 0, rxDropped: tender?.droppedFrames ?? 0 };
    return {
      cpuNanoseconds: cpuMicros * 1000,
      cpuUserNanoseconds: cpuMicros * 1000,
      cpuSystemNanoseconds: 0,
      throttledPeriods: 0,
      memoryBytes: memory.used,
      memoryFileBytes: 0,
      memoryLimitBytes: instance.spec.memoryMiB * mebibyte,
      pids: 1,
      readBytes: disk.readBytes,
      writtenBytes: disk.writtenBytes,
      networks: { eth0: { ...nic, txBytes, txPackets, txErrors: 0, txDropped: tender?.refusedFrames ?? 0 } },
    };
  }

  dispose(): void {
    for (const { instance, disks } of this.#running.values()) {
      instance.dispose().catch(() => {});
      disks.dispose();
    }
    this.#running.clear();
    this.#news.dispose();
  }

  #get(id: ContainerId): Instance {
    const instance = this.#running.get(id)?.instance;
    if (instance && isLive(instance.state.phase)) return instance;
    throw new SandboxError('NotFound', `The unikernel ${id} is not running`);
  }

  #ended(id: ContainerId, run: Run, exit: Omit<ContainerExit, 'at'>): void {
    this.#forget(id, run);
    this.#news.fire({ kind: 'exited', id, exit: { ...exit, at: this.#options.clock.now() } });
  }

  #forget(id: ContainerId, run: Run): void {
    if (this.#running.get(id) === run) this.#running.delete(id);
    run.instance.dispose().catch(() => {});
    run.disks.dispose();
  }
}

/** The first of its arguments is the name of its program, which the tender gives it itself. */
function unikernelSpec({ nics, mounts, disks = [], config }: ContainerSpec): UnikernelSpec {
  const { process, hostname = '', annotations, linux } = config;
  return {
    kind: 'unikernel',
    name: hostname,
    image: annotations?.[moduleAnnotation] ?? '',
    args: process.args.slice(1),
    config: Object.fromEntries(mounts.flatMap((mount) => (mount.kind === 'file' ? [[mount.target, mount.text]] : []))),
    nics: nics.map(({ network, address }) => ({ network, address })),
    disks: disks.map(({ sizeMiB, readOnly }) => ({ sizeMiB, readOnly })),
    addressing: 'static',
    ...limitsOf(linux?.resources ?? {}),
  };
}

function limitsOf({ memory, cpu }: OciResources): Pick<UnikernelSpec, 'memoryMiB' | 'cpus'> {
  const { quota = -1, period = 100_000 } = cpu ?? {};
  return {
    memoryMiB: memory?.limit === undefined ? usualMemoryMiB : Math.floor(memory.limit / mebibyte),
    ...(quota > 0 && { cpus: quota / period }),
  };
}
