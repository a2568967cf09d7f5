import type { GuardedStation, PortSpec } from '../api/network';
import type { Clock } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import { withTimeout } from '../base/timeout';
import { type Remote, transfer } from '../rpc/control';
import type { SwitchService } from './switch-service';

/** A worker that serves a switch; what the supervisor starts fits. */
export interface SwitchWorker {
  readonly remote: Remote<SwitchService>;
  /** Aborted when the worker is gone. */
  readonly lost: AbortSignal;
  /** From now on the worker counts as lost when it does not answer. */
  watch(): void;
  terminate(reason: SandboxError): void;
}

export interface SwitchClientOptions {
  readonly start: () => SwitchWorker;
  readonly clock: Clock;
}

/** A port that has a new cable, since the switch it was on is gone. */
export interface RenewedPort {
  readonly id: string;
  /** The end that goes to the port's owner, in the place of the one it has. */
  readonly port: MessagePort;
}

/** A worker that lived for so long died of something new: the next is started at once. */
const soundMs = 10_000;

/** What loading the worker's script may take; a browser that is busy compiling takes seconds. */
const loadMs = 15_000;

/** Before the second restart in a row, doubled for each further one, up to the longest. */
const firstPauseMs = 250;
const longestPauseMs = 4000;

interface KnownPort {
  readonly spec: PortSpec;
  /** Whether somebody has the other end of its cable; only a port that can sleep goes without. */
  readonly plugged: boolean;
}

/**
 * The switch in its worker, as seen from here. It holds what ports there are to be, and when the worker dies starts
 * another one and makes them again: `portsRenewed` then gives every owner its new cable.
 */
export class SwitchClient implements Disposable {
  readonly #options: SwitchClientOptions;
  readonly #ports = new Map<string, KnownPort>();
  /** New cables that are not with their owners yet. */
  readonly #renewed = new Map<string, MessagePort>();
  readonly #portsRenewed = new Emitter<readonly RenewedPort[]>();
  readonly #wanted = new Emitter<string>();
  #stations: readonly GuardedStation[] = [];
  #worker: SwitchWorker | undefined;
  #pause: Disposable | undefined;
  #startedAt = 0;
  #failures = 0;
  #restarts = 0;
  #disposed = false;

  /** Fires after a restart, with all ports. They are down until their owners say that they are up. */
  readonly portsRenewed = this.#portsRenewed.event;

  /** Fires with the id of a sleeping port that somebody wants something of; not again before it was plugged or refused. */
  readonly wanted = this.#wanted.event;

  constructor(options: SwitchClientOptions) {
    this.#options = options;
    this.#start();
  }

