import type { FilePart } from '../../api/layer';
import { unsoundTar } from './tar-entry';
import { parseTarNumber, tarBlock } from './tar-header';

/**
 * Sparse files as GNU tar writes them (GNU tar's manual, appendix D): the bytes without the holes, and somewhere a
 * list of numbers, offset and length of each part in turn.
 */
const pairLength = 24;
/** Pairs in the header of the old format, and in each block that continues it. */
const headerPairs = { from: 386, count: 4, more: 482 };
const blockPairs = { from: 0, count: 21, more: 504 };
const realSizeAt = 483;

export interface OldSparseMap {
  readonly numbers: readonly number[];
  /** Another block of numbers follows. */
  readonly more: boolean;
}

/** The map in the header of an entry of type `S`, or in a block behind it. Errors: `InvalidArgument`. */
export function parseOldSparseMap(block: Uint8Array, where: 'header' | 'block', at: number): OldSparseMap {
  const { from, count, more } = where === 'header' ? headerPairs : blockPairs;
  const numbers: number[] = [];
  for (let pair = from; pair < from + count * pairLength && block[pair] !== 0; pair += pairLength) {
    numbers.push(readNumber(block.subarray(pair, pair + 12), at), readNumber(block.subarray(pair + 12, pair + 24), at));
  }
  return { numbers, more: block[more] !== 0 };
}

/** Bytes of the file that the header of an entry of type `S` describes. */
export function oldSparseSize(block: Uint8Array, at: number): number {
  return readNumber(block.subarray(realSizeAt, realSizeAt + 12), at);
}

/** The map of format 0.1, in an extended header. */
export function parseSparseList(text: string, at: number): readonly number[] {
  if (!/^(\d{1,16}(,\d{1,16})*)?$/.test(text)) throw unsoundTar('the map of a sparse file is damaged', at);
  return text === '' ? [] : text.split(',').map(Number);
}

/**
 * Takes the map of format 1.0 off the front of a body: lines of digits, first how many pairs there are, padded to a
 * whole number of blocks.
 */
export class SparseMapReader {
  readonly #at: number;
  readonly #limit: number;
  readonly #numbers: number[] = [];
  #pending = '';
  #expected: number | undefined;

  /** `limit` is for the numbers. */
  constructor(at: number, limit: number) {
    this.#at = at;
    this.#limit = limit;
  }

  /** Takes one block; gives the numbers when they are all there. Errors: `InvalidArgument`. */
  push(block: Uint8Array): readonly number[] | undefined {
    const lines = (this.#pending + String.fromCharCode(...block)).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      if (!/^\d{1,16}$/.test(line)) throw this.#damaged();
      if (this.#expected === undefined) this.#expected = Number(line) * 2;
      else this.#numbers.push(Number(line));
      if (this.#expected > this.#limit) throw this.#damaged();
      if (this.#numbers.length === this.#expected) return this.#numbers;
    }
    if (this.#pending.length > tarBlock) throw this.#damaged();
    return undefined;
  }

  #damaged(): Error {
    return unsoundTar('the map of a sparse file is damaged', this.#at);
  }
}

/**
 * The parts of a file of `size` bytes whose `stored` bytes begin at `offset`. Errors: `InvalidArgument` unless they
 * are in order, inside of the file, and as many as are stored.
 */
export function sparseParts(
  numbers: readonly number[],
  { size, stored, offset }: { readonly size: number; readonly stored: number; readonly offset: number },
): readonly FilePart[] {
  const parts: FilePart[] = [];
  let [end, taken] = [0, 0];
  for (let at = 0; at < numbers.length; at += 2) {
    const [start = 0, length = Number.NaN] = numbers.slice(at, at + 2);
    if (!(start >= end && start + length <= size))
      throw unsoundTar('the parts of a sparse file overlap or leave it', offset);
    if (length > 0) parts.push({ start, size: length, offset: offset + taken });
    taken += length;
    end = start + length;
  }
  if (taken !== stored) throw unsoundTar('the parts of a sparse file are not what is stored of it', offset);
  return parts;
}

function readNumber(field: Uint8Array, at: number): number {
  const value = parseTarNumber(field);
  if (value === undefined || value < 0) throw unsoundTar('the map of a sparse file is damaged', at);
  return value;
}
