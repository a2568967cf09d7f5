import { WasiError } from './errno';

/** Refuses what is no UTF-8. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A program's memory as its calls reach into it. Pointers and sizes are what came from the program; whatever is not
 * in its memory is the error `fault`.
 */
export class WasiMemory {
  #memory: WebAssembly.Memory | undefined;
  #bytes = new Uint8Array();
  #view = new DataView(new ArrayBuffer(0));

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  get size(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** Those bytes themselves. Good until the program runs again. */
  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    const at = this.#place(pointer, length);
    return this.#bytes.subarray(at, at + (length >>> 0));
  }

  text(pointer: number, length: number): string {
    try {
      return strict.decode(this.bytes(pointer, length));
    } catch (thrown) {
      throw thrown instanceof WasiError ? thrown : new WasiError('illegalBytes');
    }
  }

  u16(pointer: number): number {
    const at = this.#place(pointer, 2);
    return this.#view.getUint16(at, true);
  }

  u32(pointer: number): number {
    const at = this.#place(pointer, 4);
    return this.#view.getUint32(at, true);
  }

  u64(pointer: number): bigint {
    const at = this.#place(pointer, 8);
    return this.#view.getBigUint64(at, true);
  }

  setU32(pointer: number, value: number): void {
    const at = this.#place(pointer, 4);
    this.#view.setUint32(at, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    const at = this.#place(pointer, 8);
    this.#view.setBigUint64(at, value, true);
  }

  /** Writes a whole structure. */
  set(pointer: number, structure: Uint8Array): void {
    this.bytes(pointer, structure.length).set(structure);
  }

  /** A memory that has grown has a new buffer. */
  #place(pointer: number, length: number): number {
    const buffer = this.#memory?.buffer;
    if (buffer && buffer !== this.#bytes.buffer) {
      this.#bytes = new Uint8Array(buffer as ArrayBuffer);
      this.#view = new DataView(buffer);
    }
    const at = pointer >>> 0;
    if (at + (length >>> 0) > this.#bytes.length) throw new WasiError('fault');
    return at;
  }
}
