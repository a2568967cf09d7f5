import type { Ingest } from '../../api/content-store';
import type { Operation } from '../../api/operation';
import { throwIfAborted } from '../../base/errors';

/**
 * The bytes of a blob on their way from a registry or an archive to who unpacks them, kept as they pass. Who unpacks
 * may give up; then {@link drain} takes what is left, so that it turns out whether the blob was damaged on its way.
 */
export class ReceivedBytes implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #ingest: Ingest;
  readonly #operation: Operation;
  readonly #total: number;
  #failure: { readonly error: unknown } | undefined;

  /** `total` is for the progress; the ingest checks it. */
  constructor(source: AsyncIterable<Uint8Array>, ingest: Ingest, total: number, operation: Operation) {
    this.#source = source[Symbol.asyncIterator]();
    this.#ingest = ingest;
    this.#operation = operation;
    this.#total = total;
  }

  /** Why the bytes ended, if it was not their end: they stopped coming, were not kept, or nobody wants them. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk;
  }

  async drain(): Promise<void> {
    while (await this.#next()) {
      // Kept, and that is all.
    }
  }

  /** Nothing more is wanted. */
  async dispose(): Promise<void> {
    await this.#source.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      throwIfAborted(this.#operation.signal);
      const { done, value } = await this.#source.next();
      if (done) return undefined;
      await this.#ingest.write(value);
      const progress = { phase: 'Storing the layer', done: this.#ingest.offset, total: this.#total };
      this.#operation.onProgress?.(progress);
      return value;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
