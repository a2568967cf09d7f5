const empty = new ArrayBuffer(0);

/**
 * A module's memory as its calls reach into it: nothing outside of it can be named. Pointers and sizes are what came
 * from the guest, as they came.
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #bytes = new Uint8Array(empty);
  #view = new DataView(empty);

  /** There is none before the module is instantiated: a start function that calls us has no valid pointers. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** Bytes that it has now. */
  get size(): number {
    return this.#current().length;
  }

  /** Those bytes themselves, or undefined when they are not all in the memory. Good until the guest runs again. */
  range(pointer: number, size: number): Uint8Array<ArrayBuffer> | undefined {
    const [start, length] = [pointer >>> 0, size >>> 0];
    const bytes = this.#current();
    return start + length <= bytes.length ? bytes.subarray(start, start + length) : undefined;
  }

  /** Text up to the first NUL, of at most `most` bytes; undefined when there is no such. */
  text(pointer: number, most: number): string | undefined {
    const start = pointer >>> 0;
    const bytes = this.#current();
    const window = bytes.subarray(start, start + most + 1);
    const end = window.indexOf(0);
    return end < 0 ? undefined : new TextDecoder().decode(window.subarray(0, end));
  }

  /** Whether so many bytes are there to be written. */
  has(pointer: number, size: number): boolean {
    return (pointer >>> 0) + size <= this.#current().length;
  }

  /** After {@link has}. */
  setU32(pointer: number, value: number): void {
    this.#view.setUint32(pointer >>> 0, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.#view.setBigUint64(pointer >>> 0, value, true);
  }

  /** A memory that has grown has a new buffer. */
  #current(): Uint8Array<ArrayBuffer> {
    const buffer = this.#memory?.buffer ?? empty;
    if (buffer !== this.#bytes.buffer) {
      this.#bytes = new Uint8Array(buffer as ArrayBuffer);
      this.#view = new DataView(buffer);
    }
    return this.#bytes;
  }
}
