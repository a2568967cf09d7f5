import type { Awaitable } from '../../api/file-tree';

/** Where ranges come from: the end of a port, or anything else that takes a while. */
export interface RangeSource {
  /** Bytes in all. */
  readonly size: number;
  /** All of the range. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** The unit of the cache: what the content store verifies at once. */
const blockBytes = 256 * 1024;

/** Blocks fetched by one question at most; the content store hands them out in pieces of that size. */
const blocksPerFetch = 4;

/** How many blocks are read ahead of a reader that goes straight on, at most, and what a piece has more. */
const maxAhead = 8;

export interface RangeCacheOptions {
  /** Blocks that are kept at most. */
  readonly blocks?: number;
}

/** 16 MiB. */
const defaultBlocks = 64;

/**
 * Ranges of something that does not change, in blocks: those last used are kept, and a reader that goes straight on
 * finds the next ones on their way. Answers come at once when all blocks are there.
 */
export class RangeCache {
  readonly #source: RangeSource;
  readonly #capacity: number;
  /** In the order of use. */
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #coming = new Map<number, Promise<Uint8Array>>();
  #lastBlock = -2;
  #ahead = 0;

  constructor(source: RangeSource, { blocks = defaultBlocks }: RangeCacheOptions = {}) {
    this.#source = source;
    this.#capacity = blocks;
  }

  /** The range in pieces that are views of the cache's. */
  read(start: number, end: number): Awaitable<readonly Uint8Array[]> {
    if (end <= start) return [];
    const [first, last] = [Math.floor(start / blockBytes), Math.floor((end - 1) / blockBytes)];
    this.#fetch(first, last);
    const blocks: (Uint8Array | Promise<Uint8Array>)[] = [];
    for (let block = first; block <= last; block += 1) blocks.push(this.#find(block));
    this.#readAhead(first, last);
    const cut = (block: Uint8Array, index: number): Uint8Array => {
      const from = (first + index) * blockBytes;
      return block.subarray(Math.max(0, start - from), end - from);
    };
    if (blocks.every((block) => block instanceof Uint8Array)) return blocks.map(cut);
    return Promise.all(blocks).then((all) => all.map(cut));
  }

  #find(block: number): Uint8Array | Promise<Uint8Array> {
    const cached = this.#blocks.get(block);
    if (!cached) return this.#coming.get(block) ?? Promise.reject(new RangeError(`Block ${block} was not fetched`));
    this.#blocks.delete(block);
    this.#blocks.set(block, cached);
    return cached;
  }

  #readAhead(first: number, last: number): void {
    const goesOn = first === this.#lastBlock || first === this.#lastBlock + 1;
    this.#lastBlock = last;
    this.#ahead = goesOn ? Math.min(maxAhead, Math.max(1, this.#ahead * 2)) : 0;
    const end = Math.ceil(this.#source.size / blockBytes) - 1;
    if (this.#ahead > 0) this.#fetch(last + 1, Math.min(end, this.#aheadOf(last)));
  }

  /** Whole pieces once it is far: a question costs the store as much as the bytes, so half of them make it twice as fast. */
  #aheadOf(block: number): number {
    const until = block + this.#ahead;
    if (this.#ahead < blocksPerFetch) return until;
    return Math.ceil((until + 1) / blocksPerFetch) * blocksPerFetch - 1;
  }

  /** Asks for what is neither there nor on its way, in runs. */
  #fetch(first: number, last: number): void {
    for (let block = first; block <= last; block += 1) {
      if (this.#isKnown(block)) continue;
      const begin = block;
      // A question ends where a piece of the content store ends.
      const limit = Math.min(last, (Math.floor(begin / blocksPerFetch) + 1) * blocksPerFetch - 1);
      while (block < limit && !this.#isKnown(block + 1)) block += 1;
      this.#fetchRun(begin, block);
    }
  }

  #isKnown(block: number): boolean {
    return this.#blocks.has(block) || this.#coming.has(block);
  }

  #fetchRun(first: number, last: number): void {
    const start = first * blockBytes;
    const run = this.#source.read(start, Math.min(this.#source.size, (last + 1) * blockBytes));
    for (let block = first; block <= last; block += 1) {
      const at = block * blockBytes - start;
      const coming = run.then((bytes) => {
        const part = bytes.subarray(at, at + blockBytes);
        this.#keep(block, part);
        return part;
      });
      this.#coming.set(block, coming);
      // Who reads it is told; nobody may be waiting for what was read ahead.
      coming.catch(() => {}).finally(() => this.#coming.delete(block));
    }
  }

  #keep(block: number, bytes: Uint8Array): void {
    this.#blocks.set(block, bytes);
    for (const [oldest] of this.#blocks) {
      if (this.#blocks.size <= this.#capacity) break;
      this.#blocks.delete(oldest);
    }
  }
}
