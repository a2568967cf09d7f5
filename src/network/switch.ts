import type { DropReason, FdbEntry, FrameFilter, GuardedStation, PortSpec, PortStatus, Station } from '../api/network';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { BufferPool, type FrameSlab, SlabReader } from '../formats/frame-slab';
import { parseMacAddress } from '../formats/mac-address';
import { ethernetBytes, etherType, vlanTagBytes } from '../formats/wire/ethernet';
import type { Link } from '../rpc/slab-port';
import { serializeAnnouncement } from './announcement';
import { FrameCounter } from './frame-counter';
import { deliverTo, speakFor } from './frame-delivery';
import { FrameInfo } from './frame-info';
import { GuardedStations } from './guarded-stations';
import { joinSegments } from './join-segments';
import { refusalOfIp6 } from './nd-guard';
import { isDhcpReply, mayClaim, mayUse } from './port-guards';
import { SleepingPorts } from './sleeping-ports';
import {
  createNetwork,
  enterPort,
  findStation,
  leavePort,
  type NetworkTotals,
  type SwitchNetwork,
  setLink,
  stationsOf,
  totalsOf,
} from './switch-network';
import { macNumber, type PortSink, SwitchPort } from './switch-port';

/** A port of the switch, for what carries its frames. */
export interface PortHandle {
  /** Frames from the port. 'kept' when the buffer was passed on and is the caller's no more. */
  receive(slab: FrameSlab): 'kept' | undefined;
  setLink(link: Pick<Link, 'up' | 'offload'>): void;
  /** The sink takes frames again. */
  drain(): void;
}

/** Where a frame goes: one port, everybody, or nowhere (dropped, and counted already). */
type Target = SwitchPort | 'everybody' | undefined;

/** Of nobody on any network. */
const switchMac = '02:53:00:00:00:00';

/** Frames that came at once. */
interface Batch {
  readonly frames: number;
  /** Bytes of the frames alone. */
  readonly frameBytes: number;
  /** Whether anything is left to do for any of them. */
  readonly unfinished: boolean;
  /** What stands behind them in the slab is no frame. */
  readonly damaged: boolean;
}

/**
 * A learning Ethernet switch (IEEE 802.1D) with any number of networks that know nothing of each other. All of it
 * is synchronous and knows no threads: frames come in by `receive` and go out to sinks.
 *
 * Nothing that a guest sends makes it throw, and nothing it keeps grows without bound: stations, queues and
 * counters have their limits in the files they are in.
 */
export class Switch {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #pool: BufferPool;
  readonly #sleeping: SleepingPorts;
  readonly #networks = new Map<string, SwitchNetwork>();
  readonly #ports = new Map<string, SwitchPort>();
  readonly #stations = new GuardedStations();
  readonly #info = new FrameInfo();
  /** Targets of the frames of the slab at hand, used again for each. */
  readonly #targets: Target[] = [];

  /** Buffers that slabs are copied into come from the pool. `wanted` is told the id of a sleeping port that has to wake. */
  constructor(clock: Pick<Clock, 'monotonic'>, pool = new BufferPool(), wanted: (id: string) => void = () => {}) {
    this.#clock = clock;
    this.#pool = pool;
    this.#sleeping = new SleepingPorts(pool, wanted);
  }

