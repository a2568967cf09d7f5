import { Emitter } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import { BufferPool, type FrameSlab, maxFrameBytes, recordBytes, SlabWriter } from '../formats/frame-slab';

/** What may be on its way in one direction, sent and not acknowledged. A segment not yet cut counts by its bytes. */
export const windowFrames = 1024;
export const windowBytes = 2_000_000;

/** The most that one frame takes of {@link windowBytes}. */
const largestRecord = recordBytes(maxFrameBytes);

/** What one end says of itself. */
export interface Link {
  /** Whether frames may go to it and come from it. */
  readonly up: boolean;
  /** Whether it takes frames whose checksum or segmentation is left to do. */
  readonly offload: boolean;
}

export type SlabMessage =
  | { readonly slab: ArrayBuffer; readonly bytes: number }
  /** Slabs that were dealt with since the last such message, and buffers to use again. */
  | { readonly taken: number; readonly buffers: readonly ArrayBuffer[] }
  | { readonly link: Link };

/** A port on its way to another thread, with all that its other end counts on. */
export interface MovedSlabPort {
  readonly port: MessagePort;
  readonly peer: Link;
  readonly unacknowledged: readonly { readonly frames: number; readonly bytes: number }[];
  /** What came and was not dealt with. */
  readonly missed: readonly SlabMessage[];
}

/** What must be in the transfer list of the message that carries the port. */
export function transferablesOfSlabPort({ port, missed }: MovedSlabPort): Transferable[] {
  const buffers = missed.flatMap((message) =>
    'slab' in message ? [message.slab] : 'taken' in message ? message.buffers : [],
  );
  return [port, ...buffers];
}

/** A slab that came in. Its sender gets no further credit for it until it is released. */
export interface ReceivedSlab extends FrameSlab {
  /**
   * Says that the slab has been dealt with, once. The buffer goes back for use again; not so when `kept`, because
   * it was passed on.
   */
  release(kept?: 'kept'): void;
}

/**
 * One end of a cable: Ethernet frames over a MessagePort, in slabs. The same at both ends (a machine's worker, the
 * switch). Frames are collected and leave together in a microtask, so once per turn of the emulator.
 *
 * Nothing is unbounded: what is sent and not yet acknowledged is at most {@link windowFrames} frames and
 * {@link windowBytes} bytes. A sender asks `writable` first and goes on at `drained`, or drops and counts.
 */
