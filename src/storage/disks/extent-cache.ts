/** Clean extents that were read or written last. What has been there longest without use goes first. */
export class ExtentCache {
  readonly #limit: number;
  readonly #extents = new Map<number, Uint8Array<ArrayBuffer>>();

  /** `limit`: extents kept at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#extents.size;
  }

  get(index: number): Uint8Array<ArrayBuffer> | undefined {
    const found = this.#extents.get(index);
    if (found) {
      // Maps remember the order of insertion: the last used is the last.
      this.#extents.delete(index);
      this.#extents.set(index, found);
    }
    return found;
  }

  set(index: number, extent: Uint8Array<ArrayBuffer>): void {
    this.#extents.delete(index);
    this.#extents.set(index, extent);
    for (const oldest of this.#extents.keys()) {
      if (this.#extents.size <= this.#limit) return;
      this.#extents.delete(oldest);
    }
  }

  delete(index: number): void {
    this.#extents.delete(index);
  }
}
