import type { FilePart } from '../../api/layer';
import { parseFileName } from '../file-name';
import {
  mergePaxRecords,
  noPaxRecords,
  type PaxRecords,
  parsePaxRecords,
  paxCount,
  paxText,
  paxTime,
  paxXattrs,
} from './pax-records';
import { oldSparseSize, parseOldSparseMap, parseSparseList, SparseMapReader, sparseParts } from './sparse-map';
import { type TarEntry, type TarEntryKind, unsoundTar } from './tar-entry';
import { isZeroBlock, parseTarHeader, type TarHeader, tarBlock, untilZero } from './tar-header';

export interface TarLimits {
  /** Bytes of one extended header or long name. */
  readonly extendedBytes: number;
  /** Parts of sparse files, all together. */
  readonly sparseParts: number;
}

const defaultLimits: TarLimits = { extendedBytes: 1024 ** 2, sparseParts: 200_000 };

/** Extended headers in front of one entry; a real one has three at most. */
const extendedLimit = 8;

const kinds: Readonly<Record<string, TarEntryKind>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

const oldSparse = 'S'.charCodeAt(0);

/** What extended headers have said about the entry that comes next. */
interface Pending {
  readonly records: PaxRecords;
  readonly path?: string;
  readonly target?: string;
}

/** An entry of which it is not known yet where its bytes are. Made once, for there are many. */
type Draft = { -readonly [Key in keyof TarEntry]: TarEntry[Key] };

/**
 * Reads a tar as it streams by: tells each entry with the place of its bytes, and keeps none of them. It reads
 * ustar, pax, GNU's long names and large numbers, sparse files in all four forms, and V7.
 *
 * Not a library's: modern-tar, which reads our archives, decodes names and attributes as UTF-8 for better or worse
 * (`security.capability` is binary), takes sparse files and unknown types for plain files, keeps extended headers
 * of any size, and knows neither devices' numbers nor where bytes are.
 *
 * Errors: `InvalidArgument` for what is no tar, or beyond the limits.
 */
export class TarScanner {
  readonly #onEntry: (entry: TarEntry) => void;
  readonly #limits: TarLimits;
  /** Bytes seen so far; while a block is looked at, the end of it. */
  #position = 0;
  /** Bytes to pass over, and how many of them are padding. */
  #skip = 0;
  #padding = 0;
  /** What takes the next `wanted` bytes. */
  #take: (bytes: Uint8Array) => void = this.#readHeader;
  #wanted = tarBlock;
  #gathered: Uint8Array | undefined;
  #gatheredLength = 0;
  #pending: Pending = { records: noPaxRecords };
  #extended = 0;
  #sparsePairs = 0;
  #zeroBlocks = 0;

