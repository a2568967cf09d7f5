import { type Disposable, toDisposable } from '../../base/lifecycle';

/** Bytes kept for who attaches later: about 3,000 full lines. */
export const scrollbackBytes = 256 * 1024;

/** Bytes a reader may have been given and not yet dealt with. */
const maxUnacknowledged = 256 * 1024;

/** Bytes in one delivery. */
const maxDelivery = 64 * 1024;

export interface ConsoleDelivery {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes lost just before these. */
  readonly skipped: number;
}

/** How far a reader has come, so that it can go on at a copy of the hub. */
export interface ReaderPlace {
  /** Bytes at the end of the hub that it was not given yet. */
  readonly behind: number;
  /** Bytes lost before those, still to be told. */
  readonly lost: number;
  readonly unacknowledged: number;
}

export interface ConsoleReader extends Disposable {
  acknowledge(bytes: number): void;
  readonly place: ReaderPlace;
}

interface Reader {
  /** Absolute position of the next byte to deliver. */
  position: number;
  /** Bytes lost before they came here, still to be told. */
  lost: number;
  unacknowledged: number;
  deliver(delivery: ConsoleDelivery): void;
}

/**
 * The console's output: a ring of the last {@link scrollbackBytes} and any number of readers. The guest is
 * never held back by a reader; one that falls behind the ring skips what it missed, and is told how much.
 */
export class ConsoleHub {
  readonly #ring = new Uint8Array(scrollbackBytes);
  readonly #readers = new Set<Reader>();
  /** Absolute position after the last byte written. */
  #end = 0;

  /** Everything still in the ring. */
  snapshot(): Uint8Array<ArrayBuffer> {
    return this.#copy(this.#begin, this.#end);
  }

  write(bytes: Uint8Array): void {
    const kept = bytes.length > scrollbackBytes ? bytes.subarray(bytes.length - scrollbackBytes) : bytes;
    const skipped = bytes.length - kept.length;
    const at = (this.#end + skipped) % scrollbackBytes;
    const first = Math.min(kept.length, scrollbackBytes - at);
    this.#ring.set(kept.subarray(0, first), at);
    this.#ring.set(kept.subarray(first), 0);
    this.#end += bytes.length;
    for (const reader of this.#readers) this.#pump(reader);
  }

  /** Says that bytes were lost on their way here; readers are told with their next delivery. */
  skip(bytes: number): void {
    for (const reader of this.#readers) reader.lost += bytes;
  }

  /** A new reader starts with the scrollback; one that was at a copy of this hub before, where it was. */
  attach(deliver: (delivery: ConsoleDelivery) => void, from?: ReaderPlace): ConsoleReader {
    const { behind = this.#end, lost = 0, unacknowledged = 0 } = from ?? {};
    const reader: Reader = { position: Math.max(this.#begin, this.#end - behind), lost, unacknowledged, deliver };
    this.#readers.add(reader);
    this.#pump(reader);
    const hub = this;
    return {
      ...toDisposable(() => this.#readers.delete(reader)),
      acknowledge: (bytes) => {
        reader.unacknowledged = Math.max(0, reader.unacknowledged - bytes);
        this.#pump(reader);
      },
      get place() {
        const unseen = Math.max(0, hub.#begin - reader.position);
        const behind = hub.#end - reader.position - unseen;
        return { behind, lost: reader.lost + unseen, unacknowledged: reader.unacknowledged };
      },
    };
  }

  get #begin(): number {
    return Math.max(0, this.#end - scrollbackBytes);
  }

  #pump(reader: Reader): void {
    while (reader.position < this.#end && reader.unacknowledged < maxUnacknowledged) {
      const overrun = Math.max(0, this.#begin - reader.position);
      const start = reader.position + overrun;
      const skipped = overrun + reader.lost;
      reader.lost = 0;
      const end = Math.min(this.#end, start + maxDelivery);
      reader.position = end;
      reader.unacknowledged += end - start;
      reader.deliver({ bytes: this.#copy(start, end), skipped });
    }
  }

  #copy(start: number, end: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(end - start);
    const at = start % scrollbackBytes;
    const first = Math.min(copy.length, scrollbackBytes - at);
    copy.set(this.#ring.subarray(at, at + first), 0);
    copy.set(this.#ring.subarray(0, copy.length - first), first);
    return copy;
  }
}