  /**
   * Adds a port, down; or plugs a cable into one that sleeps, which keeps what comes for it until it is up.
   * `AlreadyExists` when something is plugged into that port, `InvalidArgument` for addresses that are none.
   */
  addPort(spec: PortSpec, sink: PortSink): PortHandle {
    const port = this.#makePort(spec);
    const network = this.#networkOf(spec.network);
    port.sink = sink;
    port.sleep?.begin(this.#clock.monotonic());
    const present = (): boolean => network.ports.has(port) && port.sink === sink;
    return {
      receive: (slab) => (present() ? this.#receive(network, port, slab) : undefined),
      setLink: (link) => {
        if (present()) this.#setLink(network, port, link);
      },
      drain: () => {
        if (present()) port.drain();
      },
    };
  }

  /** Adds a port that sleeps, or gives one that sleeps another label. Errors as of {@link addPort}. */
  addSleepingPort(spec: PortSpec): void {
    const known = this.#ports.has(spec.id);
    const { sleep } = this.#makePort(spec);
    if (!sleep) throw new SandboxError('InvalidArgument', `The port ${spec.id} cannot sleep`);
    if (!known) sleep.layDown();
  }

  /** Takes the cable out of a port that can sleep. What it was to get once it is up waits for the next one. */
  unplugPort(id: string): void {
    const port = this.#ports.get(id);
    if (!port?.sleep || !port.sink) return;
    port.sink = undefined;
    if (port.sleep.phase === 'awake') this.#layDown(port);
    else port.sleep.phase = 'asleep';
  }

  /**
   * Takes the cables out of ports, which sleep from then on, if nothing has passed at any of them for its time and no
   * connection is open. Otherwise nothing happens: returns how many milliseconds from now it can be at the earliest.
   */
  sleepPorts(ids: readonly string[]): number | undefined {
    const now = this.#clock.monotonic();
    const ports = ids.flatMap((id) => this.#ports.get(id) ?? []);
    const waits = ports.map(({ sleep, up, queuedFrames }) => sleep?.waitMs(now, up && queuedFrames === 0) ?? 0);
    const wait = Math.max(...waits);
    if (wait > 0) return wait;
    for (const port of ports) {
      port.sink = undefined;
      this.#layDown(port);
    }
    return undefined;
  }

  /**
   * The owner of a sleeping port could not be woken: connections that wait are refused, and so are those of the next
   * `ms` milliseconds. After that the next one wakes it again.
   */
  refusePort(id: string, ms: number): void {
    const port = this.#ports.get(id);
    if (!port?.sleep || port.sink) return;
    const now = this.#clock.monotonic();
    const network = this.#networkOf(port.spec.network);
    port.sleep.refuse(now + ms);
    this.#sleeping.refuseQueued(network, port, now);
  }

  /** Takes a port away with what waits for it, and forgets the stations behind it. Harmless when it is not there. */
  removePort(id: string): void {
    const port = this.#ports.get(id);
    if (!port) return;
    const network = this.#networkOf(port.spec.network);
    leavePort(network, port);
    this.#ports.delete(id);
    this.#stations.forgetPort(port);
  }

  /**
   * Whose stations there are behind ports: nobody else may use their addresses. In the place of what was said before.
   * Those that are new are announced, behind their own port too: by a frame of the switch's, so that nobody there takes
   * the station for one that is reached through the port.
   */
  setStations(stations: readonly GuardedStation[]): void {
    const fresh = this.#stations.set(stations, (id) => {
      const port = this.#ports.get(id);
      return port && { port, owners: this.#networkOf(port.spec.network) };
    });
    for (const { port, station } of fresh) {
      if (!port.up) continue;
      const network = this.#networkOf(port.spec.network);
      this.#announce(network, port, station);
      speakFor(network, port, port, serializeAnnouncement(station, switchMac), this.#pool);
    }
  }

  /** Takes a network away with its ports. Returns their ids. */
  removeNetwork(name: string): readonly string[] {
    const ids = [...(this.#networks.get(name)?.ports ?? [])].map(({ spec }) => spec.id);
    for (const id of ids) this.removePort(id);
    this.#networks.delete(name);
    return ids;
  }

  /** Bytes of IP packet that frames of the network may carry from now on. */
  setMtu(name: string, mtu: number): void {
    for (const port of this.#networks.get(name)?.ports ?? []) port.mtu = mtu;
  }

  status(): readonly PortStatus[] {
    return [...this.#ports.values()].map((port) => port.status());
  }

  /** The stations of one network, or of all. */
  fdb(name?: string): readonly FdbEntry[] {
    const now = this.#clock.monotonic();
    return [...this.#networks.values()]
      .filter((network) => name === undefined || network.name === name)
      .flatMap((network) => stationsOf(network, now));
  }

  /** All zero for a network that has had no port. */
  totals(name: string): NetworkTotals {
    return totalsOf(this.#networks.get(name) ?? createNetwork(name));
  }

  /**
   * How many such frames were forwarded since they were asked for the first time, or again after two minutes. 0 for a network
   * that has had no port.
   */
  countFrames(filter: FrameFilter): number {
    const network = this.#networks.get(filter.network);
    if (!network) return 0;
    network.counter ??= new FrameCounter();
    return network.counter.count(filter, this.#clock.monotonic());
  }

  #networkOf(name: string): SwitchNetwork {
    const known = this.#networks.get(name);
    if (known) return known;
    const network = createNetwork(name);
    this.#networks.set(name, network);
    return network;
  }

  /** First says of each frame where it goes, then moves them: as one buffer when all go the same way. */
  #receive(network: SwitchNetwork, from: SwitchPort, slab: FrameSlab): 'kept' | undefined {
    const reader = new SlabReader(slab);
    const { mayJoin, ...batch } = this.#routeAll(network, from, reader);
    const joined = mayJoin ? joinSegments(slab, this.#targets, takesSegments, this.#pool) : undefined;
    if (!joined) return this.#send(network, from, slab, batch) ? 'kept' : undefined;
    const { frames, frameBytes } = joined;
    const sent = this.#send(network, from, joined, { ...batch, frames, frameBytes, unfinished: true });
    if (!sent) this.#pool.give(joined.buffer);
    return undefined;
  }

  /** Sets the target of each frame. */
  #routeAll(network: SwitchNetwork, from: SwitchPort, reader: SlabReader): Batch & { readonly mayJoin: boolean } {
    const now = this.#clock.monotonic();
    this.#targets.length = 0;
    let frameBytes = 0;
    let unfinished = false;
    let mayJoin = false;
    while (reader.next()) {
      const target = this.#route(network, from, reader, now);
      mayJoin ||= this.#targets.length > 0 && takesSegments(target);
      this.#targets.push(target);
      unfinished ||= this.#info.unfinished;
      frameBytes += reader.length;
    }
    const frames = this.#targets.length;
    from.countReceived(frames, frameBytes);
    const { damaged } = reader;
    if (damaged) this.#countDamage(network, from);
    return { frames, frameBytes, unfinished, damaged, mayJoin };
  }

  /** How many frames a damaged slab had is not known: what was behind the damage counts as one. */
  #countDamage(network: SwitchNetwork, from: SwitchPort): void {
    from.countReceived(1, 0);
    this.#refuse(network, from, 'malformed');
  }

  /** Sends frames to their targets. True when the buffer itself went on and is the caller's no more. */
  #send(network: SwitchNetwork, from: SwitchPort, { buffer, bytes }: FrameSlab, batch: Batch): boolean {
    const { frames, frameBytes, unfinished, damaged } = batch;
    const [only] = this.#targets;
    const whole = !damaged && only instanceof SwitchPort && this.#targets.every((target) => target === only);
    if (whole && only.forward(from, { buffer, bytes, frames, frameBytes }, unfinished)) {
      network.copies += frames;
      return true;
    }
    this.#copy(network, from, { buffer, bytes });
    return false;
  }

  #copy(network: SwitchNetwork, from: SwitchPort, slab: FrameSlab): void {
    const reader = new SlabReader(slab);
    for (const target of this.#targets) {
      // Damage is behind the last frame that was counted.
      reader.next();
      if (target !== undefined) deliverTo(network, from, target, reader);
    }
  }

  #route(network: SwitchNetwork, from: SwitchPort, reader: SlabReader, now: number): Target {
    if (!from.up) return this.#refuse(network, from, 'port-down');
    const info = this.#info;
    if (!info.read(reader)) return this.#refuse(network, from, 'malformed');
    const overhead = ethernetBytes + (info.tags > 0 ? vlanTagBytes : 0);
    if (info.longest > from.mtu + overhead) return this.#refuse(network, from, 'too-long');
    if (!mayUse(network.macs, from.mac, from, info.source)) return this.#refuse(network, from, 'port-security');
    if (info.etherType === etherType.arp && !mayClaim(network.addresses, from, info, reader)) {
      return this.#refuse(network, from, 'arp-guard');
    }
    if (network.dhcpServers > 0 && !from.spec.dhcpServer && isDhcpReply(info, reader)) {
      return this.#refuse(network, from, 'dhcp-guard');
    }
    const refusal6 = info.etherType === etherType.ip6 ? refusalOfIp6(network, from, info, reader) : undefined;
    if (refusal6) return this.#refuse(network, from, refusal6);
    if (!info.fromGroup) network.stations.learn(info.source, from, now);
    const to = info.toGroup ? undefined : findStation(network, info.destination, now);
    if (to === from) return this.#refuse(network, from, 'same-port');
    if (!to && !from.storm.take(info.segments, now)) return this.#refuse(network, from, 'storm-control');
    if (network.sleepers.byMac.size > 0) this.#sleeping.attend(network, from, to, info, reader, now);
    if (network.counter && !network.counter.see(info, reader, now)) network.counter = undefined;
    return to ?? 'everybody';
  }

  /** The port of that id, made if there is none. */
  #makePort(spec: PortSpec): SwitchPort {
    const known = this.#ports.get(spec.id);
    if (known) {
      const same = known.sleep && !known.sink && spec.mac === known.spec.mac && spec.network === known.spec.network;
      if (!same) throw new SandboxError('AlreadyExists', `There is a port ${spec.id} already`);
      known.spec = spec;
      return known;
    }
    const port = new SwitchPort(spec, this.#pool, this.#clock.monotonic());
    const network = this.#networkOf(spec.network);
    this.#ports.set(spec.id, port);
    enterPort(network, port);
    // It is answered for from now on, whether it sleeps or not.
    if (port.sleep && spec.station) this.#announce(network, port, spec.station);
    return port;
  }

  #setLink(network: SwitchNetwork, port: SwitchPort, link: Pick<Link, 'up' | 'offload'>): void {
    const comes = link.up && !port.up;
    setLink(network, port, link);
    if (!comes || port.sleep) return;
    const { station } = port.spec;
    for (const each of [...(station ? [station] : []), ...this.#stations.behind(port)])
      this.#announce(network, port, each);
  }

  /**
   * Tells everybody at other ports whose an address is now, who may remember the station that had it before. It is a frame to
   * everybody like those that the port sends itself, and held to their rate.
   */
  #announce(network: SwitchNetwork, port: SwitchPort, station: Station): void {
    const now = this.#clock.monotonic();
    network.stations.learn(macNumber(parseMacAddress(station.mac)), port, now);
    if (!port.storm.take(1, now)) return;
    speakFor(network, port, 'everybody', serializeAnnouncement(station), this.#pool);
  }

  #layDown(port: SwitchPort): void {
    setLink(this.#networkOf(port.spec.network), port, { up: false, offload: false });
    port.sleep?.layDown();
  }

  #refuse(network: SwitchNetwork, from: SwitchPort, reason: DropReason): undefined {
    from.drops[reason] += 1;
    network.refused += 1;
  }
}

/** Whether frames for it are worth joining: it is up, and takes large segments without checksums. */
function takesSegments(target: Target): boolean {
  return target instanceof SwitchPort && target.up && target.offload;
}