  constructor(onEntry: (entry: TarEntry) => void, limits: TarLimits = defaultLimits) {
    this.#onEntry = onEntry;
    this.#limits = limits;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      // Two blocks of zeros are the end; programs read nothing behind it.
      if (this.ended) return;
      at += this.#skip > 0 ? this.#pass(bytes.length - at) : this.#gather(bytes, at);
    }
  }

  /** Whether its end has come: what follows is not read. */
  get ended(): boolean {
    return this.#zeroBlocks === 2;
  }

  /** To be called when everything was pushed. */
  finish(): void {
    // As Go's reader, which docker and containerd use: neither the blocks at the end nor the last padding is missed.
    const complete = this.#skip <= this.#padding && this.#gatheredLength === 0 && this.#take === this.#readHeader;
    if (!complete || this.#extended > 0) throw unsoundTar('it ends too early', this.#position);
  }

  #pass(available: number): number {
    const passed = Math.min(this.#skip, available);
    this.#skip -= passed;
    this.#position += passed;
    return passed;
  }

  /** Collects what is wanted and hands it on. Returns how many bytes were taken. */
  #gather(bytes: Uint8Array, at: number): number {
    const available = Math.min(this.#wanted - this.#gatheredLength, bytes.length - at);
    this.#position += available;
    const piece = bytes.subarray(at, at + available);
    if (available === this.#wanted) {
      this.#take(piece);
      return available;
    }
    this.#gathered ??= new Uint8Array(this.#wanted);
    this.#gathered.set(piece, this.#gatheredLength);
    this.#gatheredLength += available;
    if (this.#gatheredLength === this.#wanted) {
      const whole = this.#gathered;
      this.#gathered = undefined;
      this.#gatheredLength = 0;
      this.#take(whole);
    }
    return available;
  }

  #expect(wanted: number, take: (bytes: Uint8Array) => void): void {
    this.#wanted = wanted;
    this.#take = take;
  }

  #expectHeader(): void {
    this.#expect(tarBlock, this.#readHeader);
  }

  #readHeader(block: Uint8Array): void {
    const at = this.#position - tarBlock;
    if (isZeroBlock(block)) {
      this.#zeroBlocks += 1;
      return;
    }
    if (this.#zeroBlocks > 0) throw unsoundTar('something follows its end', at);
    const header = parseTarHeader(block, at);
    if (header.size < 0) throw unsoundTar('the size of an entry is negative', at);
    const type = String.fromCharCode(header.type);
    if (type === 'x' || type === 'L' || type === 'K') this.#readExtended(type, header.size, at);
    // As docker does: what a global header says is not heeded. git puts the commit's name there.
    else if (type === 'g') this.#skipBody(header.size);
    else this.#readEntry(header, block, at);
  }

  #readExtended(type: 'x' | 'L' | 'K', size: number, at: number): void {
    this.#extended += 1;
    if (size > this.#limits.extendedBytes)
      throw unsoundTar(`an extended header has ${size} bytes, at most ${this.#limits.extendedBytes} are read`, at);
    if (this.#extended > extendedLimit) throw unsoundTar('too many extended headers in a row', at);
    if (size === 0) return;
    this.#expect(padded(size), (body) => {
      this.#expectHeader();
      this.#addExtended(type, body.subarray(0, size), at);
    });
  }

  #addExtended(type: 'x' | 'L' | 'K', body: Uint8Array, at: number): void {
    const { records } = this.#pending;
    if (type === 'x')
      this.#pending = { ...this.#pending, records: mergePaxRecords(records, parsePaxRecords(body, at)) };
    else {
      const name = parseFileName(untilZero(body));
      this.#pending = { ...this.#pending, [type === 'L' ? 'path' : 'target']: name };
    }
  }

  #readEntry(header: TarHeader, block: Uint8Array, at: number): void {
    const pending = this.#pending;
    this.#pending = { records: noPaxRecords };
    this.#extended = 0;
    const entry = entryOf(header, pending, at);
    const sparse = pending.records === noPaxRecords ? undefined : sparseOf(pending.records, at);
    const stored = entry.size;
    if (header.type === oldSparse) this.#readOldSparse(entry, block, at);
    else if (sparse === undefined || entry.kind !== 'file') this.#finishEntry(entry, stored);
    else {
      entry.size = sparse.size;
      if (sparse.numbers) this.#finishEntry(entry, stored, sparse.numbers);
      else this.#readSparseMap(entry, stored, at);
    }
  }

  #readOldSparse(entry: Draft, block: Uint8Array, at: number): void {
    const stored = entry.size;
    entry.size = oldSparseSize(block, at);
    const numbers: number[] = [];
    const add = (next: Uint8Array, where: 'header' | 'block'): void => {
      const map = parseOldSparseMap(next, where, at);
      numbers.push(...map.numbers);
      this.#requireFew(numbers.length, at);
      if (map.more) this.#expect(tarBlock, (following) => add(following, 'block'));
      else this.#finishEntry(entry, stored, numbers);
    };
    add(block, 'header');
  }

  #readSparseMap(entry: Draft, whole: number, at: number): void {
    const reader = new SparseMapReader(at, 2 * this.#limits.sparseParts);
    let stored = whole;
    const take = (block: Uint8Array): void => {
      stored -= tarBlock;
      if (stored < 0) throw unsoundTar('the map of a sparse file is longer than the file', at);
      const numbers = reader.push(block);
      if (numbers) this.#finishEntry(entry, stored, numbers);
    };
    this.#expect(tarBlock, take);
  }

  /** Tells an entry of which `stored` bytes come next. */
  #finishEntry(entry: Draft, stored: number, sparse?: readonly number[]): void {
    const offset = this.#position;
    if (!Number.isSafeInteger(offset + padded(stored))) throw unsoundTar('an entry has too many bytes', offset);
    this.#skipBody(stored);
    this.#expectHeader();
    entry.offset = offset;
    if (sparse) entry.parts = this.#partsOf(sparse, { size: entry.size, stored, offset });
    this.#onEntry(entry);
  }

  #partsOf(numbers: readonly number[], file: Parameters<typeof sparseParts>[1]): readonly FilePart[] {
    this.#requireFew(numbers.length, file.offset);
    this.#sparsePairs += numbers.length / 2;
    return sparseParts(numbers, file);
  }

  #requireFew(numbers: number, at: number): void {
    const { sparseParts: limit } = this.#limits;
    if (this.#sparsePairs + numbers / 2 > limit) throw unsoundTar(`sparse files have more than ${limit} parts`, at);
  }

  #skipBody(size: number): void {
    this.#skip = padded(size);
    this.#padding = this.#skip - size;
  }
}

