import type { ContainerExit, ContainerId, ContainerSpec, HostNews } from '../../api/container-host';
import type { Instance, Process, TerminalSize } from '../../api/instance';
import type { OciProcess } from '../../api/oci-runtime';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError, serializeError, throwIfAborted, toSandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { withTimeout } from '../../base/timeout';
import type { HostAccess } from './host-access';
import { containerPaths } from './host-paths';
import type { HostRuntime } from './host-runtime';
import type { RuntimeEvent, RuntimeState } from './runtime-protocol';

/** Exit code for a container whose end nobody saw. */
const unseenExitCode = 255;

/** A kernel that was told to kill does so at once. */
const killMs = 10_000;

/** What happens to one container. */
export type ContainerNews = Exclude<HostNews, { readonly kind: 'lost' }>;

export interface ContainerProcessesOptions {
  readonly instance: Pick<Instance, 'spec' | 'exec' | 'programs' | 'reattach'>;
  readonly runtime: Pick<HostRuntime, 'events' | 'resumed' | 'list'>;
  readonly access: Pick<HostAccess, 'assertOpen' | 'call'>;
  readonly clock: Clock;
  /** Makes all that the first process has to find. */
  readonly prepare: (spec: ContainerSpec, operation: Operation) => Promise<void>;
  readonly tell: (news: ContainerNews) => void;
}

/** What runs in a host's containers, and what the runtime tells of it. */
export class ContainerProcesses implements Disposable {
  readonly #options: ContainerProcessesOptions;
  readonly #disposables = new DisposableStore();
  /** Of containers that run: the first process, in the host's pid namespace. */
  readonly #pids = new Map<ContainerId, number>();
  /** Of those that an earlier page has left and nobody has come back to: settled with their end. */
  readonly #strays = new Map<ContainerId, Deferred<void>>();
  /** Strays that end because they are run anew. */
  readonly #superseded = new Set<ContainerId>();
  readonly #starting = new Map<ContainerId, Deferred<void>>();
  /** Programs that are about to join a container, by the names that they have for the runtime. */
  readonly #joining = new Map<string, Deferred<void>>();
  #execs = 0;

  constructor(options: ContainerProcessesOptions) {
    const { runtime } = options;
    this.#options = options;
    this.#disposables.add(runtime.events((event) => this.#hear(event)));
    this.#disposables.add(runtime.resumed((states) => this.#catchUp(states)));
  }

  /** Whether a container runs, or is being started. */
  get busy(): boolean {
    return this.#pids.size > 0 || this.#starting.size > 0;
  }

