import type {
  ChosenHost,
  ContainerExit,
  ContainerHost,
  ContainerHosts,
  ContainerSpec,
  HostNews,
} from '../../api/container-host';
import type { Process } from '../../api/instance';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';

/** A container's first process without a machine: it ends when the test says so. */
interface ScriptedRun {
  readonly exited: Deferred<number>;
  readonly end: () => void;
}

/**
 * A host without a machine, for the engine's own rules where a real one cannot be brought to fail at will: when it is lost,
 * what it tells late or never, what it refuses. Real hosts run in the integration tests.
 */
export class ScriptedHost implements ContainerHost {
  readonly instance = 'scripted';
  readonly networks = ['default'];
  readonly #news = new Emitter<HostNews>();
  readonly news = this.#news.event;
  readonly runs = new Map<string, ScriptedRun>();
  /** As an earlier page has left it. */
  strays: ReadonlySet<string> = new Set();
  /** What was run, oldest first. */
  readonly specs: ContainerSpec[] = [];
  readonly signals: (readonly [id: string, signal: string | number])[] = [];
  /** What the next start is refused with. */
  refusal: SandboxError | undefined;
  /** Signals that end nothing. */
  ignores: ReadonlySet<number> = new Set();

  constructor(readonly name: string) {}

  async run(spec: ContainerSpec): Promise<Process> {
    if (this.refusal) throw this.refusal;
    this.specs.push(spec);
    return this.#process(spec.id);
  }

  /** A container ends by itself. `tells`: its host says so, with what it knows. */
  exit(id: string, code: number, tells: Partial<ContainerExit> | false = {}): void {
    const run = this.runs.get(id);
    this.runs.delete(id);
    if (tells) this.#news.fire({ kind: 'exited', id, exit: { code, oomKilled: false, at: 0, ...tells } });
    run?.end();
    run?.exited.resolve(code);
  }

  /** Says by which process a container runs. */
  tell(id: string, pid: number): void {
    this.#news.fire({ kind: 'started', id, pid });
  }

  /** The host ends with all that runs on it. */
  lose(reason: string): void {
    const error = new SandboxError('Unavailable', reason);
    const runs = [...this.runs.values()];
    this.runs.clear();
    this.#news.fire({ kind: 'lost', reason });
    for (const run of runs) {
      run.end();
      run.exited.reject(error);
    }
  }

  async kill(id: string, signal: string | number): Promise<void> {
    this.signals.push([id, signal]);
    if (this.runs.has(id) && !this.ignores.has(Number(signal))) this.exit(id, 128 + Number(signal));
  }

  async running(): Promise<ReadonlyMap<string, { readonly pid: number; readonly paused: boolean }>> {
    return new Map([...this.runs.keys()].map((id) => [id, { pid: 7, paused: false }]));
  }

  async reattach(process: string): Promise<Process> {
    if (!this.runs.has(process)) throw new SandboxError('NotFound', `No such program: ${process}`);
    return this.#process(process);
  }

  memory = async () => ({ totalBytes: 1, availableBytes: 1 });
  createRoot = async (): Promise<void> => undefined;
  /** Of whose containers the roots were taken away. */
  readonly removed: string[] = [];
  removeRoot = async (id: string): Promise<void> => void this.removed.push(id);
  rootBytes = async (): Promise<number> => 0;
  pause = async (): Promise<void> => undefined;
  resume = async (): Promise<void> => undefined;
  update = async (): Promise<void> => undefined;
  portOf = (network: string): string => `scripted-${network}/0`;
  connect = async (): Promise<void> => undefined;
  disconnect = async (): Promise<void> => undefined;
  createVolume = async (_name: string): Promise<void> => undefined;
  removeVolume = async (_name: string): Promise<void> => undefined;
  importVolume = async (): Promise<void> => undefined;
  exec: ContainerHost['exec'] = notHere;
  counters = notHere;
  processes: ContainerHost['processes'] = notHere;
  inspect: ContainerHost['inspect'] = notHere;
  changes = notHere;
  changesLayer = notHere;
  statPath = notHere;
  copyOut = notHere;
  exportRoot = notHere;
  copyIn = notHere;
  volumeBytes = notHere;
  exportVolume = notHere;

  #process(id: string): Process {
    const exited = createDeferred<number>();
    exited.promise.catch(() => undefined);
    const stream = () => new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    const [stdout, stderr] = [stream(), stream()];
    const end = (): void => {
      for (const { writable } of [stdout, stderr]) writable.close().catch(() => undefined);
    };
    this.runs.set(id, { exited, end });
    return {
      id,
      stdin: new WritableStream(),
      stdout: stdout.readable,
      stderr: stderr.readable,
      exited: exited.promise,
      resize: () => undefined,
      kill: () => undefined,
    };
  }
}

/** Hosts of which the test decides which run. */
export class ScriptedHosts implements ContainerHosts {
  readonly #changed = new Emitter<readonly ContainerHost[]>();
  readonly changed = this.#changed.event;
  readonly #removed = new Emitter<string>();
  readonly removed = this.#removed.event;
  readonly hosts: ScriptedHost[] = [];
  /** What a host takes to come up. */
  starting: Promise<void> = Promise.resolve();

  add(host: ScriptedHost): void {
    this.hosts.push(host);
    this.#changed.fire(this.hosts);
  }

  /** Those that are there, whether they run or not. */
  readonly known = new Set<string>();

  has(name: string): boolean {
    return this.known.has(name) || this.hosts.some((host) => host.name === name);
  }

  /** It ends. */
  lose(host: ScriptedHost, reason: string): void {
    this.hosts.splice(this.hosts.indexOf(host), 1);
    host.lose(reason);
    this.#changed.fire(this.hosts);
  }

  /** It ends, and is removed. */
  remove(host: ScriptedHost): void {
    this.lose(host, 'The machine was removed');
    this.known.delete(host.name);
    this.#removed.fire(host.name);
  }

  async open(name?: string): Promise<ContainerHost> {
    await this.starting;
    const found = this.hosts.find((host) => name === undefined || host.name === name);
    if (found) return found;
    throw new SandboxError('Unavailable', `The host ${name ?? ''} does not start`);
  }

  async openOn(): Promise<ChosenHost> {
    return { host: await this.open(), choice: { kind: 'only' } };
  }

  dispose(): void {
    this.#changed.dispose();
    this.#removed.dispose();
  }
}

async function notHere(): Promise<never> {
  throw new SandboxError('Unimplemented', 'Not in a scripted host');
}
