import type { ContainerExit, ContainerHost } from '../../api/container-host';
import type { Process } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { type SandboxError, toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerEntry, ContainerRun } from './container-book';
import type { ContainerDriver } from './container-driver';
import { type ContainerHealthOptions, monitorHealth } from './container-health';
import type { ContainerPorts } from './container-ports';
import { endsWithin } from './ends-within';
import { type HostWatch, lostExit } from './host-watch';
import { inTurn } from './in-turn';
import { refusedProgram } from './refused-program';
import type { Restarts } from './restarts';
import { startFailure } from './start-failure';

/** What a host may take to tell how a process ended whose end is known, and its streams to end, milliseconds. */
const tellMs = 2000;

export interface ContainerRunsOptions extends ContainerHealthOptions {
  /** By what their image is. */
  readonly drivers: Readonly<Record<'hosts' | 'unikernels', ContainerDriver>>;
  readonly watch: HostWatch;
  readonly restarts: Restarts;
  readonly ports: ContainerPorts;
  /** Has it on each of its networks. `NotFound` in docker's words. */
  readonly join: (entry: ContainerEntry) => Promise<void>;
  readonly event: (entry: ContainerEntry, action: string, attributes?: Readonly<Record<string, string>>) => void;
  /** Its networks and volumes are used from now on, or not any more. */
  readonly used: (entry: ContainerEntry, now: boolean) => void;
  /** Of a container that is to go with its end. */
  readonly remove: (entry: ContainerEntry) => Promise<void>;
  /** What went wrong by itself: nobody had asked for anything. */
  readonly failed: (error: SandboxError) => void;
}

/** Runs of containers, from their start to their end, and what follows from that. */
export class ContainerRuns implements Disposable {
  readonly #options: ContainerRunsOptions;
  #disposed = false;

  constructor(options: ContainerRunsOptions) {
    this.#options = options;
  }

  dispose(): void {
    this.#disposed = true;
  }

  driverOf({ stored }: ContainerEntry): ContainerDriver {
    const { drivers } = this.#options;
    return stored.image.unikernel ? drivers.unikernels : drivers.hosts;
  }

  /** What runs it, with its root and its volumes there. */
  async place(entry: ContainerEntry, operation?: Operation): Promise<ContainerHost> {
    const host = await this.driverOf(entry).place(entry, operation);
    this.#options.watch.follow(host);
    return host;
  }

  /** Has a host run it. What cannot be started is written down with the reason, in docker's words, and thrown. */
  async launch(entry: ContainerEntry, operation?: Operation): Promise<void> {
    entry.starting = true;
    try {
      await this.#launch(entry, operation);
    } finally {
      entry.starting = false;
    }
  }

