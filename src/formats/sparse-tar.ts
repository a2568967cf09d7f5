import { createTarDecoder, createTarPacker, type ParsedTarEntry } from 'modern-tar';
import { concatBytes } from '../base/bytes';
import { SandboxError, toSandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';

/** Bytes of a sparse file, at their place; what lies between two parts reads as zeros. */
export interface SparsePart {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A file with holes. */
export interface SparseFile {
  readonly sizeBytes: number;
  /** Ascending, none over another. */
  readonly parts: AsyncIterable<SparsePart>;
}

/** Tar pads what it stores to blocks of this size. */
const blockSize = 512;
/** Pieces that a file may consist of: a map of more is a mistake, or an attack. */
const maxPieces = 4 * 1024 * 1024;
/** Characters of a number in a map: 2 to the 63rd has 19. */
const maxDigits = 20;

/**
 * The first file of a tar, with its holes where GNU tar has written them (`tar -S --format=pax`, sparse format 1.0:
 * GNU tar manual, appendix "Storing Sparse Files"). Errors: `InvalidArgument` for what is no such tar, `DataLoss`
 * for one that is damaged or was cut off.
 */
export async function parseSparseTar(archive: ReadableStream<Uint8Array>): Promise<SparseFile> {
  const entries = chunksOf(archive.pipeThrough(asTransform()))[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await entries.next().catch(rethrow);
    if (done) throw refused('it has no file');
    const { header, body } = value;
    if (header.type !== undefined && header.type !== 'file') {
      await body.cancel();
      continue;
    }
    const chunks = new Chunks(body);
    const { 'GNU.sparse.major': major, 'GNU.sparse.realsize': realSize } = header.pax ?? {};
    if (major === undefined) return { sizeBytes: header.size, parts: wholeFile(chunks, header.size) };
    const sizeBytes = Number(realSize);
    if (major !== '1' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
      throw refused('its holes are told otherwise');
    const map = await readMap(chunks, sizeBytes);
    return { sizeBytes, parts: readParts(chunks, map) };
  }
}

/** Where a file has something: whole blocks of 512 bytes, but for its end. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

export interface SparseTarSource {
  readonly name: string;
  readonly sizeBytes: number;
  /** Ascending, none over another. */
  readonly pieces: readonly Piece[];
  /** Theirs, one after the other. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The file as such a tar, which any GNU tar unpacks with its holes. */
export function serializeSparseTar({
  name,
  sizeBytes,
  pieces,
  bytes,
}: SparseTarSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const map = serializeMap(pieces, sizeBytes);
  const { readable, controller } = createTarPacker();
  const write = async (): Promise<void> => {
    const size = pieces.reduce((sum, { length }) => sum + length, map.length);
    const pax = {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': name,
      'GNU.sparse.realsize': String(sizeBytes),
    };
    const header = { name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, pax };
    const entry = controller.add(header).getWriter();
    await entry.write(map);
    for await (const chunk of bytes) await entry.write(chunk);
    await entry.close();
    controller.finalize();
  };
  // A reader that leaves ends the writing, and a failure is what the reader hears.
  write().catch((error: unknown) => controller.error(error));
  return chunksOf(readable as ReadableStream<Uint8Array<ArrayBuffer>>);
}

/** A piece of no length at the end says how long the file is, as GNU tar does it. */
function serializeMap(pieces: readonly Piece[], sizeBytes: number): Uint8Array {
  const last = pieces.at(-1);
  const ended =
    last && last.offset + last.length === sizeBytes ? pieces : [...pieces, { offset: sizeBytes, length: 0 }];
  const text = [ended.length, ...ended.flatMap(({ offset, length }) => [offset, length])].join('\n');
  const map = new TextEncoder().encode(`${text}\n`);
  const padded = new Uint8Array(Math.ceil(map.length / blockSize) * blockSize);
  padded.set(map);
  return padded;
}

/** Decimal numbers, one a line: how many pieces, then offset and length of each; padded to a block. */
async function readMap(chunks: Chunks, sizeBytes: number): Promise<readonly Piece[]> {
  let read = 0;
  const next = async (): Promise<number> => {
    const digits = await chunks.line(maxDigits);
    read += digits.length + 1;
    if (!/^\d+$/.test(digits)) throw damaged('its map of holes cannot be read');
    return Number(digits);
  };
  const count = await next();
  if (count > maxPieces) throw refused(`it has ${count} pieces`);
  const map: Piece[] = [];
  let end = 0;
  for (let at = 0; at < count; at += 1) {
    const [offset, length] = [await next(), await next()];
    if (offset < end || !Number.isSafeInteger(offset + length) || offset + length > sizeBytes) {
      throw damaged(`it has a piece of ${length} bytes at ${offset}, behind ${end} and of ${sizeBytes}`);
    }
    if (length > 0 && end % blockSize !== 0) throw refused('it has pieces that are no whole blocks');
    end = offset + length;
    map.push({ offset, length });
  }
  await chunks.skip((blockSize - (read % blockSize)) % blockSize);
  return map;
}

async function* readParts(chunks: Chunks, map: readonly Piece[]): AsyncGenerator<SparsePart> {
  for (const { offset, length } of map) {
    for (let from = 0; from < length; ) {
      const bytes = await chunks.some(length - from);
      yield { offset: offset + from, bytes };
      from += bytes.length;
    }
  }
}

async function* wholeFile(chunks: Chunks, size: number): AsyncGenerator<SparsePart> {
  yield* readParts(chunks, [{ offset: 0, length: size }]);
}

/** The body of an entry, read by lines and by pieces. */
class Chunks {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(body: ReadableStream<Uint8Array>) {
    this.#chunks = chunksOf(body)[Symbol.asyncIterator]();
  }

  /** At least one byte and at most `most`. */
  async some(most: number): Promise<Uint8Array> {
    await this.#more();
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) left -= (await this.some(left)).length;
  }

  /** Up to a line feed, which is taken as well. */
  async line(most: number): Promise<string> {
    const parts: Uint8Array[] = [];
    for (let length = 0; length <= most; ) {
      await this.#more();
      const end = this.#rest.indexOf(10);
      if (end < 0) {
        length += this.#rest.length;
        parts.push(await this.some(this.#rest.length));
        continue;
      }
      parts.push(await this.some(end));
      this.#rest = this.#rest.subarray(1);
      return new TextDecoder().decode(concatBytes(parts));
    }
    throw damaged('its map of holes cannot be read');
  }

  async #more(): Promise<void> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next().catch(rethrow);
      if (done) throw damaged('it ends too early');
      this.#rest = value;
    }
  }
}

/** The decoder's two ends have wider types than `pipeThrough` takes. */
function asTransform(): ReadableWritablePair<ParsedTarEntry, Uint8Array> {
  return createTarDecoder({ strict: true });
}

/** The decoder has no types of errors; a tar that ends too early is the one that is worth telling apart. */
function rethrow(thrown: unknown): never {
  if (thrown instanceof SandboxError) throw thrown;
  const { message } = toSandboxError(thrown);
  throw /truncated/.test(message) ? damaged('it ends too early') : refused(message);
}

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a tar of one file: ${what}`);
}

function damaged(what: string): SandboxError {
  return new SandboxError('DataLoss', `The tar is damaged: ${what}`);
}
