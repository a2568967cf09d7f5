import type { ContainerExit, ContainerHost, ContainerHosts, HostNews } from '../../api/container-host';
import type { Process } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { type Clock, delay } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError, toSandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import type { ContainerBook, ContainerEntry, ContainerRun } from './container-book';
import type { ContainerNetworks } from './container-networks';
import { containerSpec } from './container-spec';
import type { UserDatabase } from './container-user';
import { resolveUser } from './container-user';
import type { ContainerVolumes } from './container-volumes';
import { HealthMonitor } from './health-monitor';
import { healthPlan } from './health-state';
import { namespaceNeighbours } from './namespaces';
import { hostLabel } from './placement';
import type { PortBook } from './port-book';
import { wishedPorts } from './port-spec';
import { comesBack, nextRestart } from './restart-policy';
import { signalNumber } from './signal-number';
import { startFailure } from './start-failure';

/** A kernel that was told to kill does so at once; a host that is silent for so long is taken to be stuck. */
const killMs = 10_000;
/** What a host may take to tell how a process ended whose end is known, and its streams to end, milliseconds. */
const tellMs = 2000;
const usualGraceSeconds = 10;

export interface LifecycleOptions {
  readonly book: ContainerBook;
  readonly hosts: ContainerHosts;
  readonly networks: ContainerNetworks;
  readonly volumes: ContainerVolumes;
  readonly ports: PortBook;
  readonly clock: Clock;
  readonly event: (entry: ContainerEntry, action: string, attributes?: Readonly<Record<string, string>>) => void;
  /** `/etc/passwd` and `/etc/group` of the container as it is now, or as its image has them. */
  readonly users: (entry: ContainerEntry, host: ContainerHost) => Promise<UserDatabase>;
  /** Runs a health check. */
  readonly probe: (entry: ContainerEntry, argv: readonly string[]) => Promise<Process>;
  /** Of a container that is to go with its end. */
  readonly remove: (entry: ContainerEntry) => Promise<void>;
  /** What went wrong by itself: nobody had asked for anything. */
  readonly failed: (error: SandboxError) => void;
}

