import { SandboxError } from '../base/errors';

const encoder = new TextEncoder();

/** Writes little-endian numbers and strings into an array that grows. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** A whole number below 2^64. */
  u64(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  /** A whole number below 2^53 in as few bytes as it needs: seven bits each, the lowest first, the last without 0x80. */
  uint(value: number): this {
    let rest = value;
    while (rest > 0x7f) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** A u16 length and that many bytes. `InvalidArgument` when there are more. */
  blob(value: Uint8Array): this {
    if (value.length > 0xffff) {
      throw new SandboxError('InvalidArgument', `Too long by ${value.length - 0xffff} bytes: at most 65535 fit`);
    }
    return this.u16(value.length).bytes(value);
  }

  /** UTF-8 as a {@link blob}. `InvalidArgument` with a zero in it, where C would see its end. */
  text(value: string): this {
    if (value.includes('\0'))
      throw new SandboxError('InvalidArgument', `A zero byte in ${JSON.stringify(value.slice(0, 80))}`);
    return this.blob(encoder.encode(value));
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Makes room and says where. Replaces the array, so it comes before any use of it. */
  #grow(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}
