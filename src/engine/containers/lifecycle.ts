import type { ContainerHost, ContainerHosts } from '../../api/container-host';
import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { type ContainerEntry, type ContainerRun, requireRunning } from './container-book';
import type { ContainerDriver } from './container-driver';
import { ContainerRuns, type ContainerRunsOptions } from './container-runs';
import { endsWithin } from './ends-within';
import { HostWatch } from './host-watch';
import { inTurn } from './in-turn';
import { Recoveries } from './recoveries';
import { Restarts } from './restarts';
import { signalNumber } from './signal-number';

/** A kernel that was told to kill does so at once; a host that is silent for so long is taken to be stuck. */
const killMs = 10_000;
const usualGraceSeconds = 10;

export interface LifecycleOptions extends Omit<ContainerRunsOptions, 'watch' | 'restarts'> {
  readonly hosts: ContainerHosts;
  /** What runs unikernels: always there, as it is no machine that could end. */
  readonly unikernelHost: ContainerHost;
}

/** Brings containers to life and to their end, and acts by their policies. */
export class Lifecycle implements Disposable {
  readonly #options: LifecycleOptions;
  readonly #disposables = new DisposableStore();
  readonly #watch: HostWatch;
  readonly #restarts: Restarts;
  readonly #runs: ContainerRuns;
  readonly #recoveries: Recoveries;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    const watch = this.#disposables.add(new HostWatch(options));
    const restarts = this.#disposables.add(new Restarts({ ...options, launch: (entry) => this.#runs.launch(entry) }));
    const runs = this.#disposables.add(new ContainerRuns({ ...options, watch, restarts }));
    this.#watch = watch;
    this.#restarts = restarts;
    this.#runs = runs;
    this.#recoveries = new Recoveries({ ...options, runs, restarts });
  }

  /** Follows the hosts, and comes back to what ran before a reload. */
  async open(): Promise<void> {
    this.#watch.open();
    await this.#recoveries.open();
  }

  /** Resolves when it is clear whether it runs: after a reload its host may take a while to come back. */
  async settled(entry: ContainerEntry): Promise<ContainerEntry> {
    await this.#recoveries.settled(entry);
    return entry;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  driverOf(entry: ContainerEntry): ContainerDriver {
    return this.#runs.driverOf(entry);
  }

  /** What runs it, with its root and its volumes there. */
  place(entry: ContainerEntry, operation?: Operation): Promise<ContainerHost> {
    return this.#runs.place(entry, operation);
  }

  /** False: it runs already. What is to go with its end, and never began, goes as well. */
  async start(entry: ContainerEntry, operation?: Operation): Promise<boolean> {
    try {
      return await this.#start(entry, operation);
    } catch (error) {
      if (entry.stored.host.AutoRemove && !entry.run && !entry.removing) await this.#options.remove(entry);
      throw error;
    }
  }

  #start(entry: ContainerEntry, operation?: Operation): Promise<boolean> {
    return inTurn(entry, async () => {
      const { status, stopped, restarts } = entry.stored.state;
      if (status === 'paused') {
        throw new SandboxError('FailedPrecondition', 'cannot start a paused container, try unpause instead');
      }
      if (entry.removing) {
        throw new SandboxError('FailedPrecondition', 'container is marked for removal and cannot be started');
      }
      if (status === 'running') return false;
      this.#restarts.forget(entry);
      entry.pauseMs = 0;
      if (stopped || restarts > 0) await this.#options.book.setState(entry, { stopped: false, restarts: 0 });
      await this.#runs.launch(entry, operation);
      return true;
    });
  }

  /** Asks it to end, and makes it end after that time; a negative one: never. False: it does not run. */
  async stop(
    entry: ContainerEntry,
    { signal, seconds }: { readonly signal?: string; readonly seconds?: number } = {},
  ): Promise<boolean> {
    const { clock, book } = this.#options;
    const { config, state } = entry.stored;
    if (this.#restarts.forget(entry)) {
      await book.setState(entry, { status: 'exited', stopped: true }, 'exited');
      return true;
    }
    const run = entry.run;
    if (!run) return false;
    const grace = seconds ?? config.StopTimeout ?? usualGraceSeconds;
    await book.setState(entry, { stopped: true });
    if (state.status === 'paused') await this.#resume(entry, run);
    await this.#signal(entry, signalNumber(signal ?? config.StopSignal ?? 'SIGTERM'));
    if (grace < 0) await run.over;
    else if (!(await endsWithin(clock, run.over, grace * 1000))) await this.#kill(entry, run);
    this.#options.event(entry, 'stop');
    return true;
  }

  /** Of one that does not run: `FailedPrecondition`. */
  async kill(entry: ContainerEntry, signal = 'SIGKILL'): Promise<void> {
    const number = signalNumber(signal);
    const { book } = this.#options;
    const { config, state } = entry.stored;
    const run = entry.run;
    if (!run) {
      if (this.#restarts.forget(entry)) return book.setState(entry, { status: 'exited', stopped: true }, 'exited');
      throw new SandboxError(
        'FailedPrecondition',
        `cannot kill container: ${entry.stored.name}: container ${entry.id} is not running`,
      );
    }
    const ends = number === 9 || number === signalNumber(config.StopSignal ?? 'SIGTERM');
    if (ends) await book.setState(entry, { stopped: true });
    await this.#signal(entry, number);
    if (state.status === 'paused' && ends) await this.#resume(entry, run);
    if (number === 9 && !(await endsWithin(this.#options.clock, run.over, killMs))) throw stuck(entry);
  }

  async restart(
    entry: ContainerEntry,
    options: { readonly signal?: string; readonly seconds?: number } = {},
  ): Promise<void> {
    entry.restarting = true;
    try {
      await this.stop(entry, options);
    } finally {
      entry.restarting = false;
    }
    await this.start(entry);
    this.#options.event(entry, 'restart');
  }

  async pause(entry: ContainerEntry): Promise<void> {
    const run = requireRunning(entry);
    if (entry.stored.state.status === 'paused') {
      throw new SandboxError('FailedPrecondition', `Container ${entry.stored.name} is already paused`);
    }
    await run.host.pause(entry.id);
    await this.#options.book.setState(entry, { status: 'paused' });
    this.#options.event(entry, 'pause');
  }

  async unpause(entry: ContainerEntry): Promise<void> {
    const run = requireRunning(entry);
    if (entry.stored.state.status !== 'paused') {
      throw new SandboxError('FailedPrecondition', `Container ${entry.stored.name} is not paused`);
    }
    await this.#resume(entry, run);
    this.#options.event(entry, 'unpause');
  }

  /** Ends it, whatever it does, and what would start it again. */
  async end(entry: ContainerEntry): Promise<void> {
    entry.removing = true;
    this.#restarts.forget(entry);
    if (entry.run) {
      await this.#options.book.setState(entry, { stopped: true });
      await this.#kill(entry, entry.run);
    }
  }

  async #signal(entry: ContainerEntry, number: number): Promise<void> {
    // Before it can end of it.
    if (entry.run) this.#options.event(entry, 'kill', { signal: String(number) });
    try {
      await entry.run?.host.kill(entry.id, number);
    } catch (error) {
      // It may have ended in this moment; that is told elsewhere.
      if (!(error instanceof SandboxError) || error.code !== 'NotFound') throw error;
    }
  }

  async #kill(entry: ContainerEntry, run: ContainerRun): Promise<void> {
    if (entry.stored.state.status === 'paused') await this.#resume(entry, run);
    await this.#signal(entry, 9);
    if (!(await endsWithin(this.#options.clock, run.over, killMs))) throw stuck(entry);
  }

  async #resume(entry: ContainerEntry, { host }: ContainerRun): Promise<void> {
    await host.resume(entry.id);
    await this.#options.book.setState(entry, { status: 'running' });
  }
}

function stuck({ id }: ContainerEntry): SandboxError {
  const message = `container ${id} does not end: its host has not answered for ${killMs / 1000} s`;
  return new SandboxError('Unavailable', message);
}
