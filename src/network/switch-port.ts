import type { DropReason, PortSpec, PortStatus, Station } from '../api/network';
import { type BufferPool, type FrameSlab, recordBytes, recordHeaderBytes, SlabReader } from '../formats/frame-slab';
import { addressNumber } from '../formats/ip-address';
import { parseMacAddress } from '../formats/mac-address';
import { FairQueue, type QueuedSlab } from './fair-queue';
import { finishFrame } from './offload';
import { PortSleep } from './port-sleep';
import { TokenBucket } from './token-bucket';

/** What may wait for one port. The same again may be on its way to it (rpc/slab-port.ts). */
export const queueLimits = { frames: 1024, bytes: 2_000_000 } as const;

/**
 * Storm control: frames to everybody (broadcast, multicast, unknown stations) that a port may send a second, and at
 * once after a silence. ARP and DHCP of a container host that starts a hundred containers stay under the burst, a
 * scan of a /24 or arp-scan's 500 a second under the rate; and a guest that gets 1,000 broadcasts a second from a
 * neighbour spends a few percent of its time on them.
 */
export const stormLimits = { rate: 1000, burst: 2000 } as const;

/** Where the frames for a port go: the part of a slab port that the switch uses. */
export interface PortSink {
  /** Whether so many frames, whose records take so many bytes, can be handed over now. */
  accepts(frames: number, bytes: number): boolean;
  /** Copies a record of another slab. */
  sendRecord(source: Uint8Array, start: number, frameBytes: number): boolean;
  /** Copies a frame with nothing left to do. */
  send(frame: Uint8Array): boolean;
  /** Takes a whole slab. */
  forward(slab: FrameSlab, frames: number): boolean;
}

/** A port as the switch keeps it: its queue, its counters, what it may do. */
export class SwitchPort {
  spec: PortSpec;
  /** The other end of its cable; undefined when there is none. */
  sink: PortSink | undefined;
  /** The only source address it may use, as a number of 48 bits. */
  readonly mac: number | undefined;
  /** The addresses it may claim by ARP, as numbers of 32 bits; undefined when any that are nobody else's. */
  readonly addresses: ReadonlySet<number> | undefined;
  /** What nobody else may use: these, and those of the station whose port it is. */
  readonly own: OwnAddresses;
  readonly storm: TokenBucket;
  /** Of a port that can sleep. */
  readonly sleep: PortSleep | undefined;
  readonly drops: Record<DropReason, number> = {
    'port-down': 0,
    asleep: 0,
    'wake-failed': 0,
    'queue-full': 0,
    'too-long': 0,
    malformed: 0,
    'storm-control': 0,
    'port-security': 0,
    'arp-guard': 0,
    'dhcp-guard': 0,
    'ra-guard': 0,
    'nd-guard': 0,
    'same-port': 0,
  };
  readonly #queue: FairQueue<SwitchPort>;
  mtu: number;
  up = false;
  /** Whether it takes frames with something left to do. */
  offload = false;
  rxFrames = 0;
  rxBytes = 0;
  txFrames = 0;
  txBytes = 0;

  /** Nothing is plugged in. `now` in milliseconds. `InvalidArgument` for a MAC or an address that is none. */
  constructor(spec: PortSpec, pool: BufferPool, now: number) {
    this.spec = spec;
    this.mtu = spec.mtu;
    this.mac = spec.mac === undefined ? undefined : macNumber(parseMacAddress(spec.mac));
    this.addresses = addressesOf(spec);
    this.own = ownAddresses(this, spec.station);
    this.storm = new TokenBucket(stormLimits.rate, stormLimits.burst, now);
    this.sleep = PortSleep.of(spec, now);
    this.#queue = new FairQueue(queueLimits, pool);
  }

  get queuedFrames(): number {
    return this.#queue.frames;
  }

  /** Whether nothing that is for everybody reaches it. */
  get sleeps(): boolean {
    return this.sleep !== undefined && this.sleep.phase !== 'awake';
  }

  /** Frames and bytes that came in from the port; the caller says what became of them. */
  countReceived(frames: number, bytes: number): void {
    this.rxFrames += frames;
    this.rxBytes += bytes;
  }