/** Brings containers to life and to their end, and acts by their policies. */
export class Lifecycle implements Disposable {
  readonly #options: LifecycleOptions;
  readonly #disposables = new DisposableStore();
  readonly #listeners = new Map<ContainerHost, Disposable>();
  /** How runs ended, by what their host says. */
  readonly #exits = new Map<string, Deferred<ContainerExit>>();
  readonly #pids = new Map<string, number>();
  /** Of containers about which it is not clear yet whether they go on after a reload. */
  readonly #recoveries = new Map<ContainerEntry, Promise<void>>();
  #disposed = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Follows the hosts, and comes back to what ran before a reload. */
  async open(): Promise<void> {
    const { hosts, book } = this.#options;
    this.#disposables.add(hosts.changed((running) => this.#followHosts(running)));
    this.#followHosts(hosts.hosts);
    for (const entry of book.entries()) {
      const recovery = this.#recover(entry).finally(() => this.#recoveries.delete(entry));
      this.#recoveries.set(entry, recovery);
    }
    await Promise.all(this.#recoveries.values());
  }

  /** Resolves when it is clear whether it runs: after a reload its host may take a while to come back. */
  async settled(entry: ContainerEntry): Promise<ContainerEntry> {
    await this.#recoveries.get(entry);
    return entry;
  }

  dispose(): void {
    this.#disposed = true;
    this.#disposables.dispose();
    for (const listener of this.#listeners.values()) listener.dispose();
    for (const exit of this.#exits.values()) exit.reject(new SandboxError('Canceled', 'The engine has ended'));
  }

  /** One after the other: what changes whether a container runs. */
  queue<T>(entry: ContainerEntry, work: () => Promise<T>): Promise<T> {
    const turn = entry.work.then(work, work);
    entry.work = turn.catch(() => undefined);
    return turn;
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
    return this.queue(entry, async () => {
      const { status } = entry.stored.state;
      if (status === 'paused') {
        throw new SandboxError('FailedPrecondition', 'cannot start a paused container, try unpause instead');
      }
      if (entry.removing) {
        throw new SandboxError('FailedPrecondition', 'container is marked for removal and cannot be started');
      }
      if (status === 'running') return false;
      this.#forgetRestart(entry);
      entry.pauseMs = 0;
      await this.#options.book.setState(entry, { stopped: false, restarts: 0 });
      await this.#launch(entry, operation);
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
    if (this.#forgetRestart(entry)) {
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
    const { book, event } = this.#options;
    const { config, state } = entry.stored;
    const run = entry.run;
    if (!run) {
      if (this.#forgetRestart(entry)) return book.setState(entry, { status: 'exited', stopped: true }, 'exited');
      throw new SandboxError(
        'FailedPrecondition',
        `cannot kill container: ${entry.stored.name}: container ${entry.id} is not running`,
      );
    }
    const ends = number === 9 || number === signalNumber(config.StopSignal ?? 'SIGTERM');
    if (ends) await book.setState(entry, { stopped: true });
    await this.#signal(entry, number);
    if (state.status === 'paused' && ends) await this.#resume(entry, run);
    event(entry, 'kill', { signal: String(number) });
    if (number === 9 && !(await endsWithin(this.#options.clock, run.over, killMs))) throw stuck(entry);
  }

  async restart(
    entry: ContainerEntry,
    options: { readonly signal?: string; readonly seconds?: number } = {},
  ): Promise<void> {
    await this.stop(entry, options);
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
    this.#forgetRestart(entry);
    if (entry.run) {
      await this.#options.book.setState(entry, { stopped: true });
      await this.#kill(entry, entry.run);
    }
  }

  async #launch(entry: ContainerEntry, operation?: Operation): Promise<void> {
    const { book, clock, ports, event } = this.#options;
    const { config, host: wishes } = entry.stored;
    let process: Process;
    let host: ContainerHost;
    ports.bind(
      entry.id,
      wishedPorts(wishes.PortBindings ?? {}, Object.keys(config.ExposedPorts ?? {}), wishes.PublishAllPorts ?? false),
    );
    const since = clock.monotonic();
    try {
      host = await this.place(entry, operation);
      const spec = containerSpec(entry.stored, await this.#facts(entry, host), consoleSize(wishes.ConsoleSize));
      this.#exits.set(entry.id, createDeferred());
      this.#pids.delete(entry.id);
      entry.oom = false;
      process = await host.run(spec, operation);
    } catch (error) {
      ports.release(entry.id);
      this.#exits.delete(entry.id);
      const failure = startFailure(toSandboxError(error));
      const status = entry.stored.state.status === 'created' ? 'created' : 'exited';
      const told = { status, exitCode: failure.code, error: failure.error.message } as const;
      await book.setState(entry, told, status === 'created' ? 'changed' : 'exited');
      throw failure.error;
    }
    await this.#began(entry, host, process, since);
    event(entry, 'start');
  }

  /** Writes down that it runs, and watches it. */
  async #began(entry: ContainerEntry, host: ContainerHost, process: Process, since: number, startedAt?: number) {
    const { book, clock } = this.#options;
    const exit = this.#exits.get(entry.id) ?? createDeferred<ContainerExit>();
    this.#exits.set(entry.id, exit);
    exit.promise.catch(() => undefined);
    entry.log.open();
    const streams = entry.hub.run(process);
    const began = startedAt ?? clock.now();
    const monitor = this.#monitor(entry, began);
    const over = this.#watch(entry, process, exit, streams);
    over.catch((error: unknown) => this.#options.failed(toSandboxError(error)));
    entry.run = { host, process, since, over, ...(monitor && { monitor }) };
    await book.setState(
      entry,
      {
        status: 'running',
        pid: this.#pids.get(entry.id) ?? entry.stored.state.pid,
        startedAt: began,
        exitCode: 0,
        error: '',
        oomKilled: false,
        process: process.id,
      },
      'started',
    );
  }

  /** Follows a run to its end, and does what follows from that. */
  async #watch(
    entry: ContainerEntry,
    process: Process,
    told: Deferred<ContainerExit>,
    streams: Promise<void>,
  ): Promise<void> {
    const exit = await this.#exitOf(process, told);
    if (this.#disposed) return;
    await endsWithin(this.#options.clock, streams, tellMs);
    await this.#ended(entry, exit);
  }

  async #exitOf(process: Process, told: Deferred<ContainerExit>): Promise<ContainerExit> {
    const { clock } = this.#options;
    const byProcess = process.exited.then(
      async (code): Promise<ContainerExit> => {
        // Its host knows more: whether memory was the reason.
        await endsWithin(clock, told.promise, tellMs);
        return { code, oomKilled: false, at: clock.now() };
      },
      async (error: unknown): Promise<ContainerExit> => {
        await endsWithin(clock, told.promise, tellMs);
        return lostExit(clock.now(), toSandboxError(error).message);
      },
    );
    return Promise.race([told.promise, byProcess]).catch(() => lostExit(clock.now(), 'The engine has ended'));
  }

  async #ended(entry: ContainerEntry, { code, oomKilled, error }: ContainerExit): Promise<void> {
    const { book, clock, ports, event, remove } = this.#options;
    const run = entry.run;
    const { state, host } = entry.stored;
    run?.monitor?.dispose();
    delete entry.run;
    this.#exits.delete(entry.id);
    ports.release(entry.id);
    const now = clock.now();
    const ranMs = run ? clock.monotonic() - run.since : 0;
    const pause = entry.removing
      ? undefined
      : nextRestart({
          policy: host.RestartPolicy,
          exitCode: code,
          restarts: state.restarts,
          ranMs,
          lastPauseMs: entry.pauseMs,
          stopped: state.stopped,
        });
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
    event(entry, 'die', { exitCode: String(code), execDuration: String(Math.round(ranMs / 1000)) });
    if (pause !== undefined) this.#scheduleRestart(entry, pause);
    else if (host.AutoRemove && !entry.removing) await remove(entry);
  }

  #scheduleRestart(entry: ContainerEntry, pauseMs: number): void {
    entry.pauseMs = pauseMs;
    entry.restart = this.#options.clock.after(pauseMs, () => {
      delete entry.restart;
      void this.queue(entry, () => this.#restartByPolicy(entry));
    });
  }

  async #restartByPolicy(entry: ContainerEntry): Promise<void> {
    const { book, failed } = this.#options;
    const { state, host } = entry.stored;
    if (this.#disposed || entry.removing || state.status !== 'restarting') return;
    try {
      await book.setState(entry, { restarts: state.restarts + 1 });
      await this.#launch(entry);
    } catch (error) {
      // It is tried again like one that ended at once.
      const { exitCode, stopped, restarts } = entry.stored.state;
      const lastPauseMs = entry.pauseMs;
      const policy = host.RestartPolicy;
      const pause = nextRestart({ policy, exitCode: exitCode || 128, restarts, ranMs: 0, lastPauseMs, stopped });
      if (pause === undefined) return failed(toSandboxError(error));
      await book.setState(entry, { status: 'restarting' });
      this.#scheduleRestart(entry, pause);
    }
  }

  #forgetRestart(entry: ContainerEntry): boolean {
    const waiting = entry.restart !== undefined;
    entry.restart?.dispose();
    delete entry.restart;
    if (waiting) entry.pauseMs = 0;
    return waiting;
  }

  /** Its host, with its root and its volumes on it. */
  async place(entry: ContainerEntry, operation?: Operation): Promise<ContainerHost> {
    const { hosts, networks, volumes, book } = this.#options;
    const { stored } = entry;
    const names = stored.mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount.volume] : []));
    const neighbour = namespaceNeighbours(stored).map((name) => book.find(name).stored.placed)[0];
    const wished = stored.placed ?? neighbour ?? stored.config.Labels?.[hostLabel];
    const named = wished ?? volumes.hostOf(names);
    const host =
      named === undefined
        ? await hosts.openOn(networks.labNamesOf(stored), operation)
        : await hosts.open(named, operation);
    this.#follow(host);
    if (stored.placed !== host.name) await book.update(entry, { placed: host.name });
    await host.createRoot(entry.id, { layers: stored.image.layers, writable: 'disk' }, operation);
    await volumes.place(names, host);
    return host;
  }

  async #facts(entry: ContainerEntry, host: ContainerHost) {
    const { networks, users, book } = this.#options;
    const { stored } = entry;
    const pids = new Map(
      namespaceNeighbours(stored).flatMap((name): readonly (readonly [string, number])[] => {
        const other = book.find(name);
        const pid = other.run?.host === host ? other.stored.state.pid : 0;
        return pid === 0 ? [] : [[name, pid]];
      }),
    );
    const nics = networks.nicsOf(stored);
    const resolver = networks.resolverOf(stored);
    const database = await users(entry, host);
    return {
      user: resolveUser(stored.config.User ?? '', database, stored.host.GroupAdd ?? []),
      nics,
      pids,
      files: {
        addresses: nics.map(({ address }) => address),
        nameServer: resolver?.nameServer,
        domain: resolver?.domain,
      },
    };
  }

  #monitor(entry: ContainerEntry, startedAt: number): HealthMonitor | undefined {
    const { clock, event, book, probe } = this.#options;
    const { config } = entry.stored;
    const plan = healthPlan(config.Healthcheck, config.Shell ?? ['/bin/sh', '-c']);
    delete entry.health;
    if (!plan) return undefined;
    const monitor = new HealthMonitor({
      plan,
      clock,
      startedAt,
      probe: (argv) => probe(entry, argv),
      changed: (health, before) => {
        entry.health = health;
        if (health.Status === before.Status) return;
        event(entry, `health_status: ${health.Status}`);
        book.touch(entry);
      },
    });
    entry.health = monitor.health;
    return monitor;
  }

  async #signal(entry: ContainerEntry, number: number): Promise<void> {
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

  #followHosts(running: readonly ContainerHost[]): void {
    for (const host of running) this.#follow(host);
    for (const [host, listener] of this.#listeners) {
      if (running.includes(host)) continue;
      listener.dispose();
      this.#listeners.delete(host);
      this.#lost(host, `The host ${host.name} has ended`);
    }
  }

