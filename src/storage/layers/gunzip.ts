import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';

/**
 * Bytes given to the decoder at a time. Everything that comes out of one such part is in memory at once: 16 MB at
 * deflate's highest ratio.
 */
const partSize = 16 * 1024;

/** How a member begins: ID1, ID2 and the only method there is (RFC 1952, section 2.3.1). */
const memberMagic = [0x1f, 0x8b, 0x08] as const;

/**
 * The bytes in a gzip file. It may have several members (RFC 1952, section 2.2), as those of eStargz do, of which
 * `DecompressionStream` takes one: it fails at the first byte behind it. So what may be the beginning of a member is
 * handed to it by itself, after everything before has come out; if it fails there, a new one goes on.
 * Errors: `DataLoss` for what is no gzip, damaged, or cut off.
 */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let member = new GzipMember();
  try {
    for await (const { bytes, mayBegin } of splitAtMembers(source)) {
      if (mayBegin) yield* member.drain();
      try {
        yield* member.push(bytes);
      } catch (error) {
        if (!mayBegin) throw error;
        member.dispose();
        member = new GzipMember();
        yield* member.push(bytes);
      }
    }
    yield* member.finish();
  } finally {
    member.dispose();
  }
}

const idle = Symbol('nothing came');
const accepted = Symbol('the input was taken');

class GzipMember {
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #reading: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;

  constructor() {
    const { readable, writable } = new DecompressionStream('gzip');
    this.#writer = writable.getWriter();
    this.#reader = readable.getReader();
    // Failures are heard where they are waited for.
    this.#writer.closed.catch(() => undefined);
    this.#reader.closed.catch(() => undefined);
  }

  /** Takes bytes, which the decoder may look at later, and gives what comes out meanwhile. */
  push(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    return this.#until(this.#writer.write(bytes.slice()).then(() => accepted));
  }

  /** What is left to come out of the bytes so far. */
  drain(): AsyncGenerator<Uint8Array> {
    return this.#until(undefined);
  }

  async *finish(): AsyncGenerator<Uint8Array> {
    const closed = this.#writer.close();
    closed.catch(() => undefined);
    for (;;) {
      const { done, value } = await this.#read().catch(damaged);
      this.#reading = undefined;
      if (done) break;
      yield value;
    }
    await closed.catch(damaged);
  }

  /** Not waited for: a write that is under way ends only when somebody reads what comes of it. */
  dispose(): void {
    this.#reader.cancel().catch(() => undefined);
    this.#writer.abort().catch(() => undefined);
  }

  /** Gives what comes until `end` resolves; without one, until nothing has come for a turn of the event loop. */
  async *#until(end: Promise<typeof accepted> | undefined): AsyncGenerator<Uint8Array> {
    end?.catch(() => undefined);
    for (;;) {
      const next = await Promise.race([this.#read(), end ?? nextTurn()]).catch(damaged);
      if (next === idle || next === accepted) return;
      this.#reading = undefined;
      if (next.done) throw new SandboxError('DataLoss', 'The gzip file ends, and something follows');
      yield next.value;
    }
  }

  #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (!this.#reading) {
      this.#reading = this.#reader.read();
      this.#reading.catch(() => undefined);
    }
    return this.#reading;
  }
}

interface Part {
  readonly bytes: Uint8Array;
  readonly mayBegin: boolean;
}

/** Parts in which a member can only begin at the beginning. */
async function* splitAtMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  let held: Uint8Array = new Uint8Array();
  let first = true;
  for await (const chunk of source) {
    const bytes = held.length > 0 ? concatBytes([held, chunk]) : chunk;
    // What may turn out to be a beginning waits for what follows.
    const end = bytes.length - heldLength(bytes);
    held = new Uint8Array(bytes.subarray(end));
    for (let from = 0; from < end; ) {
      const mayBegin = !first && isMagic(bytes, from);
      const to = Math.min(end, from + partSize, findMagic(bytes, from + 1, from + partSize));
      yield { bytes: bytes.subarray(from, to), mayBegin };
      first = false;
      from = to;
    }
  }
  if (held.length > 0) yield { bytes: held, mayBegin: false };
}

/** Where the next member may begin, or `end`. */
function findMagic(bytes: Uint8Array, from: number, end: number): number {
  const searched = bytes.subarray(0, Math.min(bytes.length, end + memberMagic.length));
  for (let at = searched.indexOf(memberMagic[0], from); at !== -1; at = searched.indexOf(memberMagic[0], at + 1)) {
    if (isMagic(searched, at)) return at;
  }
  return end;
}

function isMagic(bytes: Uint8Array, at: number): boolean {
  return memberMagic.every((byte, index) => bytes[at + index] === byte);
}

/** Bytes at the end that may be the first ones of a beginning. */
function heldLength(bytes: Uint8Array): number {
  if (bytes.at(-1) === memberMagic[0]) return 1;
  return bytes.at(-2) === memberMagic[0] && bytes.at(-1) === memberMagic[1] ? 2 : 0;
}

/** Resolves after everything that is ready now has been dealt with. */
function nextTurn(): Promise<typeof idle> {
  return new Promise((resolve) => setTimeout(() => resolve(idle)));
}

function damaged(cause: unknown): never {
  if (cause instanceof SandboxError) throw cause;
  throw new SandboxError('DataLoss', 'The gzip file is damaged', { cause });
}
