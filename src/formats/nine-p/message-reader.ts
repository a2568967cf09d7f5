import { parseFileName } from '../file-name';
import { fileError, type LinuxErrno } from '../linux-errno';

/** Reads the fields of one 9P message. What it throws has the error number to answer with. */
export class MessageReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A number of 64 bits that JavaScript can count with. */
  u64(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    if (!Number.isSafeInteger(value)) this.fail('it has a number of more than 53 bits', 'EOVERFLOW');
    return value;
  }

  /** The same with a sign, in two's complement. */
  i64(): number {
    const at = this.#take(8);
    const value = this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    if (!Number.isSafeInteger(value)) this.fail('it has a number of more than 53 bits', 'EOVERFLOW');
    return value;
  }

  /** A view of the next bytes. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** A name, be it UTF-8 or not (formats/file-name.ts). */
  text(): string {
    return parseFileName(this.bytes(this.u16()));
  }

  end(): void {
    if (this.left > 0) this.fail(`it has ${this.left} bytes too many`);
  }

  fail(how: string, errno: LinuxErrno = 'EPROTO'): never {
    throw fileError(errno, `Not a 9P message: ${how}`);
  }

  #take(count: number): number {
    if (count > this.left) this.fail(`${count - this.left} bytes are missing`);
    const start = this.#offset;
    this.#offset += count;
    return start;
  }
}
