import { serializeFileName } from '../file-name';
import { fileError } from '../linux-errno';

/** Longest text of a message: its length has 16 bits. */
const maxTextBytes = 0xffff;

/** size[4] type[1] tag[2]. */
const headerBytes = 7;

/** Writes the fields of one 9P message behind a header that {@link finish} fills in. */
export class MessageWriter {
  #bytes = new Uint8Array(192);
  #view = new DataView(this.#bytes.buffer);
  #length = headerBytes;

  /** Bytes behind the header. */
  get fieldBytes(): number {
    return this.#length - headerBytes;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  /** Any safe integer; negative ones in two's complement. */
  u64(value: number): void {
    const at = this.#grow(8);
    this.#view.setUint32(at, value % 2 ** 32, true);
    this.#view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  /** `ENAMETOOLONG` beyond what a length of 16 bits can say. */
  text(value: string): void {
    const bytes = serializeFileName(value);
    if (bytes.length > maxTextBytes) throw fileError('ENAMETOOLONG', `A text of ${bytes.length} bytes in a 9P message`);
    this.u16(bytes.length);
    this.bytes(bytes);
  }

  /** The fields without the header. */
  fields(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(headerBytes, this.#length);
  }

  /** The message, `following` bytes of which are sent after it. */
  finish(type: number, tag: number, following = 0): Uint8Array<ArrayBuffer> {
    this.#view.setUint32(0, this.#length + following, true);
    this.#view.setUint8(4, type);
    this.#view.setUint16(5, tag, true);
    return this.#bytes.subarray(0, this.#length);
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
