import { SandboxError } from '../../base/errors';

/** x86's, and the unit in which memory is saved. */
export const pageBytes = 4096;

const pageWords = pageBytes / Int32Array.BYTES_PER_ELEMENT;

/** A bit for each page: bit n & 7 of byte n >> 3. */
export type PageSet = Uint8Array;

function hasPage(set: PageSet, page: number): boolean {
  return (((set[page >> 3] ?? 0) >> (page & 7)) & 1) === 1;
}

function addPage(set: PageSet, page: number): void {
  set[page >> 3] = (set[page >> 3] ?? 0) | (1 << (page & 7));
}

/** What one layer of a saved memory says. */
export interface MemoryLayer {
  /** Pages whose contents are in `packed`, in ascending order. */
  readonly changed: PageSet;
  /** Pages that became zero; none in a first layer, where all pages are zero that are not in it. */
  readonly zeroed?: PageSet;
  /** The contents of the changed pages. Starts at a multiple of 4 in its buffer. */
  readonly packed: Uint8Array;
}

/** How a memory differs from an image: ascending page numbers. */
export interface MemoryDifference {
  readonly changed: readonly number[];
  readonly zeroed: readonly number[];
}

/**
 * A saved memory: where in its layers each page is. Nothing is copied; the layers' buffers are read in place
 * and must stay as they are.
 */
export class MemoryImage {
  readonly pages: number;
  readonly #packed: Int32Array[] = [];
  /** For each page the layer that has it, counted from 1; 0: the page is zero. */
  readonly #layerOf: Uint16Array;
  /** For each page its place among the packed pages of that layer. */
  readonly #placeOf: Uint32Array;

  constructor(pages: number) {
    this.pages = pages;
    this.#layerOf = new Uint16Array(pages);
    this.#placeOf = new Uint32Array(pages);
  }

  /** Puts a layer on top. `DataLoss` when its pages do not match its maps or lie outside the memory. */
  apply({ changed, zeroed, packed }: MemoryLayer): void {
    this.#packed.push(new Int32Array(packed.buffer, packed.byteOffset, packed.byteLength >> 2));
    const layer = this.#packed.length;
    const places = packed.byteLength / pageBytes;
    let place = 0;
    eachPage(changed, (page) => {
      if (page >= this.pages || place >= places) throw mismatch();
      this.#layerOf[page] = layer;
      this.#placeOf[page] = place;
      place += 1;
    });
    if (place !== places) throw mismatch();
    if (!zeroed) return;
    eachPage(zeroed, (page) => {
      if (page >= this.pages || hasPage(changed, page)) throw mismatch();
      this.#layerOf[page] = 0;
    });
  }

  /**
   * Writes the saved pages, in runs. `memory` must be zero before. Pages that are zero are not touched: memory
   * that is touched for the first time is dear.
   */
  writeTo(memory: Uint8Array): void {
    this.#assertSize(memory);
    const words = wordsOf(memory);
    for (let page = 0; page < this.pages; page += 1) {
      const layer = this.#layerOf[page] ?? 0;
      if (layer === 0) continue;
      const [first, place] = [page, this.#placeOf[page] ?? 0];
      while (this.#layerOf[page + 1] === layer && this.#placeOf[page + 1] === place + page + 1 - first) page += 1;
      const run = this.#packed[layer - 1]?.subarray(place * pageWords, (place + page + 1 - first) * pageWords);
      if (run) words.set(run, first * pageWords);
    }
  }

  /** What a layer must say so that this image becomes equal to `memory`, of some pages. Compares every word. */
  differenceTo(memory: Uint8Array, from = 0, to = this.pages): MemoryDifference {
    this.#assertSize(memory);
    const words = wordsOf(memory);
    const changed: number[] = [];
    const zeroed: number[] = [];
    for (let page = from; page < to; page += 1) {
      const saved = this.#packed[(this.#layerOf[page] ?? 0) - 1];
      const at = page * pageWords;
      if (!saved) {
        if (!isZero(words, at)) changed.push(page);
      } else if (!areEqual(words, at, saved, (this.#placeOf[page] ?? 0) * pageWords)) {
        (isZero(words, at) ? zeroed : changed).push(page);
      }
    }
    return { changed, zeroed };
  }

  #assertSize(memory: Uint8Array): void {
    if (memory.length === this.pages * pageBytes) return;
    const [saved, here] = [this.pages * pageBytes, memory.length];
    throw new SandboxError('FailedPrecondition', `The saved memory has ${saved} bytes, the machine has ${here}`);
  }
}

/** Copies pages, ascending, to one after the other; in runs. */
export function packPages(memory: Uint8Array, pages: readonly number[], packed: Uint8Array): void {
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.length);
  for (let index = 0; index < pages.length; ) {
    const [first, begun] = [pages[index] ?? 0, index];
    while (pages[index] === first + index - begun) index += 1;
    const end = first + index - begun;
    packed.set(bytes.subarray(first * pageBytes, end * pageBytes), begun * pageBytes);
  }
}

export function clearPages(memory: Uint8Array, set: PageSet): void {
  const words = wordsOf(memory);
  eachPage(set, (page) => words.fill(0, page * pageWords, (page + 1) * pageWords));
}

export function pageSetOf(pages: number, numbers: readonly number[]): PageSet {
  const set = new Uint8Array((pages + 7) >> 3);
  for (const page of numbers) addPage(set, page);
  return set;
}

/** Calls back with every page of the set, ascending. Words without a page are skipped whole. */
function eachPage(set: PageSet, callback: (page: number) => void): void {
  for (const [index, bits] of set.entries()) {
    if (bits === 0) continue;
    for (let bit = 0; bit < 8; bit += 1) if ((bits >> bit) & 1) callback(index * 8 + bit);
  }
}

/** v86's own array of its memory is a proxy, a hundred times slower than this. */
function wordsOf(memory: Uint8Array): Int32Array {
  return new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
}

// The two loops below see every word of a machine's memory while it stands still: plain indices, no iterators.

function isZero(words: Int32Array, at: number): boolean {
  for (let index = at; index < at + pageWords; index += 4) {
    const any =
      (words[index] as number) |
      (words[index + 1] as number) |
      (words[index + 2] as number) |
      (words[index + 3] as number);
    if (any !== 0) return false;
  }
  return true;
}

function areEqual(a: Int32Array, aAt: number, b: Int32Array, bAt: number): boolean {
  for (let index = 0; index < pageWords; index += 4) {
    const any =
      ((a[aAt + index] as number) ^ (b[bAt + index] as number)) |
      ((a[aAt + index + 1] as number) ^ (b[bAt + index + 1] as number)) |
      ((a[aAt + index + 2] as number) ^ (b[bAt + index + 2] as number)) |
      ((a[aAt + index + 3] as number) ^ (b[bAt + index + 3] as number));
    if (any !== 0) return false;
  }
  return true;
}

function mismatch(): SandboxError {
  return new SandboxError('DataLoss', 'A saved memory is damaged: its pages do not match its map of pages');
}
