import type {
  InstanceAbility,
  InstanceDriver,
  InstanceId,
  InstanceResources,
  InstanceSpec,
  Problem,
} from '../../api/instance';
import type { UnikernelDevice, UnikernelImageSource, UnikernelSpec } from '../../api/unikernel';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { SpawnWorker } from '../../rpc/worker-handle';
import { isLive } from '../instance-state';
import { assertName, invalidSpec, nameProblem } from '../spec-problems';
import type { Supervisor } from '../supervisor';
import { findJspi } from './jspi';
import { ModuleCache } from './module-cache';
import { TenderPool } from './tender-pool';
import { UnikernelInstance } from './unikernel-instance';

/** As the ABI has it: what a module can be given. */
const limits = {
  memoryMiB: { least: 1, most: 1024 },
  nics: 8,
  disks: 8,
  diskMiB: 64,
  /** Bytes of all arguments, each with its NUL; those of the tender come on top. */
  argumentBytes: 3072,
  files: 64,
  fileBytes: 1024 * 1024,
  idleMs: { least: 10, most: 86_400_000 },
} as const;

export interface UnikernelDriverOptions {
  readonly images: UnikernelImageSource;
  readonly spawn: SpawnWorker;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** What the memory of all unikernels together may grow to. */
  readonly memoryBudgetMiB: number;
  /** Cores that workers can be spread over. */
  readonly cores: number;
}

export interface UnikernelDriver extends InstanceDriver {
  create(spec: InstanceSpec, resources?: InstanceResources, id?: InstanceId): UnikernelInstance;
  /** The devices that the module of an image declares. Errors as at a start. */
  devices(image: string, memoryMiB: number): Promise<readonly UnikernelDevice[]>;
  /** Has a worker ready, so that the next start is fast. */
  prepare(): void;
  /** How many workers there are. */
  readonly workers: number;
}

export function createUnikernelDriver(options: UnikernelDriverOptions): UnikernelDriver {
  return new Driver(options);
}

class Driver implements UnikernelDriver {
  readonly kind = 'unikernel';
  readonly #options: UnikernelDriverOptions;
  readonly #modules: ModuleCache;
  readonly #pool: TenderPool;
  readonly #instances = new Set<UnikernelInstance>();
  #lastKey = 0;

  constructor(options: UnikernelDriverOptions) {
    const { images, spawn, supervisor, cores } = options;
    this.#options = options;
    this.#modules = new ModuleCache(images, findJspi() !== undefined);
    this.#pool = new TenderPool({ spawn, supervisor, spread: Math.max(1, cores) });
  }

  get workers(): number {
    return this.#pool.workers;
  }

  abilities(): ReadonlySet<InstanceAbility> {
    return new Set(['pause']);
  }

  check(spec: InstanceSpec): readonly Problem[] {
    const problems = specProblems(asUnikernel(spec));
    return problems.length > 0 ? problems : this.#memoryProblems(spec.memoryMiB);
  }

