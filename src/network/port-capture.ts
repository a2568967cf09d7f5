import type { CapturedFrame, CaptureReading, CaptureSpec } from '../api/capture';
import type { Clock } from '../base/clock';
import type { FrameSlab } from '../formats/frame-slab';
import { SlabReader } from '../formats/frame-slab';
import { parseMacAddress } from '../formats/mac-address';
import { serializePcapng } from '../formats/pcapng';
import { describeFrame } from '../formats/wire/describe-frame';
import { macNumber } from './switch-port';

/** What a capture keeps; older frames give way. A minute of a busy guest's web traffic fits, a second of a full link. */
export const captureLimits = { frames: 20_000, bytes: 16 * 1024 * 1024 } as const;

interface Kept {
  readonly at: number;
  readonly direction: CapturedFrame['direction'];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The frames that pass one port, from a moment on until it is stopped; the newest of them are kept. */
export class PortCapture {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #station: number | undefined;
  /** The frame of that number is at its remainder by the limit. */
  readonly #kept: Kept[] = [];
  #frames = 0;
  #dropped = 0;
  #keptBytes = 0;
  #recording = true;
  /** The wall clock's time is read once, so that frames are in order whatever is done to it. */
  readonly #epoch: number;

  /** `InvalidArgument` for a station that is none. */
  constructor({ station }: CaptureSpec, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    this.#epoch = clock.now() - clock.monotonic();
    this.#station = station === undefined ? undefined : macNumber(parseMacAddress(station));
  }

  stop(): void {
    this.#recording = false;
  }

  /** Copies what is wanted of a slab. */
  recordSlab(direction: Kept['direction'], slab: FrameSlab): void {
    const reader = new SlabReader(slab);
    while (reader.next()) this.record(direction, reader.bytes.subarray(reader.frameStart, reader.frameEnd));
  }

  /** Copies the frame if it is wanted. */
  record(direction: Kept['direction'], frame: Uint8Array): void {
    if (!this.#recording || !this.#wants(frame)) return;
    const bytes = new Uint8Array(frame);
    const slot = this.#frames % captureLimits.frames;
    if (this.#frames - this.#dropped === captureLimits.frames) this.#drop();
    this.#kept[slot] = { at: this.#epoch + this.#clock.monotonic(), direction, bytes };
    this.#frames += 1;
    this.#keptBytes += bytes.length;
    while (this.#keptBytes > captureLimits.bytes) this.#drop();
  }

  /** With the last `limit` frames of those that have all words of the filter somewhere in their row. */
  read(filter: string, limit: number): CaptureReading {
    const wanted = matcher(filter);
    const rows: CapturedFrame[] = [];
    let matching = 0;
    for (let number = this.#frames; number > this.#dropped; number -= 1) {
      // Nobody is shown them: without a filter they need not be looked at.
      if (!wanted && rows.length === limit) break;
      const row = this.#row(number);
      if (!row || (wanted && !wanted(row))) continue;
      matching += 1;
      if (rows.length < limit) rows.push(row);
    }
    return {
      recording: this.#recording,
      frames: this.#frames,
      dropped: this.#dropped,
      keptBytes: this.#keptBytes,
      matching: wanted ? matching : this.#frames - this.#dropped,
      rows: rows.reverse(),
    };
  }

  /** All that the filter lets through, as a file for Wireshark. `name` is what it calls the port. */
  file(name: string, description: string, filter: string): Uint8Array<ArrayBuffer> {
    const wanted = matcher(filter);
    const frames = [];
    for (let number = this.#dropped + 1; number <= this.#frames; number += 1) {
      const kept = this.#at(number);
      if (!kept || (wanted && !wanted(describe(number, kept)))) continue;
      const direction = kept.direction === 'from' ? 'in' : 'out';
      frames.push({ at: kept.at, bytes: kept.bytes, direction } as const);
    }
    return serializePcapng({
      application: 'Strata',
      name,
      description,
      frames,
      received: this.#frames,
      dropped: this.#dropped,
      at: this.#epoch + this.#clock.monotonic(),
    });
  }

  #row(number: number): CapturedFrame | undefined {
    const kept = this.#at(number);
    return kept && describe(number, kept);
  }

  #at(number: number): Kept | undefined {
    return this.#kept[(number - 1) % captureLimits.frames];
  }

  #drop(): void {
    this.#dropped += 1;
    this.#keptBytes -= this.#at(this.#dropped)?.bytes.length ?? 0;
    delete this.#kept[(this.#dropped - 1) % captureLimits.frames];
  }

  /** From or to the station, or to many (the lowest bit of the first byte; IEEE 802, 8.2.2). */
  #wants(frame: Uint8Array): boolean {
    if (this.#station === undefined) return true;
    if (frame.length < 12) return false;
    const [to, from] = [macNumber(frame.subarray(0, 6)), macNumber(frame.subarray(6, 12))];
    return from === this.#station || to === this.#station || ((frame[0] ?? 0) & 1) !== 0;
  }
}

function describe(number: number, { at, direction, bytes }: Kept): CapturedFrame {
  return { number, at, direction, bytes: bytes.length, ...describeFrame(bytes) };
}

/** Undefined for a filter that lets all through. */
function matcher(filter: string): ((row: CapturedFrame) => boolean) | undefined {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return undefined;
  return ({ source, destination, protocol, info }) => {
    const text = `${source} ${destination} ${protocol} ${info}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
}