function padded(size: number): number {
  return Math.ceil(size / tarBlock) * tarBlock;
}

function entryOf(header: TarHeader, { records, path, target }: Pending, at: number): Draft {
  const type = String.fromCharCode(header.type);
  const named = paxText(records, 'GNU.sparse.name', at) ?? paxText(records, 'path', at) ?? path;
  const whole = named ?? parseFileName(header.path);
  // Before there was a type for directories, their names ended in a slash.
  const kind = type === '\0' && whole.endsWith('/') ? 'directory' : kinds[type];
  if (!kind) throw unsoundTar(`an entry of the unknown type ${JSON.stringify(type)}`, at);
  const size = kind === 'file' ? (paxCount(records, 'size', at) ?? header.size) : 0;
  const xattrs = records === noPaxRecords ? undefined : paxXattrs(records);
  const entry: Draft = {
    kind,
    path: whole,
    target: paxText(records, 'linkpath', at) ?? target ?? parseFileName(header.target),
    mode: header.mode,
    uid: paxCount(records, 'uid', at) ?? header.uid,
    gid: paxCount(records, 'gid', at) ?? header.gid,
    mtime: paxTime(records, 'mtime', at) ?? header.mtime,
    size,
    offset: 0,
    device: { major: header.major, minor: header.minor },
  };
  if (xattrs) entry.xattrs = xattrs;
  requireOwner('uid', entry.uid, at);
  requireOwner('gid', entry.gid, at);
  return entry;
}

function requireOwner(key: 'uid' | 'gid', value: number, at: number): void {
  if (value < 0 || value > 0xffffffff) throw unsoundTar(`the ${key} ${value} does not exist`, at);
}

interface Sparse {
  readonly size: number;
  /** Absent when they stand at the beginning of the body. */
  readonly numbers?: readonly number[];
}

/** What pax records say about the holes of a file; see GNU tar's manual for the formats 0.0, 0.1 and 1.0. */
function sparseOf(records: PaxRecords, at: number): Sparse | undefined {
  const { values, sparse } = records;
  const size = paxCount(records, 'GNU.sparse.realsize', at) ?? paxCount(records, 'GNU.sparse.size', at);
  const map = paxText(records, 'GNU.sparse.map', at);
  const major = paxCount(records, 'GNU.sparse.major', at);
  const isSparse = major !== undefined || map !== undefined || values.has('GNU.sparse.numblocks') || sparse.length > 0;
  if (!isSparse) return undefined;
  if (size === undefined) throw unsoundTar('a sparse file without its size', at);
  if (major === 1) return { size };
  return { size, numbers: map === undefined ? sparse : parseSparseList(map, at) };
}
