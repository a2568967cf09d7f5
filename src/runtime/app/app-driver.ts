import type { AppFile, AppSource, AppSpec } from '../../api/app';
import type {
  InstanceAbility,
  InstanceDriver,
  InstanceId,
  InstanceResources,
  InstanceSpec,
  Problem,
} from '../../api/instance';
import type { NicAttachment } from '../../api/network';
import type { Operation } from '../../api/operation';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { SpawnWorker } from '../../rpc/worker-handle';
import { isLive } from '../instance-state';
import { assertName, invalidSpec, nameProblem } from '../spec-problems';
import type { Supervisor } from '../supervisor';
import { AppInstance, type PreparedProgram } from './app-instance';
import type { AppService } from './app-protocol';
import { chooseWaiting } from './choose-waiting';
import type { Waiting } from './program-terminal';

/** What an app can be given. */
export const appLimits = {
  memoryMiB: { least: 1, most: 1024 },
  /** Bytes of all arguments, each with its NUL, and of the environment. */
  argumentBytes: 128 * 1024,
  files: 256,
  fileBytes: 64 * 1024 * 1024,
  pathBytes: 1024,
  /** At once. Each has a thread, and takes gigabytes of addresses whatever its size. */
  running: 16,
} as const;

/** Loading a worker's script and beginning a program: a browser that is busy takes seconds. */
const usualBeginMs = 20_000;

export interface WasixOptions {
  /** Script of the threads that such a program runs in. */
  readonly threadsUrl: string;
  /** The module of the networks' gateways, whose TCP/IP stack it gets. `NotFound` where there is none. */
  readonly loadStack: () => Promise<WebAssembly.Module>;
}

export interface AppDriverOptions {
  readonly source: AppSource;
  readonly spawn: SpawnWorker;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** What the memory of all apps together may grow to. */
  readonly memoryBudgetMiB: number;
  /** Whether memory can be shared with workers: the page is cross-origin isolated. */
  readonly isolated: boolean;
  /** What programs of WASIX need beside that. Without, there are none. */
  readonly wasix?: WasixOptions;
  /** How long it may take until a program has begun, milliseconds; what follows is another try. 20 s when absent. */
  readonly beginMs?: number;
  /** How programs wait; the best way that there is when absent. */
  readonly waiting?: Waiting;
}

export interface AppDriver extends InstanceDriver {
  create(spec: InstanceSpec, resources?: InstanceResources, id?: InstanceId): AppInstance;
}

export function createAppDriver(options: AppDriverOptions): AppDriver {
  return new Driver(options);
}

class Driver implements AppDriver {
  readonly kind = 'app';
  readonly #waiting: Waiting;
  readonly #options: AppDriverOptions;
  readonly #instances = new Set<AppInstance>();

  constructor(options: AppDriverOptions) {
    this.#options = options;
    this.#waiting = options.waiting ?? chooseWaiting(options.isolated);
  }

  abilities(): ReadonlySet<InstanceAbility> {
    return new Set();
  }

  check(spec: InstanceSpec): readonly Problem[] {
    const problems = specProblems(asApp(spec));
    return problems.length > 0 ? problems : this.#roomProblems(spec.memoryMiB);
  }

