import { SandboxError } from '../base/errors';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads what {@link ByteWriter} writes. Reading beyond the end throws `DataLoss`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** See {@link ByteWriter.uint}. */
  uint(): number {
    let [value, unit] = [0, 1];
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      unit *= 0x80;
    }
    if (!Number.isSafeInteger(value)) throw new SandboxError('DataLoss', 'A number is beyond 2^53');
    return value;
  }

  /** A copy of the next bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const start = this.#take(count);
    return new Uint8Array(this.#bytes.subarray(start, start + count));
  }

  rest(): Uint8Array<ArrayBuffer> {
    return this.bytes(this.left);
  }

  blob(): Uint8Array<ArrayBuffer> {
    return this.bytes(this.u16());
  }

  /** UTF-8; what is none becomes U+FFFD. */
  text(): string {
    return decoder.decode(this.blob());
  }

  /** Throws `DataLoss` when something is left. */
  end(): void {
    if (this.left > 0) throw new SandboxError('DataLoss', `${this.left} bytes too many`);
  }

  #take(count: number): number {
    if (count > this.left) throw new SandboxError('DataLoss', `${count - this.left} bytes are missing`);
    const start = this.#offset;
    this.#offset += count;
    return start;
  }
}