export class SlabPort implements Disposable {
  readonly #port: MessagePort;
  readonly #pool: BufferPool;
  readonly #writer: SlabWriter;
  readonly #received = new Emitter<ReceivedSlab>();
  readonly #drained = new Emitter<void>();
  readonly #linkChanged = new Emitter<Link>();
  readonly #unacknowledged: { readonly frames: number; readonly bytes: number }[] = [];
  /** Slabs that the listener has and has not released. */
  readonly #unreleased = new Set<SlabMessage & { readonly slab: ArrayBuffer }>();
  /** What came while the port was held. */
  #missed: SlabMessage[] = [];
  #held = false;
  readonly #flushSoon = (): void => this.flush();
  readonly #acknowledgeSoon = (): void => this.#acknowledge();
  #sentFrames = 0;
  #sentBytes = 0;
  #refused = false;
  #flushing = false;
  /** Sizes of the buffers of slabs that were dealt with and are not yet acknowledged. */
  readonly #taken: number[] = [];
  #lost = 0;
  #peer: Link = { up: false, offload: false };
  #disposed = false;
  /** The other end has gone, as far as that is told (in Node, not in browsers). */
  #closed = false;
  readonly #onClosed = (): void => {
    this.#closed = true;
  };

  /** Fires with each slab. One listener, which releases it; without one it is lost, and counted. */
  readonly received = this.#received.event;
  /** Fires when something can be sent again after it could not. */
  readonly drained = this.#drained.event;
  /** Fires when the other end says something of itself. */
  readonly linkChanged = this.#linkChanged.event;

  /** Ports of one thread may share a pool. */
  constructor(port: MessagePort, pool = new BufferPool()) {
    this.#port = port;
    this.#pool = pool;
    this.#writer = new SlabWriter(pool);
    port.onmessage = ({ data }: MessageEvent<SlabMessage>) => {
      if (this.#held) this.#missed.push(data);
      else this.#receive(data);
    };
    port.addEventListener('close', this.#onClosed);
  }

  /** Goes on where {@link handOver} ended, in another thread. It is held until `release`. */
  static resume(moved: MovedSlabPort, pool?: BufferPool): SlabPort {
    const slabPort = new SlabPort(moved.port, pool);
    slabPort.#held = true;
    slabPort.#peer = moved.peer;
    slabPort.#missed = [...moved.missed];
    for (const sent of moved.unacknowledged) slabPort.#countSent(sent);
    return slabPort;
  }

  /** What the other end last said of itself; down at first. */
  get peer(): Link {
    return this.#peer;
  }

  /** Frames and bytes (of records) that are on their way and not acknowledged, or about to go. */
  get pendingFrames(): number {
    return this.#sentFrames + this.#writer.frames;
  }

  get pendingBytes(): number {
    return this.#sentBytes + this.#writer.bytes;
  }

  /** Slabs that came while nobody listened. */
  get lostSlabs(): number {
    return this.#lost;
  }

  /** Whether a frame of any length can be sent now. When not, `drained` will fire. */
  get writable(): boolean {
    return this.accepts(1, largestRecord);
  }

  /** Whether so many frames, whose records take so many bytes, can be sent now. When not, `drained` will fire. */
  accepts(frames: number, bytes: number): boolean {
    const room =
      !this.#disposed && this.pendingFrames + frames <= windowFrames && this.pendingBytes + bytes <= windowBytes;
    if (!room) this.#refused = true;
    return room;
  }

  /**
   * Room for one frame in the slab that is being collected: its virtio header (12 bytes) and the frame after it,
   * to be filled before anything else happens on this port. Nothing when it must wait.
   */
  reserve(frameBytes: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#prepare(frameBytes) ? this.#writer.reserve(frameBytes) : undefined;
  }

  /** Sends a copy of a frame; without a header nothing is left to do for it. False when it must wait. */
  send(frame: Uint8Array, header?: Uint8Array): boolean {
    if (!this.#prepare(frame.length)) return false;
    this.#writer.append(frame, header);
    return true;
  }

  /** Sends a copy of the record at `start` in another slab. False when it must wait. */
  sendRecord(source: Uint8Array, start: number, frameBytes: number): boolean {
    if (!this.#prepare(frameBytes)) return false;
    this.#writer.copy(source, start, frameBytes);
    return true;
  }

  /** Sends a whole slab of so many frames; its buffer is gone afterwards. False when it must wait. */
  forward(slab: FrameSlab, frames: number): boolean {
    if (!this.accepts(frames, slab.bytes)) return false;
    this.flush();
    this.#post(slab, frames);
    return true;
  }

  /** Sends what has been collected at once, instead of when this turn of the event loop ends. */
  flush(): void {
    this.#flushing = false;
    const { frames } = this.#writer;
    if (frames > 0 && !this.#disposed) this.#post(this.#writer.take(), frames);
  }

  /** Says to the other end what holds for this one from here on. What was collected before still goes first. */
  setLink(link: Link): void {
    if (this.#disposed) return;
    this.flush();
    this.#port.postMessage({ link } satisfies SlabMessage);
  }

  /** Keeps what comes from here on, unheard; as much as the other end has credit for. What was collected goes. */
  hold(): void {
    this.flush();
    this.#acknowledge();
    this.#held = true;
  }

  /** Goes on after `hold`, beginning with what came meanwhile. */
  release(): void {
    this.#held = false;
    for (const message of this.#missed.splice(0)) this.#receive(message);
  }

  /**
   * Gives a port that is held away, to be transferred in this very turn of the event loop; the other end notices
   * nothing. A slab that the listener had dealt with in part comes again as a whole.
   */
  handOver(): MovedSlabPort {
    this.#acknowledge();
    this.#disposed = true;
    this.#port.onmessage = null;
    this.#port.removeEventListener('close', this.#onClosed);
    // A port that has closed cannot be transferred; one that leads nowhere can, until its owner gets another.
    const [port, peer] = [this.#closed ? new MessageChannel().port1 : this.#port, this.#peer];
    return { port, peer, unacknowledged: this.#unacknowledged, missed: [...this.#unreleased, ...this.#missed] };
  }

  /** Closes the port. What was collected and not sent is lost. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#port.onmessage = null;
    this.#port.removeEventListener('close', this.#onClosed);
    this.#port.close();
    for (const emitter of [this.#received, this.#drained, this.#linkChanged]) emitter.dispose();
  }

  /** Makes sure that the frame fits the slab that is being collected, and that this one leaves in time. */
  #prepare(frameBytes: number): boolean {
    if (!this.accepts(1, recordBytes(frameBytes))) return false;
    if (!this.#writer.fits(frameBytes)) this.flush();
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(this.#flushSoon);
    }
    return true;
  }

  #post({ buffer, bytes }: FrameSlab, frames: number): void {
    this.#countSent({ frames, bytes });
    this.#port.postMessage({ slab: buffer, bytes } satisfies SlabMessage, [buffer]);
  }

  #countSent(sent: { readonly frames: number; readonly bytes: number }): void {
    this.#sentFrames += sent.frames;
    this.#sentBytes += sent.bytes;
    this.#unacknowledged.push(sent);
  }

  #receive(message: SlabMessage): void {
    if ('slab' in message) this.#receiveSlab(message.slab, message.bytes);
    else if ('taken' in message) this.#receiveTaken(message.taken, message.buffers);
    else {
      this.#peer = message.link;
      this.#linkChanged.fire(message.link);
    }
  }

  #receiveSlab(buffer: ArrayBuffer, bytes: number): void {
    const unreleased = { slab: buffer, bytes };
    this.#unreleased.add(unreleased);
    const capacity = buffer.byteLength;
    const release = (kept?: 'kept'): void => {
      if (!this.#unreleased.delete(unreleased)) return;
      if (kept === undefined) this.#pool.give(buffer);
      if (this.#taken.length === 0) queueMicrotask(this.#acknowledgeSoon);
      this.#taken.push(capacity);
    };
    if (this.#received.listenerCount > 0) {
      this.#received.fire({ buffer, bytes, release });
      return;
    }
    this.#lost += 1;
    release();
  }

  /** For each buffer that came one of the same size goes back, if there is one to spare. */
  #acknowledge(): void {
    const taken = this.#taken.splice(0);
    if (this.#disposed || taken.length === 0) return;
    const buffers = taken.flatMap((capacity) => this.#pool.spare(capacity) ?? []);
    this.#port.postMessage({ taken: taken.length, buffers } satisfies SlabMessage, buffers);
  }

  #receiveTaken(taken: number, buffers: readonly ArrayBuffer[]): void {
    for (const { frames, bytes } of this.#unacknowledged.splice(0, taken)) {
      this.#sentFrames -= frames;
      this.#sentBytes -= bytes;
    }
    for (const buffer of buffers) this.#pool.give(buffer);
    if (!this.#refused || !this.writable) return;
    this.#refused = false;
    this.#drained.fire();
  }
}