  /** Learns what an earlier page has left running. */
  async restore(): Promise<void> {
    for (const { id, pid } of (await this.#options.runtime.list()).filter(isAlive)) {
      const ended = createDeferred<void>();
      ended.promise.catch(() => {});
      this.#strays.set(id, ended);
      this.#pids.set(id, pid);
    }
  }

  /** Those that an earlier page has left running and nobody has come back to. */
  get strays(): ReadonlySet<ContainerId> {
    return new Set(this.#strays.keys());
  }

  /** Of the container's first process; undefined where it does not run. */
  findPid(id: ContainerId): number | undefined {
    return this.#pids.get(id);
  }

  /** `NotFound` where it does not run. */
  pidOf(id: ContainerId): number {
    const { access, instance } = this.#options;
    access.assertOpen();
    const pid = this.#pids.get(id);
    if (pid !== undefined) return pid;
    throw new SandboxError('NotFound', `The container ${id} is not running on ${instance.spec.name}`);
  }

  assertRuns(id: ContainerId): void {
    this.pidOf(id);
  }

  /** Those that run, as the runtime says. */
  async list(): Promise<readonly RuntimeState[]> {
    this.#options.access.assertOpen();
    return (await this.#options.runtime.list()).filter(isAlive);
  }

  /** Runs a container's first process; resolves when it runs. `before`: what its launcher is to be run by. */
  async run(spec: ContainerSpec, operation: Operation, before: readonly string[] = []): Promise<Process> {
    const { id } = spec;
    await this.#endStray(id);
    if (this.#pids.has(id) || this.#starting.has(id)) {
      throw new SandboxError('FailedPrecondition', `The container ${id} is running already`);
    }
    const started = createDeferred<void>();
    this.#starting.set(id, started);
    started.promise.catch(() => {});
    try {
      await this.#options.prepare(spec, operation);
      throwIfAborted(operation.signal);
      const argv = [...before, 'strata-oci', 'run', '--bundle', containerPaths(id).bundle, id];
      const process = await this.#launch(argv, spec.config.process.terminal ? spec.terminal : undefined);
      this.#follow(id, process);
      await this.#untilStarted(started, process, operation.signal);
      return process;
    } finally {
      this.#starting.delete(id);
    }
  }

  /** Runs a further process in a container. */
  async exec(id: ContainerId, process: OciProcess, terminal: TerminalSize | undefined): Promise<Process> {
    this.assertRuns(id);
    this.#execs += 1;
    const name = `exec-${this.#execs}`;
    const joined = createDeferred<void>();
    this.#joining.set(name, joined);
    joined.promise.catch(() => {});
    try {
      const argv = ['strata-oci', 'exec', '--json', JSON.stringify(process), '--exec-id', name, id];
      const launched = await this.#launch(argv, process.terminal ? terminal : undefined);
      await this.#untilStarted(joined, launched, undefined);
      return launched;
    } finally {
      this.#joining.delete(name);
    }
  }

  /** Comes back to what an earlier page has run. */
  async reattach(process: string): Promise<Process> {
    const { access, instance } = this.#options;
    access.assertOpen();
    const program = (await instance.programs()).find(({ id }) => id === process);
    const attached = await instance.reattach(process);
    const [, command, , , id] = program?.argv ?? [];
    if (command === 'run' && id !== undefined) this.#follow(id, attached);
    return attached;
  }

  /** Whatever is being started is not waited for any more. */
  abandonStarts(reason: SandboxError): void {
    const waiting = [...this.#starting.values(), ...this.#joining.values(), ...this.#strays.values()];
    for (const each of waiting) each.reject(reason);
  }

  /** All of them have ended with their host, which is told of the host and not of each. */
  end(reason: SandboxError): void {
    this.abandonStarts(reason);
    this.#pids.clear();
    this.#strays.clear();
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Whoever runs it anew knows of no earlier run that goes on: the host has gone back to a moment before that one's end. */
  async #endStray(id: ContainerId): Promise<void> {
    const ended = this.#strays.get(id);
    if (!ended) return;
    const { access, clock } = this.#options;
    this.#superseded.add(id);
    try {
      await access.call('kill', { container: id, signal: 'SIGKILL' }).catch((error: unknown) => {
        // It may have ended by itself meanwhile.
        if (this.#strays.has(id)) throw error;
      });
      await withTimeout(clock, killMs, `The earlier run of the container ${id} does not end`, ended.promise);
    } finally {
      this.#superseded.delete(id);
    }
  }

  async #launch(argv: readonly string[], terminal: TerminalSize | undefined): Promise<Process> {
    const { access, instance } = this.#options;
    access.assertOpen();
    return instance.exec({ argv, cwd: '/', ...(terminal && { terminal }) });
  }

  async #untilStarted(started: Deferred<void>, process: Process, signal: AbortSignal | undefined): Promise<void> {
    const { exited, stdin, stdout, stderr } = process;
    const cancel = (): void => {
      process.kill('SIGKILL');
      started.reject(new SandboxError('Canceled', 'Canceled while the container started'));
    };
    signal?.addEventListener('abort', cancel, { once: true });
    // The launcher may have gone without a word, or its word with a runtime that was started again.
    const unsaid = exited.then(
      async (code) => {
        await this.#options.runtime.list().catch(() => undefined);
        throw new SandboxError('Internal', `The program did not start: its launcher ended with ${code}`);
      },
      (error: unknown) => {
        throw toSandboxError(error);
      },
    );
    try {
      await Promise.race([started.promise, unsaid]);
    } catch (error) {
      for (const stream of [stdout, stderr]) stream.cancel().catch(() => {});
      stdin.abort().catch(() => {});
      throw error;
    } finally {
      unsaid.catch(() => {});
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** When the launcher has ended, so has the container, even if no event said so. */
  #follow(id: ContainerId, process: Process): void {
    const { runtime, clock } = this.#options;
    this.#forgetStray(id);
    process.exited.then(
      async (code) => {
        // What happened before is told before this answer.
        await runtime.list().catch(() => undefined);
        if (this.#pids.has(id)) this.#exited(id, { code, oomKilled: false, at: clock.now() });
      },
      () => {},
    );
  }

  #hear(event: RuntimeEvent): void {
    const { container: id } = event;
    switch (event.event) {
      case 'started':
        this.#started(id, event.pid);
        break;
      case 'failed':
        if (event.exec === undefined) this.#starting.get(id)?.reject(startFailure(event.code, event.message));
        else this.#joining.get(event.exec)?.reject(startFailure(event.code, event.message));
        break;
      case 'executed':
        this.#joining.get(event.exec)?.resolve();
        break;
      case 'exited':
        if (this.#pids.has(id)) {
          this.#exited(id, { code: event.code ?? unseenExitCode, oomKilled: event.oomKilled, at: event.at });
        }
        break;
      case 'oom':
        this.#options.tell({ kind: 'oom', id });
    }
  }

  #started(id: ContainerId, pid: number): void {
    this.#pids.set(id, pid);
    this.#options.tell({ kind: 'started', id, pid });
    this.#starting.get(id)?.resolve();
  }

  #exited(id: ContainerId, exit: ContainerExit): void {
    this.#pids.delete(id);
    this.#forgetStray(id);
    // Whoever waits for the end of the run that follows would take it for that.
    if (!this.#superseded.has(id)) this.#options.tell({ kind: 'exited', id, exit });
  }

  #forgetStray(id: ContainerId): void {
    this.#strays.get(id)?.resolve();
    this.#strays.delete(id);
  }

  /** The runtime was started again: what has begun and ended meanwhile is told now. */
  #catchUp(states: readonly RuntimeState[]): void {
    const alive = new Map(states.filter(isAlive).map(({ id, pid }) => [id, pid]));
    const error = new SandboxError('Unavailable', 'It ended while the container runtime was started again');
    const exit = {
      code: unseenExitCode,
      oomKilled: false,
      at: this.#options.clock.now(),
      error: serializeError(error),
    };
    for (const id of [...this.#pids.keys()]) if (!alive.has(id)) this.#exited(id, exit);
    // Nobody says any more whether these have begun; those that have not end, with the reason on their stderr.
    for (const joined of this.#joining.values()) joined.resolve();
    for (const [id, pid] of alive) if (!this.#pids.has(id)) this.#started(id, pid);
  }
}

function isAlive({ status }: RuntimeState): boolean {
  return status === 'running' || status === 'paused';
}

/** In the runtime's own words, with docker's exit code for it. */
function startFailure(exitCode: number, message: string): SandboxError {
  const code = exitCode === 127 ? 'NotFound' : exitCode === 126 ? 'FailedPrecondition' : 'Internal';
  return new SandboxError(code, message, { details: { exitCode } });
}
