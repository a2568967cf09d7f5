import type { BlobInfo, Digest, StoreUpdate, StoreView } from '../api/content-store';

/** A committed blob as a backend knows it. */
export interface BlobRecord extends BlobInfo {
  /** Which chunks are its bytes. Changes when the blob is ingested again. */
  readonly content: string;
  /** Bytes of every chunk but the last. Of the record, so that another version may choose another size. */
  readonly chunkSize: number;
  /** See block-checksums.ts. */
  readonly checksums: Uint8Array<ArrayBuffer>;
}

/** Bytes as a backend holds them until their chunk is full. */
export type ChunkPart = Blob | Uint8Array<ArrayBuffer>;

/** One piece of a content; all but the last are `chunkSize` bytes long. */
export interface Chunk {
  readonly index: number;
  readonly parts: readonly ChunkPart[];
  /** Bytes of all parts. */
  readonly size: number;
}

/** A content that is complete but for its last chunk, and what it is to be known as. */
export interface BlobCommit {
  readonly record: BlobRecord;
  readonly last: Chunk | undefined;
}

/** Says what else to change, by what it reads in the same step. See {@link ContentStore.commitAll}. */
export type UpdatePlan = (view: StoreView) => Promise<StoreUpdate>;

/**
 * Where chunks and records are kept. It moves bytes and makes commits atomic; digests, sizes and checksums
 * are the business of {@link VerifiedContentStore}, so that every backend is verified by the same code.
 */
export interface BlobBackend {
  /** Bytes of the chunks it wants. */
  readonly chunkSize: number;
  /** Bytes of a part at most. */
  readonly partSize: number;
  /** A copy of bytes that a chunk will consist of: they are the caller's again. To be called in any thread. */
  makePart(bytes: Uint8Array<ArrayBuffer>): ChunkPart;
  find(digest: Digest): Promise<BlobRecord | undefined>;
  list(): Promise<readonly BlobRecord[]>;
  /** Bytes of a half-open range, or undefined when some of them are missing or unreadable. */
  read(record: BlobRecord, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Opens a content for chunks. `ResourceExhausted` when `size` is known not to fit. */
  begin(content: string, size: number | undefined): Promise<void>;
  put(content: string, chunk: Chunk): Promise<void>;
  /** In one step: last chunks, records, the end of earlier contents of the same digests, and what the plan wants. */
  commit(commits: readonly BlobCommit[], plan?: UpdatePlan): Promise<void>;
  /** Drops a content that was not committed. Harmless for any other. */
  drop(content: string): Promise<void>;
  remove(digest: Digest): Promise<void>;
  close(): Promise<void>;
}

/** What others are told of a record. */
export function infoOf({ digest, size, committedAt, label }: BlobRecord): BlobInfo {
  return { digest, size, committedAt, ...(label !== undefined && { label }) };
}