  /**
   * A copy of the record at `start` goes out at this port, now or when its turn comes. Returns how many frames were
   * dropped for it; they are counted.
   */
  deliver(from: SwitchPort, source: Uint8Array, start: number, frameBytes: number, unfinished: boolean): number {
    if (!this.up && !this.#keeps) return this.drop(this.#whyLost, 1);
    if (this.up && this.#queue.frames === 0 && this.#send(source, start, frameBytes, unfinished)) return 0;
    return this.drop('queue-full', this.#queue.push(from, source, start, frameBytes));
  }

  /** The whole slab goes out at this port without being copied, now or later; false when it cannot. */
  forward(from: SwitchPort, slab: Omit<QueuedSlab, 'start'>, unfinished: boolean): boolean {
    if (!this.up) return this.#keeps && this.#queue.adopt(from, slab);
    if (unfinished && !this.offload) return false;
    if (this.#queue.frames > 0 || !this.sink?.forward(slab, slab.frames)) return this.#queue.adopt(from, slab);
    this.#countSent(slab.frames, slab.frameBytes);
    return true;
  }

  /** Sends what waits, as far as the other end takes it. */
  drain(): void {
    if (!this.up) return;
    for (let slab = this.#queue.head(); slab; slab = this.#queue.head()) {
      const sent = this.offload && slab.start === 0 ? this.#sendWhole(slab) : this.#sendFirst(slab);
      if (!sent) return;
    }
  }

  /** Drops what waits: the port is down. Returns how many frames that were. */
  clear(): number {
    return this.drop('port-down', this.#queue.clear());
  }

  /** Takes what waits off the queue, in order. The caller says what became of it. */
  takeQueued(): readonly QueuedSlab[] {
    const slabs: QueuedSlab[] = [];
    for (let slab = this.#queue.head(); slab; slab = this.#queue.head()) {
      slabs.push(slab);
      this.#queue.shift();
    }
    return slabs;
  }

  /** Counts frames that were lost at this port. Returns how many. */
  drop(reason: DropReason, frames: number): number {
    this.drops[reason] += frames;
    return frames;
  }

  status(): PortStatus {
    const { spec, up, rxFrames, rxBytes, txFrames, txBytes, drops } = this;
    return {
      id: spec.id,
      network: spec.network,
      label: spec.label,
      up,
      asleep: this.sleeps && this.sink === undefined,
      queuedFrames: this.#queue.frames,
      queuedBytes: this.#queue.bytes,
      counters: { rxFrames, rxBytes, txFrames, txBytes, drops: { ...drops } },
    };
  }

  #sendWhole(slab: QueuedSlab): boolean {
    if (!this.sink?.forward(slab, slab.frames)) return false;
    this.#queue.shift();
    this.#countSent(slab.frames, slab.frameBytes);
    return true;
  }

  #sendFirst(slab: QueuedSlab): boolean {
    const reader = new SlabReader(slab, slab.start);
    if (!reader.next() || !this.#send(reader.bytes, reader.start, reader.length, isUnfinished(reader))) return false;
    this.#queue.shiftRecord();
    return true;
  }

  #send(source: Uint8Array, start: number, frameBytes: number, unfinished: boolean): boolean {
    const sent =
      unfinished && !this.offload
        ? this.#sendFinished(source.subarray(start + 4, start + recordHeaderBytes + frameBytes))
        : this.sink?.sendRecord(source, start, frameBytes) === true;
    if (sent) this.#countSent(1, frameBytes);
    return sent;
  }

  /** All pieces of a frame or none. They count as the one frame that they are pieces of, so that sums agree. */
  #sendFinished(packet: Uint8Array): boolean {
    const frames = finishFrame(packet);
    const bytes = frames.reduce((sum, frame) => sum + recordBytes(frame.length), 0);
    if (!this.sink?.accepts(frames.length, bytes)) return false;
    for (const frame of frames) this.sink.send(frame);
    return true;
  }

  #countSent(frames: number, bytes: number): void {
    this.txFrames += frames;
    this.txBytes += bytes;
  }

  /** What is for it waits until it is up. */
  get #keeps(): boolean {
    return this.sleep?.phase === 'waking';
  }

  get #whyLost(): DropReason {
    if (!this.sleep || this.sleep.phase === 'awake') return 'port-down';
    return this.sleep.phase === 'refusing' ? 'wake-failed' : 'asleep';
  }
}

/** Whether something is left to do for the frame at which the reader stands; FrameInfo has left 0 there otherwise. */
export function isUnfinished({ bytes, start }: SlabReader): boolean {
  return bytes[start + 4] !== 0;
}

function addressesOf({ address, moreAddresses = [] }: PortSpec): ReadonlySet<number> | undefined {
  return address === undefined ? undefined : new Set([address, ...moreAddresses].map(addressNumber));
}

/** Addresses of a port's own, as numbers of 48 and of 32 bits. */
export interface OwnAddresses {
  readonly macs: readonly number[];
  readonly addresses: readonly number[];
}

function ownAddresses({ mac, addresses }: Pick<SwitchPort, 'mac' | 'addresses'>, station?: Station): OwnAddresses {
  const own = station && addressesOfStation(station);
  return {
    macs: [...(own?.macs ?? []), ...(mac === undefined ? [] : [mac])],
    addresses: [...(own?.addresses ?? []), ...(addresses ?? [])],
  };
}

/** `InvalidArgument` for a MAC or an address that is none. */
export function addressesOfStation({ mac, address }: Station): OwnAddresses {
  return { macs: [macNumber(parseMacAddress(mac))], addresses: [addressNumber(address)] };
}

/** Six bytes as a whole number. */
export function macNumber(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}
