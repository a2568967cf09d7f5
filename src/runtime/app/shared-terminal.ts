import { lineCost, maxTypedAhead } from './terminal-protocol';

/** Places of the counters, as 32-bit words. They wrap. */
const word = { news: 0, acknowledged: 1, written: 2, read: 3 } as const;

/** Places of the program's figures, as 64-bit floating-point numbers. */
const figure = { busyMs: 2, runningSince: 3, memoryBytes: 4 } as const;

const headerBytes = 64;

/** What a program has used so far. */
export interface ProgramFigures {
  /** Time that it had the CPU, milliseconds, up to `runningSince`. */
  busyMs: number;
  /** Since when it has it, milliseconds since the epoch; 0 while it waits. */
  runningSince: number;
  memoryBytes: number;
}

/**
 * Memory that a program's thread and the page's share: what was typed, in a ring of lines, counters that the thread
 * can stand still for (`Atomics.wait`), and its figures.
 */
export class SharedTerminal {
  readonly #words: Int32Array;
  readonly #figures: Float64Array;
  readonly #ring: Uint8Array;

  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(headerBytes + maxTypedAhead);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, 4);
    this.#figures = new Float64Array(buffer, 0, 8);
    this.#ring = new Uint8Array(buffer, headerBytes);
  }

  get news(): number {
    return Atomics.load(this.#words, word.news);
  }

  /** Stands still; not on a page's own thread. */
  wait(seen: number, ms: number | undefined): void {
    Atomics.wait(this.#words, word.news, seen, ms);
  }

  get acknowledged(): number {
    return Atomics.load(this.#words, word.acknowledged) >>> 0;
  }

  acknowledge(bytes: number): void {
    Atomics.add(this.#words, word.acknowledged, bytes);
    this.#tell();
  }

  /** There has to be room: the page counts what it has put and what was taken. */
  put(line: Uint8Array): void {
    const at = Atomics.load(this.#words, word.written) >>> 0;
    const record = new Uint8Array(lineCost(line));
    new DataView(record.buffer).setUint32(0, line.length, true);
    record.set(line, 4);
    for (const [index, byte] of record.entries()) this.#ring[(at + index) % this.#ring.length] = byte;
    Atomics.store(this.#words, word.written, at + record.length);
    this.#tell();
  }

  get hasLine(): boolean {
    return Atomics.load(this.#words, word.written) !== Atomics.load(this.#words, word.read);
  }

  take(): Uint8Array | undefined {
    if (!this.hasLine) return undefined;
    const at = Atomics.load(this.#words, word.read) >>> 0;
    const byteAt = (index: number): number => this.#ring[(at + index) % this.#ring.length] ?? 0;
    const length = byteAt(0) + byteAt(1) * 0x100 + byteAt(2) * 0x1_0000 + byteAt(3) * 0x100_0000;
    const line = Uint8Array.from({ length }, (_, index) => byteAt(4 + index));
    Atomics.store(this.#words, word.read, at + lineCost(line));
    return line;
  }

  get figures(): ProgramFigures {
    const [busyMs = 0, runningSince = 0, memoryBytes = 0] = this.#figures.subarray(figure.busyMs);
    return { busyMs, runningSince, memoryBytes };
  }

  set figures({ busyMs, runningSince, memoryBytes }: ProgramFigures) {
    this.#figures[figure.busyMs] = busyMs;
    this.#figures[figure.runningSince] = runningSince;
    this.#figures[figure.memoryBytes] = memoryBytes;
  }

  #tell(): void {
    Atomics.add(this.#words, word.news, 1);
    Atomics.notify(this.#words, word.news);
  }
}
