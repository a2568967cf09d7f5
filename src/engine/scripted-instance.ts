import type { Digest } from '../api/content-store';
import type {
  Checkpoint,
  CheckpointRequest,
  ConsoleAttachment,
  ConsoleOutput,
  Exit,
  Instance,
  InstanceAbility,
  InstanceDriver,
  InstanceId,
  InstanceKind,
  InstancePhase,
  InstanceResources,
  InstanceSpec,
  InstanceState,
  Migration,
  Problem,
  Process,
  Program,
  StartMethod,
  VmDiskSpec,
} from '../api/instance';
import type { SavedMachine } from '../api/machine';
import type { Operation } from '../api/operation';
import type { StatSample } from '../api/stats';
import type { Clock } from '../base/clock';
import { createDeferred, type Deferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { ConsoleHub } from '../runtime/vm/console-hub';

/**
 * An instance without a machine, for the tests of the engine's own rules (names, tasks, sampling).
 * What starts and how it goes is the test's decision; the real machine runs in the integration tests.
 */
export class ScriptedInstance implements Instance {
  readonly startMethod: StartMethod | undefined = undefined;
  readonly startNote: string | undefined = undefined;
  /** What a start of it restores. */
  origin: readonly Digest[] = [];
  /** What the next checkpoint saves as memory. */
  memory = 'memory';
  /** What was restored last. */
  restored: SavedMachine | undefined;
  /** How often it was told its neighbours, and what they were. */
  readonly hostsTold: string[] = [];
  #spec: InstanceSpec;
  readonly #states = new Emitter<InstanceState>();
  readonly #clock: Clock;
  #state: InstanceState;
  /** Echoes what is typed. */
  readonly console = new ConsoleHub();
  /** Set to make starts wait for the test. */
  gate: Deferred<void> | undefined;
  cpuMicros = 0;
  statsGate: Deferred<void> | undefined;
  statsAsked = 0;
  disposed = false;

  constructor(
    readonly id: string,
    spec: InstanceSpec,
    clock: Clock,
    readonly resources?: InstanceResources,
  ) {
    this.#spec = spec;
    this.#clock = clock;
    this.#state = { phase: 'created', since: clock.now() };
  }

  get kind(): InstanceKind {
    return this.#spec.kind;
  }

  get spec(): InstanceSpec {
    return this.#spec;
  }

  get state(): InstanceState {
    return this.#state;
  }

  get states() {
    return this.#states.event;
  }

  get listenerCount(): number {
    return this.#states.listenerCount;
  }

  enter(phase: InstancePhase, more: Pick<InstanceState, 'error'> = {}): void {
    this.#state = { phase, since: this.#clock.now(), ...more };
    this.#states.fire(this.#state);
  }

  holdStart(): Deferred<void> {
    this.gate = createDeferred<void>();
    return this.gate;
  }

  async start(operation: Operation = {}): Promise<void> {
    this.enter('starting');
    operation.onProgress?.({ phase: 'Fetching', done: 1, total: 2 });
    operation.onProgress?.({ phase: 'Fetching', done: 2, total: 2 });
    operation.onProgress?.({ phase: 'Restoring' });
    const canceled = createDeferred<never>();
    operation.signal?.addEventListener('abort', () => canceled.reject(operation.signal?.reason));
    try {
      if (this.gate) await Promise.race([this.gate.promise, canceled.promise]);
      this.enter('running');
    } catch (error) {
      this.enter('failed');
      throw error;
    }
  }

  async stop(): Promise<Exit> {
    return this.#end();
  }

  async kill(): Promise<Exit> {
    return this.#end();
  }

  async pause(): Promise<void> {
    this.enter('paused');
  }

  async resume(): Promise<void> {
    this.enter('running');
  }

  async reset(): Promise<void> {
    this.enter('starting');
    this.enter('running');
  }

  async stats(): Promise<StatSample> {
    this.statsAsked += 1;
    await this.statsGate?.promise;
    return {
      at: this.#clock.now(),
      cpuMicros: this.cpuMicros,
      memory: { total: 64e6, used: 16e6 },
      network: { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 },
      disk: { readBytes: 0, writtenBytes: 0 },
      processes: 1,
    };
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    const attachment = this.console.attach(onOutput);
    return {
      dispose: () => attachment.dispose(),
      acknowledge: (bytes) => attachment.acknowledge(bytes),
      resize: () => {},
      write: (bytes) => this.console.write(bytes),
    };
  }

  exec(): Promise<Process> {
    throw outOfScope('programs');
  }

  async programs(): Promise<readonly Program[]> {
    return [];
  }

  async reattach(): Promise<Process> {
    throw outOfScope('programs');
  }

  async ping(): Promise<void> {
    throw outOfScope('the guest');
  }

  copyIn(): Promise<void> {
    throw outOfScope('files');
  }

  async copyOut(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    throw outOfScope('files');
  }

  /** Its layer is its memory after all that came before, so that a test can tell chains apart. */
  async checkpoint({ parent, freezeDisks }: CheckpointRequest): Promise<Checkpoint> {
    const disks = await freezeDisks([]);
    const before = parent.map((layer) => new TextDecoder().decode(layer)).join('');
    const layer = new TextEncoder().encode(`${before}+${this.memory}`).buffer;
    const { memoryMiB } = this.#spec;
    const machine = { memoryMiB, devices: 'virtio', containerHost: false } as const;
    const config = {
      formatVersion: 1,
      v86: '0',
      machine,
      kernel: `sha256:${'0'.repeat(64)}`,
      agentProtocol: 1,
      console: '',
    } as const;
    return { layer, config, disks, pausedMs: 1 };
  }

  async restore(saved: SavedMachine): Promise<void> {
    this.enter('starting');
    this.restored = saved;
    this.origin = saved.layers.map(({ digest }) => digest);
    this.enter('running');
  }

  async migrate(): Promise<Migration> {
    throw outOfScope('worker');
  }

  async updateHosts(): Promise<void> {
    this.hostsTold.push(this.resources?.hosts() ?? '');
  }

  async rename(name: string): Promise<void> {
    this.#spec = { ...this.#spec, name };
  }

  setDisks(disks: readonly VmDiskSpec[]): void {
    if (this.#spec.kind === 'vm') this.#spec = { ...this.#spec, disks };
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }

  #end(): Exit {
    this.enter('stopped');
    return { code: 0, reason: 'Powered off' };
  }
}

function outOfScope(what: string): SandboxError {
  return new SandboxError('Unimplemented', `A scripted instance has no ${what}`);
}

/** Makes scripted instances and keeps them at hand. */
export class ScriptedDriver implements InstanceDriver {
  readonly kind: InstanceKind;
  readonly #abilities: ReadonlySet<InstanceAbility>;
  readonly made: ScriptedInstance[] = [];
  readonly #clock: Clock;
  problems: readonly Problem[] = [];

  constructor(
    clock: Clock,
    kind: InstanceKind = 'vm',
    abilities: readonly InstanceAbility[] = ['pause', 'exec', 'checkpoint', 'migrate'],
  ) {
    this.#clock = clock;
    this.kind = kind;
    this.#abilities = new Set(abilities);
  }

  abilities(): ReadonlySet<InstanceAbility> {
    return this.#abilities;
  }

  check(): readonly Problem[] {
    return this.problems;
  }

  create(spec: InstanceSpec, resources?: InstanceResources, id?: InstanceId): ScriptedInstance {
    const instance = new ScriptedInstance(id ?? `id-${this.made.length + 1}`, spec, this.#clock, resources);
    this.made.push(instance);
    return instance;
  }

  /** The instance made first, second, and so on, from 0. */
  at(index: number): ScriptedInstance {
    const instance = this.made[index];
    if (!instance) throw new SandboxError('NotFound', `No such scripted instance: ${index}`);
    return instance;
  }
}
