import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { SlabReader, virtioHeaderBytes } from '../../formats/frame-slab';
import { type ReceivedSlab, SlabPort, windowBytes, windowFrames } from '../../rpc/slab-port';
import { type Result, result } from './results';

/** Bytes of an Ethernet header. */
const headerBytes = 14;

/** Frames that a module may take in one turn, and may send; what is left has its turn after its neighbours'. */
const takenPerTurn = 256;
const sentPerTurn = 1024;

/** Frames sent before the link is up, kept until then: what a module says while it begins. */
const maxEarlyFrames = 64;

/** Beyond what an honest other end has credit for. */
const maxWaitingBytes = 2 * windowBytes;
const maxWaitingSlabs = 2 * windowFrames;

export interface NicOptions {
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly port: MessagePort;
  /** There is something for the module to look at. */
  readonly wake: () => void;
}

/** What a NIC moved, and what was lost at it and why; see also the counters of the switch's port. */
export interface NicCounters {
  rxFrames: number;
  rxBytes: number;
  txFrames: number;
  txBytes: number;
  /** Came while the link was down. */
  droppedDown: number;
  /** Came while all waiting room was full. */
  droppedFull: number;
  /** Longer than the module's buffer, or a damaged slab. */
  droppedMalformed: number;
  /** Sent by the module and refused: longer than the MTU and a header, or shorter than a header. */
  refusedSize: number;
}

interface WaitingSlab {
  readonly slab: ReceivedSlab;
  /** Stands at the next frame for the module. */
  readonly reader: SlabReader;
}

/**
 * A module's network device over a slab port. Frames wait in the slabs they came in; each is copied once, into the
 * module. What the module does not take stays unacknowledged, so that its sender, and in the end the switch, waits.
 * Nothing is delivered from within a call of the module: it asks.
 */
export class GuestNic implements Disposable {
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly counters: NicCounters = {
    rxFrames: 0,
    rxBytes: 0,
    txFrames: 0,
    txBytes: 0,
    droppedDown: 0,
    droppedFull: 0,
    droppedMalformed: 0,
    refusedSize: 0,
  };
  readonly #wake: () => void;
  readonly #waiting: WaitingSlab[] = [];
  #waitingBytes = 0;
  #early: Uint8Array<ArrayBuffer>[] = [];
  #begun = false;
  #up = false;
  #taken = 0;
  #sent = 0;
  /** The module was refused a frame, and there is room again. */
  #roomMade = false;
  #refused = false;
  #port: SlabPort;
  #subscriptions = new DisposableStore();

  constructor({ mac, mtu, port, wake }: NicOptions) {
    this.mac = mac;
    this.mtu = mtu;
    this.#wake = wake;
    this.#port = this.#join(port);
  }

  /** The port led nowhere any more. */
  renew(port: MessagePort): void {
    this.#subscriptions.dispose();
    this.#port.dispose();
    this.#dropWaiting();
    this.#port = this.#join(port);
    this.#sayLink();
    if (this.#refused) this.#onDrained();
  }

  /** Whether frames pass. What was sent before the first time goes out then. */
  set up(up: boolean) {
    if (up === this.#up) return;
    this.#up = up;
    if (!up) this.#dropWaiting();
    this.#sayLink();
    if (!up || this.#begun) return;
    this.#begun = true;
    for (const frame of this.#early) this.#send(frame);
    this.#early = [];
  }

  /** Whether the module has something to read, or can send again after it could not. */
  get ready(): boolean {
    return this.#waiting.length > 0 || this.#roomMade || this.#sent >= sentPerTurn;
  }

  /** A new turn of the module: it was told that it can send, and may take frames again. */
  beginTurn(): void {
    this.#taken = 0;
    this.#roomMade = false;
    this.#sent = 0;
  }

  /** Copies the next frame. Undefined when there is none (for now); the result of the call otherwise. */
  read(buffer: Uint8Array): number | undefined {
    for (;;) {
      const head = this.#waiting[0];
      if (!head || this.#taken >= takenPerTurn) return undefined;
      const { reader } = head;
      const { length } = reader;
      const fits = length <= buffer.length;
      if (fits) buffer.set(reader.bytes.subarray(reader.frameStart, reader.frameEnd));
      this.#taken += 1;
      if (!reader.next()) {
        this.#waiting.shift();
        this.#finish(head);
      }
      if (!fits) {
        this.counters.droppedMalformed += 1;
        continue;
      }
      this.counters.rxFrames += 1;
      this.counters.rxBytes += length;
      return length;
    }
  }

  /** Sends a copy of a frame. */
  write(frame: Uint8Array): Result {
    if (frame.length < headerBytes || frame.length > this.mtu + headerBytes) {
      this.counters.refusedSize += 1;
      return result.invalid;
    }
    if (this.#sent >= sentPerTurn) return result.again;
    if (!this.#begun) return this.#keep(frame);
    if (!this.#up || !this.#send(frame)) return result.again;
    this.#sent += 1;
    return result.ok;
  }

  dispose(): void {
    // The last words of a connection.
    this.#port.flush();
    this.#dropWaiting();
    this.#subscriptions.dispose();
    this.#port.dispose();
  }

  #join(port: MessagePort): SlabPort {
    const joined = new SlabPort(port);
    this.#subscriptions = new DisposableStore();
    this.#subscriptions.add(joined.received((slab) => this.#receive(slab)));
    this.#subscriptions.add(joined.drained(() => this.#onDrained()));
    return joined;
  }

  #sayLink(): void {
    // A module gets whole frames with checksums: the switch finishes what guests leave undone.
    if (this.#begun || this.#up) this.#port.setLink({ up: this.#up, offload: false });
  }

  #onDrained(): void {
    this.#refused = false;
    this.#roomMade = true;
    this.#wake();
  }

  #send(frame: Uint8Array): boolean {
    const room = this.#port.reserve(frame.length);
    if (!room) {
      this.#refused = true;
      return false;
    }
    room.fill(0, 0, virtioHeaderBytes);
    room.set(frame, virtioHeaderBytes);
    this.counters.txFrames += 1;
    this.counters.txBytes += frame.length;
    return true;
  }

  #keep(frame: Uint8Array): Result {
    if (this.#early.length >= maxEarlyFrames) return result.again;
    this.#early.push(frame.slice());
    return result.ok;
  }

  #receive(slab: ReceivedSlab): void {
    const reader = new SlabReader(slab);
    const full = this.#waitingBytes + slab.bytes > maxWaitingBytes || this.#waiting.length >= maxWaitingSlabs;
    if (!this.#up || full) {
      this.counters[this.#up ? 'droppedFull' : 'droppedDown'] += countFrames(reader);
      slab.release();
      return;
    }
    if (!reader.next()) {
      if (reader.damaged) this.counters.droppedMalformed += 1;
      slab.release();
      return;
    }
    this.#waiting.push({ slab, reader });
    this.#waitingBytes += slab.bytes;
    this.#wake();
  }

  /** The slab has been dealt with: only now does its sender get new credit for it. */
  #finish({ slab, reader }: WaitingSlab): void {
    if (reader.damaged) this.counters.droppedMalformed += 1;
    this.#waitingBytes -= slab.bytes;
    slab.release();
  }

  #dropWaiting(): void {
    for (const { slab, reader } of this.#waiting.splice(0)) {
      // The reader stands at a frame already.
      this.counters.droppedDown += 1 + countFrames(reader);
      slab.release();
    }
    this.#waitingBytes = 0;
  }
}

function countFrames(reader: SlabReader): number {
  let count = 0;
  while (reader.next()) count += 1;
  return count;
}
