import type { ContainerHost, ContainerHosts } from '../../api/container-host';
import type { Operation } from '../../api/operation';
import { SandboxError, toSandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { type ContainerEntry, type ContainerRun, requireStarted } from './container-book';
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

  /**
   * Asks it to end, and makes it end after that time; a negative one: never. False: it does not run. What is being started is
   * waited for, and ends then.
   */
  async stop(
    entry: ContainerEntry,
    { signal, seconds }: { readonly signal?: string; readonly seconds?: number } = {},
  ): Promise<boolean> {
    const { clock, book, event } = this.#options;
    const { config } = entry.stored;
    const number = signalNumber(signal ?? config.StopSignal ?? 'SIGTERM');
    const grace = seconds ?? config.StopTimeout ?? usualGraceSeconds;
    const asked = await inTurn(entry, async () => {
      if (await this.#giveUpRestart(entry)) return 'restarts no more';
      const { run } = entry;
      if (!run) return undefined;
      await book.setState(entry, { stopped: true });
      if (entry.stored.state.status === 'paused') await this.#resume(entry, run);
      await this.#signal(entry, run, number);
      return run;
    });
    if (asked === undefined) return false;
    if (asked !== 'restarts no more') {
      if (grace < 0) await asked.over;
      else if (!(await endsWithin(clock, asked.over, grace * 1000))) await this.#kill(entry, asked);
    }
    event(entry, 'stop');
    return true;
  }

  /** Of one that does not run: `FailedPrecondition`. */
  async kill(entry: ContainerEntry, signal = 'SIGKILL'): Promise<void> {
    const number = signalNumber(signal);
    const { book, clock } = this.#options;
    const run = await inTurn(entry, async () => {
      if (await this.#giveUpRestart(entry)) return undefined;
      const { config, state, name } = entry.stored;
      const { run } = entry;
      if (!run) {
        const message = `cannot kill container: ${name}: container ${entry.id} is not running`;
        throw new SandboxError('FailedPrecondition', message);
      }
      const ends = number === 9 || number === signalNumber(config.StopSignal ?? 'SIGTERM');
      if (ends) await book.setState(entry, { stopped: true });
      await this.#signal(entry, run, number);
      if (state.status === 'paused' && ends) await this.#resume(entry, run);
      return run;
    });
    if (run && number === 9 && !(await endsWithin(clock, run.over, killMs))) throw stuck(entry);
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
    await inTurn(entry, async () => {
      const { status } = entry.stored.state;
      const run = requireStarted(entry);
      if (status === 'paused') {
        throw new SandboxError('FailedPrecondition', `Container ${entry.id} is already paused`);
      }
      await run.host.pause(entry.id);
      await this.#options.book.setState(entry, { status: 'paused' });
    });
    this.#options.event(entry, 'pause');
  }

  async unpause(entry: ContainerEntry): Promise<void> {
    await inTurn(entry, async () => {
      const { run } = entry;
      if (!run || entry.stored.state.status !== 'paused') {
        throw new SandboxError('FailedPrecondition', `Container ${entry.id} is not paused`);
      }
      await this.#resume(entry, run);
    });
    this.#options.event(entry, 'unpause');
  }

  /** Ends it, whatever it does, and what would start it again. What is being started is waited for. */
  async end(entry: ContainerEntry): Promise<void> {
    entry.removing = true;
    const run = await inTurn(entry, async () => {
      this.#restarts.forget(entry);
      if (entry.run) await this.#options.book.setState(entry, { stopped: true });
      return entry.run;
    });
    if (run) await this.#kill(entry, run);
  }

  /** Whether it waited for its next start; it does not any more, and has been stopped. */
  async #giveUpRestart(entry: ContainerEntry): Promise<boolean> {
    if (!this.#restarts.forget(entry)) return false;
    await this.#options.book.setState(entry, { status: 'exited', stopped: true }, 'exited');
    return true;
  }

  /** What has ended in this moment hears nothing any more; its end is told elsewhere. */
  async #signal(entry: ContainerEntry, { host }: ContainerRun, number: number): Promise<void> {
    // Before it can end of it.
    this.#options.event(entry, 'kill', { signal: String(number) });
    await unlessEnded(host.kill(entry.id, number));
  }

  async #kill(entry: ContainerEntry, run: ContainerRun): Promise<void> {
    await inTurn(entry, async () => {
      // It has ended meanwhile, and somebody may have started it again.
      if (entry.run !== run) return;
      if (entry.stored.state.status === 'paused') await this.#resume(entry, run);
      await this.#signal(entry, run, 9);
    });
    if (!(await endsWithin(this.#options.clock, run.over, killMs))) throw stuck(entry);
  }

  async #resume(entry: ContainerEntry, { host }: ContainerRun): Promise<void> {
    await unlessEnded(host.resume(entry.id));
    await this.#options.book.setState(entry, { status: 'running' });
  }
}

/** Asked of what its host does not run any more: that is no error. */
async function unlessEnded(asked: Promise<void>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    const { code, message } = toSandboxError(error);
    // The runtime's words (images/oci-runtime/manage.c): a host that is paused fails by the same code.
    if (code !== 'NotFound' && !(code === 'FailedPrecondition' && message.endsWith('is not running'))) throw error;
  }
}

function stuck({ id }: ContainerEntry): SandboxError {
  const message = `container ${id} does not end: its host has not answered for ${killMs / 1000} s`;
  return new SandboxError('Unavailable', message);
}
