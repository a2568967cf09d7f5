import type {
  InstanceAbility,
  InstanceDriver,
  InstanceId,
  InstanceResources,
  InstanceSpec,
  Problem,
  VmSpec,
} from '../../api/instance';
import type { MachineConfig, MachineImageSource } from '../../api/machine';
import { imageShareTag } from '../../api/vm-image';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { randomMacAddress } from '../../formats/mac-address';
import type { SpawnWorker } from '../../rpc/worker-handle';
import { isLive } from '../instance-state';
import { assertName, invalidSpec, nameProblem } from '../spec-problems';
import type { Supervisor } from '../supervisor';
import { firmwareProblems } from './firmware-problems';
import { shareProblems } from './share-problems';
import { VmInstance } from './vm-instance';
import type { VmService } from './vm-protocol';
import type { VmWorkerHandle } from './vm-run';

/** What a running vm costs beyond its RAM: the emulator, its compiled code, the worker (measured, see docs). */
const overheadMiB = 95;

const minMemoryMiB = 32;
const maxMemoryMiB = 1024;

/** Slots that the machine has for them. */
const maxNics = 4;
const maxDisks = 4;
const maxShares = 4;

/** v86 puts an initrd at 64 MB, and a container host needs one. */
const minContainerHostMiB = 128;

/** A guest that is not ours has no agent that runs programs, and a screen instead. */
const abilities: Readonly<Record<'ours' | 'unmodified', ReadonlySet<InstanceAbility>>> = {
  ours: new Set(['pause', 'exec', 'checkpoint', 'migrate']),
  unmodified: new Set(['pause', 'checkpoint', 'migrate', 'screen']),
};

export interface VmDriverOptions {
  readonly images: MachineImageSource;
  readonly spawn: SpawnWorker;
  /** Starts workers of another host, such as another tab; throws `NotFound` when there is none of that name. */
  readonly spawnOn?: (host: string) => SpawnWorker;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Version of the agent's protocol that this side speaks. */
  readonly agentProtocol: number;
  /** v86.wasm, compiled once; workers get the module. */
  readonly wasm: () => Promise<WebAssembly.Module>;
  /** What all machines together may take. */
  readonly memoryBudgetMiB: number;
}

export interface VmDriver extends InstanceDriver {
  create(spec: InstanceSpec, resources?: InstanceResources, id?: InstanceId): VmInstance;
  /**
   * Has a worker ready with the emulator compiled and an empty machine of this configuration, so that the
   * next start of one is fast. No guest state is loaded.
   */
  prepare(config: MachineConfig): Promise<void>;
}

export function createVmDriver(options: VmDriverOptions): VmDriver {
  return new Driver(options);
}

class Driver implements VmDriver {
  readonly kind = 'vm';
  readonly #options: VmDriverOptions;
  readonly #instances = new Set<VmInstance>();
  #spare: VmWorkerHandle | undefined;
  #spawned = 0;

  constructor(options: VmDriverOptions) {
    this.#options = options;
  }

  abilities(spec: InstanceSpec): ReadonlySet<InstanceAbility> {
    return asVm(spec).firmware ? abilities.unmodified : abilities.ours;
  }

  check(spec: InstanceSpec): readonly Problem[] {
    const vm = asVm(spec);
    const found = [nameProblem(spec.name), ...sizeProblems(vm), ...firmwareProblems(vm), ...imageProblems(vm)];
    const problems = found.filter((problem) => problem !== undefined);
    return problems.length > 0 ? problems : this.#memoryProblems(spec.memoryMiB);
  }