  create(
    spec: InstanceSpec,
    surroundings?: InstanceResources,
    id = toHex(this.#options.randomBytes(6)),
  ): UnikernelInstance {
    const unikernel = asUnikernel(spec);
    const [problem] = specProblems(unikernel);
    if (problem) throw invalidSpec(problem);
    const { clock } = this.#options;
    const instance: UnikernelInstance = new UnikernelInstance(id, unikernel, {
      clock,
      surroundings,
      module: (image, memoryMiB, operation) => this.#modules.get(image, memoryMiB, operation),
      host: ({ kind }) => this.#pool.take(kind),
      nextKey: () => {
        this.#lastKey += 1;
        return this.#lastKey;
      },
      collect: () => this.#pool.collect(),
      started: () => this.#pool.prepare(),
      assertMemory: () => {
        const [lack] = this.#memoryProblems(spec.memoryMiB, instance);
        if (lack) throw new SandboxError('ResourceExhausted', lack.message, { details: { memoryMiB: spec.memoryMiB } });
      },
      assertName,
      disposed: () => this.#instances.delete(instance),
    });
    this.#instances.add(instance);
    return instance;
  }

  async devices(image: string, memoryMiB: number): Promise<readonly UnikernelDevice[]> {
    return (await this.#modules.get(image, memoryMiB)).devices;
  }

  prepare(): void {
    this.#pool.prepare();
  }

  /** `except` is counted as what it will be, not as what it is. */
  #memoryProblems(memoryMiB: number, except?: UnikernelInstance): readonly Problem[] {
    const { memoryBudgetMiB } = this.#options;
    const inUse = [...this.#instances]
      .filter((each) => each !== except && isLive(each.state.phase))
      .reduce((sum, { spec }) => sum + spec.memoryMiB, 0);
    if (inUse + memoryMiB <= memoryBudgetMiB) return [];
    const free = Math.max(0, memoryBudgetMiB - inUse);
    const message = `Not enough memory for one more unikernel: it may grow to ${memoryMiB} MiB, ${free} of ${memoryBudgetMiB} MiB are free; stop another one or choose less`;
    return [{ field: 'memoryMiB', message }];
  }
}

function asUnikernel(spec: InstanceSpec): UnikernelSpec {
  if (spec.kind === 'unikernel') return spec;
  throw new SandboxError('InvalidArgument', `The driver of unikernels makes no ${spec.kind}`);
}

function specProblems(spec: UnikernelSpec): readonly Problem[] {
  const { name, image, args, config, memoryMiB, nics, disks } = spec;
  const problems: Problem[] = [];
  const add = (field: string, message: string): void => void problems.push({ field, message });
  const wrongName = nameProblem(name);
  if (wrongName) problems.push(wrongName);
  if (image === '') add('image', 'A unikernel needs an image: the reference of its module');
  const { least, most } = limits.memoryMiB;
  if (!Number.isInteger(memoryMiB) || memoryMiB < least || memoryMiB > most) {
    add('memoryMiB', `Memory must be a whole number of MiB from ${least} to ${most}: ${memoryMiB}`);
  }
  if (spec.cpus !== undefined && !(spec.cpus > 0)) add('cpus', `A share of a CPU is above 0: ${spec.cpus}`);
  const nicCount = nics?.length ?? 1;
  if (nicCount > limits.nics) add('nics', `A unikernel has at most ${limits.nics} network cards: ${nicCount}`);
  const diskCount = disks?.length ?? 0;
  if (diskCount > limits.disks) add('disks', `A unikernel has at most ${limits.disks} disks: ${diskCount}`);
  const large = disks?.find(({ sizeMiB }) => sizeMiB > limits.diskMiB);
  if (large)
    add('disks', `A unikernel's disk is kept in memory and has at most ${limits.diskMiB} MiB: ${large.sizeMiB}`);
  problems.push(...argumentProblems(args), ...configProblems(config), ...demandProblems(spec, nicCount));
  return problems;
}

function demandProblems({ onDemand, addressing }: UnikernelSpec, nicCount: number): readonly Problem[] {
  if (!onDemand) return [];
  const { idleMs } = onDemand;
  const { least, most } = limits.idleMs;
  const message =
    addressing === 'dhcp'
      ? 'A unikernel on demand is told its address: by DHCP it has none while it sleeps'
      : nicCount === 0
        ? 'A unikernel on demand needs a network card: what comes for it there wakes it'
        : !Number.isInteger(idleMs) || idleMs < least || idleMs > most
          ? `It sleeps after a whole number of milliseconds from ${least} to ${most}: ${idleMs}`
          : undefined;
  return message === undefined ? [] : [{ field: 'onDemand', message }];
}

function argumentProblems(args: readonly string[]): readonly Problem[] {
  const bytes = args.reduce((sum, argument) => sum + byteLength(argument) + 1, 0);
  if (args.some((argument) => argument.includes('\0'))) {
    return [{ field: 'args', message: 'An argument cannot have a NUL in it' }];
  }
  if (bytes <= limits.argumentBytes) return [];
  const message = `The arguments take ${bytes} bytes, at most ${limits.argumentBytes} are allowed`;
  return [{ field: 'args', message }];
}

function configProblems(config: Readonly<Record<string, string>>): readonly Problem[] {
  const files = Object.entries(config);
  const bytes = files.reduce((sum, [, text]) => sum + byteLength(text), 0);
  const wrong = files.find(([path]) => !path.startsWith('/') || path.includes('\0') || byteLength(path) > 255);
  const message = wrong
    ? `A file's path begins with a slash and has at most 255 bytes: "${wrong[0].slice(0, 80)}"`
    : files.length > limits.files
      ? `At most ${limits.files} files can be given: ${files.length}`
      : bytes > limits.fileBytes
        ? `Files can have ${limits.fileBytes} bytes together: ${bytes}`
        : undefined;
  return message === undefined ? [] : [{ field: 'config', message }];
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
