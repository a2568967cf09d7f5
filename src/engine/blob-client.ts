import type { Digest } from '../api/content-store';

/** What saved machines are kept under: a blob with it goes when no snapshot's record names it. */
export const stateLabel = 'machine state';

/** The blobs of the store as the engine uses them: whole, and moved rather than copied. */
export interface BlobClient {
  /** Stores the bytes, which are handed over. `ResourceExhausted` over quota. */
  put(bytes: ArrayBuffer, label?: string): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** All of them, verified, in their order. `NotFound` or `DataLoss` name the one that is not there. */
  read(digests: readonly Digest[]): Promise<ArrayBuffer[]>;
  /** Which of them are not stored. */
  missing(digests: readonly Digest[]): Promise<readonly Digest[]>;
  /** Harmless when there is none. */
  delete(digest: Digest): Promise<void>;
  /** Deletes the blobs of that label that are not to be kept; returns how many. */
  sweep(label: string, keep: readonly Digest[]): Promise<number>;
}