  create(spec: InstanceSpec, surroundings?: InstanceResources, id = toHex(this.#options.randomBytes(6))): AppInstance {
    const app = asApp(spec);
    const [problem] = specProblems(app);
    if (problem) throw invalidSpec(problem);
    const { beginMs = usualBeginMs, clock, spawn, supervisor } = this.#options;
    const instance: AppInstance = new AppInstance(id, app, {
      clock,
      beginMs,
      prepare: (current, operation) => this.#prepare(current, surroundings, operation),
      spawn: (name) => supervisor.spawn<AppService>(spawn, name),
      assertRoom: () => {
        const [lack] = this.#roomProblems(app.memoryMiB, instance);
        if (lack) throw new SandboxError('ResourceExhausted', lack.message, { details: { memoryMiB: app.memoryMiB } });
      },
      assertName,
      disposed: () => this.#instances.delete(instance),
    });
    this.#instances.add(instance);
    return instance;
  }

  async #prepare(
    spec: AppSpec,
    surroundings: InstanceResources | undefined,
    operation: Operation,
  ): Promise<PreparedProgram> {
    const { source } = this.#options;
    const [program, given, { checkProgram }] = await Promise.all([
      source.loadApp(spec.image, operation),
      source.loadFiles(spec.files),
      // Not before somebody runs a program.
      import('./check-program'),
    ]);
    const checked = await checkProgram(new Uint8Array(program), spec.memoryMiB);
    const files = given.map((bytes, index) => ({ path: spec.files[index]?.path ?? '', bytes: new Uint8Array(bytes) }));
    const common = { args: [programName(spec.image), ...spec.args], env: spec.env, files };
    if (checked.flavor === 'wasi') {
      const { module } = checked;
      return { request: { flavor: 'wasi', module, waiting: this.#waiting, ...common }, nic: undefined };
    }
    const { threadsUrl, loadStack } = this.#wasix();
    const [stack, nics] =
      spec.nics?.length === 0 || !surroundings ? [] : await Promise.all([loadStack(), surroundings.attachNics()]);
    const [nic] = nics ?? [];
    const request = { flavor: 'wasix', program: checked.bytes, threadsUrl, ...common } as const;
    return { request: { ...request, ...(stack && nic && { nic: { ...cableOf(nic), stack } }) }, nic };
  }

  #wasix(): WasixOptions {
    const { isolated, wasix } = this.#options;
    if (wasix && isolated) return wasix;
    const message =
      'A program of WASIX needs memory that threads share, and the page is not cross-origin isolated: open it in a tab of its own, from a server that sends its headers';
    throw new SandboxError('Unimplemented', message);
  }

  /** `except` is counted as what it will be, not as what it is. */
  #roomProblems(memoryMiB: number, except?: AppInstance): readonly Problem[] {
    const { memoryBudgetMiB } = this.#options;
    const others = [...this.#instances].filter((each) => each !== except && isLive(each.state.phase));
    if (others.length >= appLimits.running) {
      return [{ field: 'count', message: `${appLimits.running} apps run already, the most there can be: stop one` }];
    }
    const inUse = others.reduce((sum, { spec }) => sum + spec.memoryMiB, 0);
    if (inUse + memoryMiB <= memoryBudgetMiB) return [];
    const free = Math.max(0, memoryBudgetMiB - inUse);
    const message = `Not enough memory for one more app: it may grow to ${memoryMiB} MiB, ${free} of ${memoryBudgetMiB} MiB are free; stop another one or choose less`;
    return [{ field: 'memoryMiB', message }];
  }
}

/** What the program finds as its own name: that of the file it was. */
function programName(image: string): string {
  return image.split('@')[0]?.split('/').at(-1) ?? image;
}

/** What of an attachment goes to the app's worker. */
function cableOf({ mac, mtu, port, address, prefixLength, gateway }: NicAttachment) {
  return { mac, mtu, port, address, prefixLength, ...(gateway && { gateway }) };
}

function asApp(spec: InstanceSpec): AppSpec {
  if (spec.kind === 'app') return spec;
  throw new SandboxError('InvalidArgument', `The driver of apps makes no ${spec.kind}`);
}

function specProblems({
  name,
  image,
  args,
  env,
  files,
  memoryMiB,
  nics = [],
  disks = [],
}: AppSpec): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, message: string): void => void problems.push({ field, message });
  const wrongName = nameProblem(name);
  if (wrongName) problems.push(wrongName);
  if (image === '') add('image', 'An app needs an image: the reference of its program');
  const { least, most } = appLimits.memoryMiB;
  if (!Number.isInteger(memoryMiB) || memoryMiB < least || memoryMiB > most) {
    add('memoryMiB', `Memory must be a whole number of MiB from ${least} to ${most}: ${memoryMiB}`);
  }
  if (nics.length > 1) add('nics', `An app has at most one network card: ${nics.length}`);
  if (disks.length > 0) add('disks', 'An app has no disks: give it files');
  const texts = [...args, ...env];
  if (texts.some((text) => text.includes('\0'))) add('args', 'An argument cannot have a NUL in it');
  const unnamed = env.find((text) => !/^[^=]+=/.test(text));
  if (unnamed !== undefined) add('env', `A variable of the environment is NAME=value: "${unnamed.slice(0, 80)}"`);
  const bytes = texts.reduce((sum, text) => sum + byteLength(text) + 1, 0);
  if (bytes > appLimits.argumentBytes) {
    const message = `Arguments and environment take ${bytes} bytes, at most ${appLimits.argumentBytes} are allowed`;
    add('args', message);
  }
  return [...problems, ...fileProblems(files)];
}

function fileProblems(files: readonly AppFile[]): readonly Problem[] {
  const wrong = files.find(({ path }) => !isFilePath(path));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const message = wrong
    ? `Not the path of a file: "${wrong.path.slice(0, 80)}"; it has no "..", and at most ${appLimits.pathBytes} bytes`
    : files.length > appLimits.files
      ? `At most ${appLimits.files} files can be given: ${files.length}`
      : bytes > appLimits.fileBytes
        ? `Files can have ${appLimits.fileBytes} bytes together: ${bytes}`
        : undefined;
  return message === undefined ? [] : [{ field: 'files', message }];
}

function isFilePath(path: string): boolean {
  const steps = path.split('/');
  const last = steps.at(-1) ?? '';
  const isName = last !== '' && last !== '.' && steps.every((step) => step !== '..' && byteLength(step) <= 255);
  return isName && !path.includes('\0') && byteLength(path) <= appLimits.pathBytes;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