  #follow(host: ContainerHost): void {
    if (this.#listeners.has(host) || this.#disposed) return;
    this.#listeners.set(
      host,
      host.news((news) => this.#hear(host, news)),
    );
  }

  #hear(host: ContainerHost, news: HostNews): void {
    const { book } = this.#options;
    if (news.kind === 'lost') {
      this.#lost(host, news.reason);
      return;
    }
    const entry = book.entries().find(({ id }) => id === news.id);
    if (!entry) return;
    if (news.kind === 'exited') this.#exits.get(news.id)?.resolve(news.exit);
    else if (news.kind === 'oom') entry.oom = true;
    else {
      this.#pids.set(news.id, news.pid);
      if (entry.run && entry.stored.state.pid !== news.pid) {
        book.setState(entry, { pid: news.pid }).catch((error) => this.#options.failed(toSandboxError(error)));
      }
    }
  }

  /** All that ran on it has ended, with the reason. */
  #lost(host: ContainerHost, reason: string): void {
    for (const entry of this.#options.book.entries()) {
      if (entry.run?.host !== host) continue;
      this.#exits.get(entry.id)?.resolve(lostExit(this.#options.clock.now(), reason));
    }
  }

  /** After a reload: what goes on is taken up again, what does not has ended, and the policies act. */
  async #recover(entry: ContainerEntry): Promise<void> {
    const { hosts, book, failed } = this.#options;
    const { state, host: wishes, placed } = entry.stored;
    const ran = state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
    try {
      if (placed !== undefined && (state.status === 'running' || state.status === 'paused')) {
        const host = await hosts.open(placed).catch(() => undefined);
        if (host && (await this.#takeUp(entry, host))) return;
      }
      if (!ran && !comesBack(wishes.RestartPolicy, false, state.stopped, state.exitCode)) return;
      if (ran) {
        const { process: _, ...rest } = state;
        const error = 'The page was closed or reloaded, and the host did not go on';
        const exit =
          state.status === 'restarting' ? {} : { exitCode: 255, error, finishedAt: this.#options.clock.now() };
        await book.update(entry, { state: { ...rest, ...exit, status: 'exited', pid: 0 } }, 'exited');
      }
      if (wishes.AutoRemove && ran) return await this.#options.remove(entry);
      const { exitCode, stopped } = entry.stored.state;
      if (!comesBack(wishes.RestartPolicy, ran, stopped, exitCode)) return;
      await this.queue(entry, async () => {
        await book.setState(entry, { status: 'restarting' });
        await this.#restartByPolicy(entry);
      });
    } catch (error) {
      failed(toSandboxError(error));
    }
  }

  async #takeUp(entry: ContainerEntry, host: ContainerHost): Promise<boolean> {
    const { book, clock, ports } = this.#options;
    const { process: name, startedAt = clock.now() } = entry.stored.state;
    const found = (await host.running()).get(entry.id);
    if (!found || name === undefined) return false;
    const process = await host.reattach(name).catch(() => undefined);
    if (!process) return false;
    this.#follow(host);
    this.#pids.set(entry.id, found.pid);
    const { config, host: wishes } = entry.stored;
    const exposed = Object.keys(config.ExposedPorts ?? {});
    ports.bind(entry.id, wishedPorts(wishes.PortBindings ?? {}, exposed, wishes.PublishAllPorts ?? false));
    await this.#began(entry, host, process, clock.monotonic() - (clock.now() - startedAt), startedAt);
    if (found.paused) await book.setState(entry, { status: 'paused' });
    return true;
  }
}

/** `FailedPrecondition` in docker's words. */
export function requireRunning(entry: ContainerEntry): ContainerRun {
  const { run, id } = entry;
  if (run) return run;
  throw new SandboxError('FailedPrecondition', `container ${id} is not running`);
}

function lostExit(at: number, reason: string): ContainerExit {
  return { code: 255, oomKilled: false, at, error: { code: 'Unavailable', message: reason, details: {} } };
}

function stuck({ id }: ContainerEntry): SandboxError {
  const message = `container ${id} does not end: its host has not answered for ${killMs / 1000} s`;
  return new SandboxError('Unavailable', message);
}

function consoleSize([rows, columns]: readonly number[] = []) {
  return rows && columns ? { rows, columns } : { rows: 24, columns: 80 };
}

/** Whether something comes to an end, well or not, before the time is over. */
async function endsWithin(clock: Clock, work: Promise<unknown>, ms: number): Promise<boolean> {
  const waiting = new AbortController();
  const ended = work.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([ended, delay(clock, ms, waiting.signal).then(() => false)]);
  waiting.abort();
  return result;
}
