import type { InstanceId } from '../api/instance';
import { type Clock, delay } from '../base/clock';
import { type SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle';
import type { SwitchClient } from '../network/switch-client';
import { isLive } from '../runtime/instance-state';
import type { Fleet } from './fleet';
import type { Entry } from './instance-record';
import type { Networks } from './networks';

export interface ActivatorOptions {
  readonly fleet: Fleet;
  readonly networks: Networks;
  readonly switch: SwitchClient;
  readonly clock: Clock;
  /** How long one that goes to sleep may take to make durable what it wrote, milliseconds. */
  readonly stopGraceMs: number;
}

/** Somebody wanted something of an instance that could not be started. */
export interface NotWoken {
  readonly name: string;
  readonly error: SandboxError;
}

/** One that lived for so long ends of something new. */
const soundMs = 10_000;

/** After the second failure in a row, doubled for each further one, up to the longest: connections are refused meanwhile. */
const firstPauseMs = 250;
const longestPauseMs = 30_000;

/** Between tries of one wake, doubled each time, as long as what is missing may come back (a store that is being restarted). */
const firstRetryMs = 250;
const longestRetryMs = 1000;

/** An instance on demand that has been started. */
interface Watch {
  readonly entry: Entry;
  readonly idleMs: number;
  readonly ports: readonly string[];
  /** Asks the switch whether it can sleep. */
  timer?: Disposable;
  /** Its ports sleep, and it is still to be stopped. */
  resting: boolean;
  /** Somebody wants something of it, since then on the clock. */
  wantedAt?: number;
  runningAt?: number;
  failures: number;
}

/**
 * Starts instances on demand when the switch says that somebody wants them, and stops them when it says that nobody does.
 * The switch decides, for it sees the frames: it lets the ports sleep first, and keeps from then on what comes for them, so
 * that nothing is lost however the end of one run and the wish for the next fall together.
 */
export class Activator implements Disposable {
  readonly #options: ActivatorOptions;
  readonly #watches = new Map<InstanceId, Watch>();
  readonly #byPort = new Map<string, Watch>();
  readonly #disposables = new DisposableStore();
  readonly #disposed = new AbortController();
  readonly #notWoken = new Emitter<NotWoken>();

  readonly notWoken: Event<NotWoken> = this.#notWoken.event;

  constructor(options: ActivatorOptions) {
    this.#options = options;
    const { fleet, switch: wire } = options;
    this.#disposables.add(fleet.changes(() => this.#follow()));
    this.#disposables.add(fleet.ended((entry) => this.#onEnded(entry)));
    this.#disposables.add(wire.wanted((port) => this.#onWanted(port)));
    this.#disposables.add(this.#notWoken);
    this.#disposables.add(toDisposable(() => this.#disposed.abort()));
  }

  /** Has it sleep and wake from now on, if it is one on demand. */
  arm(entry: Entry): void {
    const { id, spec } = entry.stored;
    const onDemand = spec.kind === 'unikernel' ? spec.onDemand : undefined;
    if (!onDemand || this.#watches.has(id)) return;
    const { idleMs } = onDemand;
    const watch: Watch = { entry, idleMs, ports: this.#options.networks.portsOf(id), resting: false, failures: 0 };
    this.#watches.set(id, watch);
    for (const port of watch.ports) this.#byPort.set(port, watch);
    entry.demand = { wakes: 0 };
    this.#layDown(entry);
    this.#options.fleet.touch();
  }

  /** It is not woken any more, and does not sleep. */
  disarm(entry: Entry): void {
    const watch = this.#watches.get(entry.instance.id);
    if (!watch) return;
    watch.timer?.dispose();
    this.#watches.delete(entry.instance.id);
    for (const port of watch.ports) this.#byPort.delete(port);
    delete entry.demand;
    // Those of one that runs go when it has ended.
    if (!isLive(entry.instance.state.phase)) this.#removePorts(entry);
    this.#options.fleet.touch();
  }

  /** It has another name. */
  renamed(entry: Entry): void {
    if (this.#watches.has(entry.instance.id)) this.#layDown(entry);
  }

  dispose(): void {
    for (const { timer } of this.#watches.values()) timer?.dispose();
    this.#watches.clear();
    this.#disposables.dispose();
  }

  #onWanted(port: string): void {
    const watch = this.#byPort.get(port);
    if (!watch) return;
    watch.wantedAt ??= this.#options.clock.monotonic();
    this.#attend(watch);
  }

  #follow(): void {
    for (const watch of this.#watches.values()) {
      const { phase } = watch.entry.instance.state;
      if (phase === 'running' && !watch.timer) {
        watch.runningAt = this.#options.clock.monotonic();
        if (!watch.resting) delete watch.wantedAt;
        this.#askAfter(watch, watch.idleMs);
      }
      this.#attend(watch);
    }
  }

  #askAfter(watch: Watch, ms: number): void {
    watch.timer = this.#options.clock.after(ms, () => void this.#askToSleep(watch));
  }

  async #askToSleep(watch: Watch): Promise<void> {
    delete watch.wantedAt;
    let waitMs: number | undefined = watch.idleMs;
    try {
      waitMs = await this.#options.switch.sleepPorts(watch.ports);
    } catch {
      // The switch is being restarted: later.
    }
    if (!watch.entry.demand) return;
    if (waitMs === undefined) watch.resting = true;
    // One that has ended meanwhile is asked about when it runs again.
    else if (watch.timer) this.#askAfter(watch, waitMs);
    this.#attend(watch);
  }

  /** Does what is to be done next, unless something is done already; then it is called again. */
  #attend(watch: Watch): void {
    const { entry } = watch;
    const { phase } = entry.instance.state;
    if (entry.task || entry.unasked) return;
    if (watch.resting && (phase === 'running' || phase === 'paused')) this.#run(entry, () => this.#rest(watch));
    else if (watch.wantedAt !== undefined && !isLive(phase)) this.#run(entry, () => this.#wake(watch));
  }

  #run(entry: Entry, work: () => Promise<void>): void {
    // At least one turn later, so that the entry knows of it before the work can change anything.
    const unasked = Promise.resolve()
      .then(work)
      .finally(() => {
        if (entry.unasked === unasked) delete entry.unasked;
        this.#options.fleet.touch();
      });
    entry.unasked = unasked;
  }

  async #rest({ entry }: Watch): Promise<void> {
    // One that ends by itself at this moment has what it was to have.
    await entry.instance.stop(this.#options.stopGraceMs).catch(() => {});
  }

  async #wake(watch: Watch): Promise<void> {
    const { clock } = this.#options;
    const { entry } = watch;
    const begun = watch.wantedAt ?? clock.monotonic();
    delete watch.wantedAt;
    try {
      await this.#start(entry);
    } catch (thrown) {
      this.#onNotWoken(watch, toSandboxError(thrown));
      return;
    }
    if (!entry.demand) return;
    entry.demand = { wakes: entry.demand.wakes + 1, lastWakeMs: clock.monotonic() - begun };
  }

  async #start({ instance, demand }: Entry): Promise<void> {
    const { clock } = this.#options;
    for (let pauseMs = firstRetryMs; ; pauseMs *= 2) {
      try {
        await instance.start();
        return;
      } catch (thrown) {
        const error = toSandboxError(thrown);
        if (error.code !== 'Unavailable' || pauseMs > longestRetryMs) throw error;
        await delay(clock, pauseMs, this.#disposed.signal);
        // Somebody has stopped it for good, or the lab is closed.
        if (this.#watches.get(instance.id)?.entry.demand !== demand) throw error;
      }
    }
  }

  #onNotWoken(watch: Watch, error: SandboxError): void {
    const { entry } = watch;
    if (!entry.demand) return;
    delete watch.wantedAt;
    watch.failures += 1;
    this.#refuse(watch);
    this.#notWoken.fire({ name: entry.stored.spec.name, error });
  }

  #onEnded(entry: Entry): void {
    const watch = this.#watches.get(entry.instance.id);
    if (!watch) {
      if (entry.stored.spec.kind === 'unikernel' && entry.stored.spec.onDemand) this.#removePorts(entry);
      return;
    }
    watch.timer?.dispose();
    delete watch.timer;
    watch.resting = false;
    // What we have begun is judged by how it went.
    if (entry.unasked || entry.task) return;
    const { phase, exit } = entry.instance.state;
    const livedMs = this.#options.clock.monotonic() - (watch.runningAt ?? 0);
    if (livedMs >= soundMs) watch.failures = 0;
    if (phase !== 'failed' && exit?.code === 0) return;
    watch.failures += 1;
    this.#refuse(watch);
  }

  /** Who waits is refused, and so is who comes in the time that failures in a row cost. */
  #refuse({ ports, failures }: Watch): void {
    const pauseMs = failures <= 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 2));
    for (const port of ports) this.#options.switch.refusePort(port, pauseMs).catch(() => {});
  }

  #layDown({ stored, instance }: Entry): void {
    if (isLive(instance.state.phase)) return;
    this.#options.networks.layDown(stored.id, stored.spec).catch((thrown: unknown) => {
      this.#notWoken.fire({ name: stored.spec.name, error: toSandboxError(thrown) });
    });
  }

  #removePorts({ stored }: Entry): void {
    this.#options.networks.detach(stored.id).catch(() => {});
  }
}