  /** How often the worker had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Adds a port, down, or plugs a cable into one that sleeps. `port` is the switch's end of the cable. While the switch is
   * being restarted the port is only remembered, and its owner gets another cable by `portsRenewed`. `AlreadyExists` for
   * an id that is taken.
   */
  async addPort(spec: PortSpec, port: MessagePort): Promise<void> {
    this.#checkOpen();
    const before = this.#ports.get(spec.id);
    if (before?.plugged) throw new SandboxError('AlreadyExists', `There is a port ${spec.id} already`);
    this.#ports.set(spec.id, { spec, plugged: true });
    const worker = this.#worker;
    if (!worker) {
      port.close();
      return;
    }
    try {
      await worker.remote.addPort(spec, transfer(port, [port]));
    } catch (error) {
      if (worker.lost.aborted && !this.#disposed) return;
      if (before) this.#ports.set(spec.id, before);
      else this.#ports.delete(spec.id);
      throw error;
    }
  }

  /** Adds a port that sleeps (`PortSpec.idleMs`), or gives one that sleeps another label. */
  async addSleepingPort(spec: PortSpec): Promise<void> {
    const before = this.#ports.get(spec.id);
    if (before?.plugged) return;
    this.#ports.set(spec.id, { spec, plugged: false });
    try {
      await this.#tell((remote) => remote.addSleepingPort(spec));
    } catch (error) {
      if (!before) this.#ports.delete(spec.id);
      throw error;
    }
  }

  /** Takes the cable out of a port that can sleep. Harmless when there is none. */
  async unplugPort(id: string): Promise<void> {
    if (!this.#setUnplugged(id)) return;
    await this.#tell((remote) => remote.unplugPort(id));
  }

  /**
   * Takes the cables out of ports, which sleep from then on, if nothing has passed at them for long enough. Otherwise
   * nothing happens, and it is returned how many milliseconds from now it can be at the earliest.
   */
  async sleepPorts(ids: readonly string[]): Promise<number | undefined> {
    const waitMs = await this.#require().remote.sleepPorts(ids);
    if (waitMs === undefined) for (const id of ids) this.#setUnplugged(id);
    return waitMs;
  }

  /** Refuses the connections that wait for a sleeping port, and those of the next `ms` milliseconds. */
  async refusePort(id: string, ms: number): Promise<void> {
    await this.#tell((remote) => remote.refusePort(id, ms));
  }

  /** Takes a port away. Harmless when it is not there. */
  async removePort(id: string): Promise<void> {
    this.#forget(id);
    await this.#tell((remote) => remote.removePort(id));
  }

  /** Takes a network away with all its ports. */
  async removeNetwork(name: string): Promise<void> {
    for (const { spec } of [...this.#ports.values()]) if (spec.network === name) this.#forget(spec.id);
    await this.#tell((remote) => remote.removeNetwork(name));
  }

  /** Whose stations there are behind ports, in the place of what was said before; also after a restart of the switch. */
  async setStations(stations: readonly GuardedStation[]): Promise<void> {
    this.#stations = stations;
    await this.#tell((remote) => remote.setStations(stations));
  }

  /** Bytes of IP packet that frames of the network may carry from now on. */
  async setMtu(network: string, mtu: number): Promise<void> {
    await this.#tell((remote) => remote.setMtu(network, mtu));
    for (const { spec, plugged } of this.#ports.values()) {
      if (spec.network === network) this.#ports.set(spec.id, { spec: { ...spec, mtu }, plugged });
    }
  }

  /** What it can be asked besides. `Unavailable` while the switch is being restarted. */
  get remote(): Remote<SwitchService> {
    return this.#require().remote;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#pause?.dispose();
    this.#portsRenewed.dispose();
    this.#wanted.dispose();
    this.#worker?.terminate(new SandboxError('Canceled', 'The switch was taken down'));
    this.#worker = undefined;
  }

  #start(): SwitchWorker {
    const worker = this.#options.start();
    this.#worker = worker;
    this.#startedAt = this.#options.clock.monotonic();
    worker.lost.addEventListener('abort', () => this.#recover(worker), { once: true });
    this.#listen(worker);
    void this.#watch(worker);
    return worker;
  }

  #listen(worker: SwitchWorker): void {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<string>) => this.#wanted.fire(data);
    worker.lost.addEventListener('abort', () => port1.close(), { once: true });
    // One that never answers is ended by its watch.
    Promise.resolve(worker.remote.open(transfer(port2, [port2]))).catch(() => {});
  }

  /** A worker that is still loading its script cannot answer, so it is watched from its first answer on. */
  async #watch(worker: SwitchWorker): Promise<void> {
    const message = `The switch did not start within ${loadMs / 1000} s`;
    try {
      await withTimeout(this.#options.clock, loadMs, message, worker.remote.ping());
      worker.watch();
    } catch (error) {
      worker.terminate(toSandboxError(error));
    }
  }

  #recover(worker: SwitchWorker): void {
    if (this.#disposed || this.#worker !== worker) return;
    this.#worker = undefined;
    const sound = this.#options.clock.monotonic() - this.#startedAt >= soundMs;
    this.#failures = sound ? 1 : this.#failures + 1;
    const pause = this.#failures === 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#failures - 2));
    this.#pause = this.#options.clock.after(pause, () => this.#restart());
  }

  #restart(): void {
    this.#restarts += 1;
    const worker = this.#start();
    this.#renewed.clear();
    const added = [...this.#ports.values()].map(({ spec, plugged }) => {
      if (!plugged) return worker.remote.addSleepingPort(spec);
      const { port1, port2 } = new MessageChannel();
      this.#renewed.set(spec.id, port2);
      return worker.remote.addPort(spec, transfer(port1, [port1]));
    });
    // A worker that is lost again takes its calls with it, and the next restart makes all ports once more.
    Promise.all([...added, worker.remote.setStations(this.#stations)]).then(
      () => this.#handOver(),
      (error: unknown) => worker.terminate(toSandboxError(error)),
    );
  }

  #handOver(): void {
    const ports = [...this.#renewed].map(([id, port]) => ({ id, port }));
    this.#renewed.clear();
    this.#portsRenewed.fire(ports);
  }

  /** False when it was not plugged. */
  #setUnplugged(id: string): boolean {
    const known = this.#ports.get(id);
    if (!known?.plugged) return false;
    this.#ports.set(id, { ...known, plugged: false });
    this.#dropRenewed(id);
    return true;
  }

  #forget(id: string): void {
    this.#ports.delete(id);
    this.#dropRenewed(id);
  }

  #dropRenewed(id: string): void {
    this.#renewed.get(id)?.close();
    this.#renewed.delete(id);
  }

  /** For what the list of ports has taken in already: without a worker there is nobody to tell. */
  async #tell(work: (remote: Remote<SwitchService>) => Promise<void>): Promise<void> {
    this.#checkOpen();
    const worker = this.#worker;
    if (!worker) return;
    try {
      await work(worker.remote);
    } catch (error) {
      if (!worker.lost.aborted) throw error;
    }
  }

  #require(): SwitchWorker {
    this.#checkOpen();
    if (this.#worker) return this.#worker;
    throw new SandboxError('Unavailable', 'The switch is being restarted; try again in a moment');
  }

  #checkOpen(): void {
    if (this.#disposed) throw new SandboxError('Canceled', 'The switch was taken down');
  }
}
