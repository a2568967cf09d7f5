import type { CaptureReading, CaptureSpec } from '../api/capture';
import type { FdbEntry, FrameFilter, GuardedStation, PortSpec, PortStatus } from '../api/network';
import { type Clock, systemClock } from '../base/clock';
import { BufferPool } from '../formats/frame-slab';
import { expose, transfer } from '../rpc/control';
import { SlabPort } from '../rpc/slab-port';
import { Captures } from './captures';
import { checkMtu } from './ipam';
import { Switch } from './switch';
import type { NetworkTotals } from './switch-network';

/** A sender's window, a queue and a receiver's window, in buffers that are half full. */
const maxPooledBytes = 12 * 1024 * 1024;

/** The switch with its ports, as an object with calls that cross a MessagePort. Runs in its worker. */
export class SwitchService {
  readonly #switch: Switch;
  readonly #ports = new Map<string, SlabPort>();
  /** One for all, since buffers come from some ports and go to others. */
  readonly #pool = new BufferPool(maxPooledBytes);
  readonly #captures: Captures;
  #wanted: MessagePort | undefined;

  constructor(clock: Clock = systemClock) {
    this.#captures = new Captures(clock);
    this.#switch = new Switch(clock, this.#pool, (id) => this.#wanted?.postMessage(id));
  }

  ping(): void {}

  /** Where it says which sleeping ports have to wake: each time the id of one. */
  open(wanted: MessagePort): void {
    this.#wanted = wanted;
  }

  /**
   * Adds a port, down until its other end says that it is up, or plugs the cable into one that sleeps. The network is
   * made with its first port.
   */
  addPort(spec: PortSpec, port: MessagePort): void {
    const cable = new SlabPort(port, this.#pool);
    try {
      checkMtu(spec.mtu);
      const tap = this.#captures.tap(spec.id, cable);
      const handle = this.#switch.addPort(spec, tap);
      cable.received((slab) => {
        tap.receive(slab);
        slab.release(handle.receive(slab));
      });
      cable.linkChanged((link) => handle.setLink(link));
      cable.drained(() => handle.drain());
    } catch (error) {
      cable.dispose();
      throw error;
    }
    this.#ports.set(spec.id, cable);
  }

  /** Adds a port that sleeps, or gives one that does another label. */
  addSleepingPort(spec: PortSpec): void {
    checkMtu(spec.mtu);
    this.#switch.addSleepingPort(spec);
  }

  /** Takes the cable out of a port that can sleep. Harmless when there is none. */
  unplugPort(id: string): void {
    this.#switch.unplugPort(id);
    this.#dropCable(id);
  }

  /** Lets ports sleep if they can; else how many milliseconds from now they can at the earliest. */
  sleepPorts(ids: readonly string[]): number | undefined {
    const waitMs = this.#switch.sleepPorts(ids);
    if (waitMs === undefined) for (const id of ids) this.#dropCable(id);
    return waitMs;
  }

  /** Refuses the connections that wait for a sleeping port, and those of the next `ms` milliseconds. */
  refusePort(id: string, ms: number): void {
    this.#switch.refusePort(id, ms);
  }

  /** Takes a port away. Harmless when it is not there. */
  removePort(id: string): void {
    this.#switch.removePort(id);
    this.#dropCable(id);
  }

  /** Takes a network away with all its ports. */
  removeNetwork(name: string): void {
    for (const id of this.#switch.removeNetwork(name)) this.removePort(id);
  }

  /** Whose stations there are behind ports, in the place of what was said before. */
  setStations(stations: readonly GuardedStation[]): void {
    this.#switch.setStations(stations);
  }

  /** Bytes of IP packet that frames of the network may carry from now on. */
  setMtu(network: string, mtu: number): void {
    checkMtu(mtu);
    this.#switch.setMtu(network, mtu);
  }

  status(): readonly PortStatus[] {
    return this.#switch.status();
  }

  /** The forwarding database of one network, or of all. */
  fdb(network?: string): readonly FdbEntry[] {
    return this.#switch.fdb(network);
  }

  totals(network: string): NetworkTotals {
    return this.#switch.totals(network);
  }

  countFrames(filter: FrameFilter): number {
    return this.#switch.countFrames(filter);
  }

  /** Records what passes a port. Errors: {@link Captures.start}. */
  startCapture(spec: CaptureSpec): void {
    this.#captures.start(spec);
  }

  /** Ends recording; what was recorded stays. */
  stopCapture(port: string): void {
    this.#captures.stop(port);
  }

  discardCapture(port: string): void {
    this.#captures.discard(port);
  }

  /** With the last `limit` frames of those whose rows have all words of the filter. Undefined when there is no capture. */
  readCapture(port: string, filter: string, limit: number): CaptureReading | undefined {
    return this.#captures.read(port, filter, limit);
  }

  /** The same frames, all of them, as a pcapng file. `NotFound` when there is no capture. */
  captureFile(port: string, name: string, description: string, filter: string): Uint8Array<ArrayBuffer> {
    const bytes = this.#captures.file(port, name, description, filter);
    return transfer(bytes, [bytes.buffer]);
  }

  #dropCable(id: string): void {
    this.#captures.untap(id);
    this.#ports.get(id)?.dispose();
    this.#ports.delete(id);
  }
}

/** Serves a switch on the port of the thread that started this one. */
export function serveSwitch(port: MessagePort): void {
  expose(new SwitchService(), port);
}
