import { SandboxError } from '../../base/errors';

/** Reads big-endian numbers, as network protocols have them. Reading beyond the end throws `InvalidArgument`. */
export class PacketReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #offset = 0;

  /** `what` is what errors call the packet: "a DNS message". */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Goes to a place in the packet, which may be its end. */
  set offset(offset: number) {
    if (!(offset >= 0 && offset <= this.#bytes.length)) this.fail(`it has no byte ${offset}`);
    this.#offset = offset;
  }

  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** A copy of the next bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const start = this.#take(count);
    return new Uint8Array(this.#bytes.subarray(start, start + count));
  }

  rest(): Uint8Array<ArrayBuffer> {
    return this.bytes(this.left);
  }

  /** Throws `InvalidArgument`, saying what is wrong with the packet. */
  fail(why: string): never {
    throw malformed(this.#what, why);
  }

  #take(count: number): number {
    if (count > this.left) this.fail(`${count - this.left} bytes are missing`);
    const start = this.#offset;
    this.#offset += count;
    return start;
  }
}

/** The error for bytes that are not what they were taken for. */
export function malformed(what: string, why: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not ${what}: ${why}`);
}
