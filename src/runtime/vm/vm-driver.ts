import type { InstanceDriver, InstanceSpec, Problem } from '../../api/instance';
import type { MachineConfig, MachineImageSource } from '../../api/machine';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { SpawnWorker } from '../../rpc/worker-handle';
import type { Supervisor } from '../supervisor';
import { VmInstance, type VmWorkerHandle } from './vm-instance';
import type { VmService } from './vm-protocol';

/** What a running vm costs beyond its RAM: the emulator, its compiled code, the worker (measured, see docs). */
const overheadMiB = 95;

const minMemoryMiB = 32;
const maxMemoryMiB = 1024;

/** v86 puts an initrd at 64 MB, and a container host needs one. */
const minContainerHostMiB = 128;

export interface VmDriverOptions {
  readonly images: MachineImageSource;
  readonly spawn: SpawnWorker;
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
  create(spec: InstanceSpec): VmInstance;
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

  check(spec: InstanceSpec): readonly Problem[] {
    const problems: Problem[] = [];
    const { memoryMiB } = spec;
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(spec.name)) {
      const message = `Not a host name: "${spec.name}" (1 to 63 of a to z, 0 to 9 and inner hyphens)`;
      problems.push({ field: 'name', message });
    }
    if (!Number.isInteger(memoryMiB) || memoryMiB < minMemoryMiB || memoryMiB > maxMemoryMiB) {
      const message = `Memory must be a whole number of MiB from ${minMemoryMiB} to ${maxMemoryMiB}: ${memoryMiB}`;
      problems.push({ field: 'memoryMiB', message });
    } else if (spec.containerHost && memoryMiB < minContainerHostMiB) {
      const message = `A container host needs at least ${minContainerHostMiB} MiB of memory: ${memoryMiB}`;
      problems.push({ field: 'memoryMiB', message });
    }
    return problems.length > 0 ? problems : this.#memoryProblems(memoryMiB);
  }

  create(spec: InstanceSpec): VmInstance {
    const [problem] = this.check(spec);
    if (problem) throw new SandboxError('InvalidArgument', problem.message, { details: { field: problem.field } });
    const id = hex(this.#options.randomBytes(6));
    const { images, clock, agentProtocol, wasm } = this.#options;
    const instance: VmInstance = new VmInstance(id, spec, {
      images,
      clock,
      agentProtocol,
      wasm,
      worker: () => this.#takeWorker(),
      mac: () => this.#randomMac(),
      assertMemory: () => this.#assertMemory(spec.memoryMiB),
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

  #spawnWorker(): VmWorkerHandle {
    this.#spawned += 1;
    return this.#options.supervisor.spawn<VmService>(this.#options.spawn, `vm-${this.#spawned}`);
  }

  #memoryProblems(memoryMiB: number): readonly Problem[] {
    const { memoryBudgetMiB } = this.#options;
    const inUse = [...this.#instances]
      .filter(({ state }) => ['starting', 'running', 'paused', 'stopping'].includes(state.phase))
      .reduce((sum, { spec }) => sum + spec.memoryMiB + overheadMiB, 0);
    const needed = memoryMiB + overheadMiB;
    if (inUse + needed <= memoryBudgetMiB) return [];
    const free = Math.max(0, memoryBudgetMiB - inUse);
    const message = `Not enough memory for one more machine: it needs ${needed} MiB, ${free} of ${memoryBudgetMiB} MiB are free; stop another one or choose less`;
    return [{ field: 'memoryMiB', message }];
  }

  #assertMemory(memoryMiB: number): void {
    const [problem] = this.#memoryProblems(memoryMiB);
    if (problem) throw new SandboxError('ResourceExhausted', problem.message, { details: { memoryMiB } });
  }

  /** A random unicast address with the "locally administered" bit (IEEE 802, 8.2). */
  #randomMac(): Uint8Array {
    const mac = new Uint8Array(this.#options.randomBytes(6));
    mac[0] = ((mac[0] ?? 0) & 0xfc) | 0x02;
    return mac;
  }
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