  create(spec: InstanceSpec, surroundings?: InstanceResources, id = toHex(this.#options.randomBytes(6))): VmInstance {
    const [problem] = this.check(spec);
    if (problem) throw invalidSpec(problem);
    const { images, clock, agentProtocol, wasm } = this.#options;
    const instance: VmInstance = new VmInstance(id, asVm(spec), {
      images,
      clock,
      agentProtocol,
      surroundings,
      wasm,
      worker: () => this.#takeWorker(),
      workerOn: (host) => this.#workerOn(host),
      mac: () => randomMacAddress(this.#options.randomBytes),
      assertMemory: () => this.#assertMemory(spec.memoryMiB, instance),
      assertName,
      disposed: () => this.#instances.delete(instance),
    });
    this.#instances.add(instance);
    return instance;
  }

  async prepare(config: MachineConfig): Promise<void> {
    if (this.#spare) return;
    const worker = this.#spawnWorker();
    this.#spare = worker;
    worker.lost.addEventListener('abort', () => {
      if (this.#spare === worker) this.#spare = undefined;
    });
    await worker.remote.prepare(config, await this.#options.wasm());
  }

  /** The spare worker serves any configuration: its emulator is compiled, only an unfit machine is made anew. */
  #takeWorker(): VmWorkerHandle {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare ?? this.#spawnWorker();
  }

  #workerOn(host: string): VmWorkerHandle {
    const { spawnOn } = this.#options;
    if (!spawnOn) throw new SandboxError('Unimplemented', `There is no other host than this one: "${host}"`);
    return this.#spawnWorker(spawnOn(host));
  }

  #spawnWorker(spawn = this.#options.spawn): VmWorkerHandle {
    this.#spawned += 1;
    return this.#options.supervisor.spawn<VmService>(spawn, `vm-${this.#spawned}`);
  }

  /** `except` is counted as what it will be, not as what it is. */
  #memoryProblems(memoryMiB: number, except?: VmInstance): readonly Problem[] {
    const { memoryBudgetMiB } = this.#options;
    const inUse = [...this.#instances]
      .filter((each) => each !== except && isLive(each.state.phase))
      .reduce((sum, { spec }) => sum + spec.memoryMiB + overheadMiB, 0);
    const needed = memoryMiB + overheadMiB;
    if (inUse + needed <= memoryBudgetMiB) return [];
    const free = Math.max(0, memoryBudgetMiB - inUse);
    const message = `Not enough memory for one more machine: it needs ${needed} MiB, ${free} of ${memoryBudgetMiB} MiB are free; stop another one or choose less`;
    return [{ field: 'memoryMiB', message }];
  }

  #assertMemory(memoryMiB: number, instance: VmInstance): void {
    const [problem] = this.#memoryProblems(memoryMiB, instance);
    if (problem) throw new SandboxError('ResourceExhausted', problem.message, { details: { memoryMiB } });
  }
}

function asVm(spec: InstanceSpec): VmSpec {
  if (spec.kind === 'vm') return spec;
  throw new SandboxError('InvalidArgument', `The driver of virtual machines makes no ${spec.kind}`);
}

/** The root of a machine from an image is made of a share and a disk. */
function imageProblems({ image, shares, disks }: VmSpec): readonly Problem[] {
  if (!image) return [];
  const share = shares?.find(({ tag }) => tag === imageShareTag);
  if (!share) return [{ field: 'shares', message: `A machine from an image needs the share "${imageShareTag}"` }];
  if (!disks?.length) return [{ field: 'disks', message: 'A machine from an image needs a disk for what it writes' }];
  return [];
}

function sizeProblems({
  memoryMiB,
  containerHost,
  nics,
  spareNics = 0,
  disks,
  shares = [],
}: VmSpec): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, message: string): void => void problems.push({ field, message });
  if (!Number.isInteger(memoryMiB) || memoryMiB < minMemoryMiB || memoryMiB > maxMemoryMiB) {
    add('memoryMiB', `Memory must be a whole number of MiB from ${minMemoryMiB} to ${maxMemoryMiB}: ${memoryMiB}`);
  } else if (containerHost && memoryMiB < minContainerHostMiB) {
    add('memoryMiB', `A container host needs at least ${minContainerHostMiB} MiB of memory: ${memoryMiB}`);
  }
  const nicCount = (nics?.length ?? 1) + spareNics;
  if (nicCount > maxNics) add('nics', `A machine has at most ${maxNics} network interfaces: ${nicCount}`);
  const diskCount = disks?.length ?? 0;
  if (diskCount > maxDisks) add('disks', `A machine has at most ${maxDisks} disks: ${diskCount}`);
  if (shares.length > maxShares) add('shares', `A machine has at most ${maxShares} shares: ${shares.length}`);
  for (const message of shareProblems(shares)) add('shares', message);
  return problems;
}