  async #launch(entry: ContainerEntry, operation: Operation | undefined): Promise<void> {
    const { book, clock, ports, event, used, watch } = this.#options;
    let process: Process;
    let host: ContainerHost;
    let exit: Promise<ContainerExit>;
    const since = clock.monotonic();
    try {
      await this.#options.join(entry);
      await ports.publish(entry);
      host = await this.place(entry, operation);
      const spec = await this.driverOf(entry).spec(entry, host);
      exit = watch.expectExit(entry);
      entry.oom = false;
      process = await host.run(spec, operation).catch((error: unknown) => {
        const program = refusedProgram(toSandboxError(error), entry.id, entry.stored.config.Tty ?? false);
        if (!program) throw error;
        exit = Promise.resolve({ code: program.code, oomKilled: false, at: clock.now() });
        return program.process;
      });
    } catch (error) {
      ports.release(entry.id);
      watch.forgetExit(entry);
      const failure = startFailure(toSandboxError(error));
      const status = entry.stored.state.status === 'created' ? 'created' : 'exited';
      const told = { status, exitCode: failure.code, error: failure.error.message } as const;
      await book.setState(entry, told, status === 'created' ? 'changed' : 'exited');
      throw failure.error;
    }
    await this.#began(entry, { host, process, since }, exit);
    used(entry, true);
    event(entry, 'start');
  }

  /** Writes down that it runs, and watches it. */
  async #began(
    entry: ContainerEntry,
    { host, process, since }: Omit<ContainerRun, 'monitor' | 'over'>,
    exit: Promise<ContainerExit>,
    startedAt?: number,
  ): Promise<void> {
    const { book, clock, watch, failed } = this.#options;
    entry.log.open();
    const streams = entry.hub.run(process);
    const began = startedAt ?? clock.now();
    const monitor = monitorHealth(entry, began, this.#options);
    const over = this.#follow(entry, process, exit, streams);
    over.catch((error: unknown) => failed(toSandboxError(error)));
    entry.run = { host, process, since, over, ...(monitor && { monitor }) };
    await book.setState(
      entry,
      {
        status: 'running',
        pid: watch.pidOf(entry) ?? entry.stored.state.pid,
        startedAt: began,
        exitCode: 0,
        error: '',
        oomKilled: false,
        process: process.id,
      },
      'started',
    );
  }

  /** Takes up again what goes on since before a reload. False: it does not. */
  async takeUp(entry: ContainerEntry, host: ContainerHost): Promise<boolean> {
    const { book, clock, ports, watch } = this.#options;
    const { process: name, startedAt = clock.now() } = entry.stored.state;
    const found = (await host.running()).get(entry.id);
    if (!found) return false;
    const process = name === undefined ? undefined : await host.reattach(name).catch(() => undefined);
    if (!process) {
      // The host has gone back to an earlier run of it, which nobody knows.
      await host.kill(entry.id, 'SIGKILL').catch(() => undefined);
      return false;
    }
    watch.follow(host);
    const exit = watch.expectExit(entry, found.pid);
    await ports.publish(entry);
    const since = clock.monotonic() - (clock.now() - startedAt);
    await this.#began(entry, { host, process, since }, exit, startedAt);
    if (found.paused) await book.setState(entry, { status: 'paused' });
    return true;
  }

  /** Follows a run to its end, and does what follows from that. */
  async #follow(
    entry: ContainerEntry,
    process: Process,
    told: Promise<ContainerExit>,
    streams: Promise<void>,
  ): Promise<void> {
    const exit = await this.#exitOf(process, told);
    if (this.#disposed) return;
    await endsWithin(this.#options.clock, streams, tellMs);
    const goes = await inTurn(entry, () => this.#ended(entry, exit));
    if (goes) await this.#options.remove(entry);
  }

  async #exitOf(process: Process, told: Promise<ContainerExit>): Promise<ContainerExit> {
    const { clock } = this.#options;
    const byProcess = process.exited.then(
      async (code): Promise<ContainerExit> => {
        // Its host knows more: whether memory was the reason.
        await endsWithin(clock, told, tellMs);
        return { code, oomKilled: false, at: clock.now() };
      },
      async (error: unknown): Promise<ContainerExit> => {
        await endsWithin(clock, told, tellMs);
        return lostExit(clock.now(), toSandboxError(error).message);
      },
    );
    return Promise.race([told, byProcess]).catch(() => lostExit(clock.now(), 'The engine has ended'));
  }

  /** Whether it goes with its end. */
  async #ended(entry: ContainerEntry, { code, oomKilled, error }: ContainerExit): Promise<boolean> {
    const { book, clock, ports, event, used, watch, restarts } = this.#options;
    const run = entry.run;
    const { state, host } = entry.stored;
    run?.monitor?.dispose();
    delete entry.run;
    watch.forgetExit(entry);
    ports.release(entry.id);
    const now = clock.now();
    const ranMs = run ? clock.monotonic() - run.since : 0;
    const pause = entry.removing ? undefined : restarts.pauseAfter(entry, code, ranMs);
    const { process: _, ...rest } = state;
    await book.update(
      entry,
      {
        state: {
          ...rest,
          status: pause === undefined ? 'exited' : 'restarting',
          exitCode: code,
          error: error?.message ?? '',
          oomKilled: oomKilled || entry.oom,
          pid: 0,
          finishedAt: now,
        },
      },
      'exited',
    );
    entry.log.close();
    entry.hub.end();
    if (oomKilled || entry.oom) event(entry, 'oom');
    event(entry, 'die', { exitCode: String(code), execDuration: String(Math.floor(ranMs / 1000)) });
    used(entry, false);
    if (pause !== undefined) restarts.schedule(entry, pause);
    const goes = pause === undefined && (host.AutoRemove ?? false) && !entry.removing && !entry.restarting;
    if (goes) entry.removing = true;
    return goes;
  }
}
