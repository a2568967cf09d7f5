import type { Operation } from './operation';
import type { ImageCollection, RecordChange, RecordStore } from './records';

/** `sha256:<64 lower-case hex digits>`, as in the OCI image specification, descriptor.md. */
export type Digest = `sha256:${string}`;

/** A stored blob. */
export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** When it was committed, milliseconds since the epoch. */
  readonly committedAt: number;
  /** See {@link Expectation}. */
  readonly label?: string;
}

/** What an ingest must turn out to be; what is given is checked at commit. */
export interface Expectation {
  readonly digest?: Digest;
  readonly size?: number;
  /**
   * What the blob is kept for, so that it can be told from others when nobody needs it any more. A blob that is
   * there without a label, or with another, has none from then on: somebody else needs it as well.
   */
  readonly label?: string;
  /** Many bytes are to come: it is worth a thread of its own to hash them, where there is one. */
  readonly bulk?: boolean;
}

/** A half-open range of bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A blob on its way in. Nothing of it is visible before `commit`.
 * Errors: `DataLoss` when digest or size differ from what was expected, `ResourceExhausted` over quota.
 */
export interface Ingest {
  /** Bytes taken so far. */
  readonly offset: number;
  /**
   * Takes bytes, which are the caller's again when this resolves. That they could not be stored may be told by the next
   * call only.
   */
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<BlobInfo>;
  /** Drops everything taken; harmless after commit. */
  abort(): Promise<void>;
}

/** What is stored, as of one instant. */
export interface StoreView {
  /** See {@link RecordStore}. */
  list(collection: ImageCollection): ReturnType<RecordStore['list']>;
  get(collection: ImageCollection, key: string): Promise<unknown>;
  blobs(): Promise<readonly BlobInfo[]>;
}

export interface StoreUpdate {
  /** Blobs to delete. Those that are not there do no harm. */
  readonly remove?: readonly Digest[];
  readonly changes?: readonly RecordChange[];
}

/**
 * Blobs by digest, verified when written and again when read.
 * Modelled on containerd's content store: content is invisible until committed.
 */
export interface ContentStore {
  /** `NotFound` when there is no such blob. */
  info(digest: Digest): Promise<BlobInfo>;
  has(digest: Digest): Promise<boolean>;
  /** The whole blob. `DataLoss` names the digest when the stored bytes no longer match it. */
  read(digest: Digest, operation?: Operation): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes of a range, in chunks. Every stored chunk touched is verified against its recorded checksum. */
  open(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array<ArrayBuffer>>;
  ingest(expect: Expectation): Promise<Ingest>;
  /**
   * Commits ingests of this store, and the changes that `plan` wants for them, in one step: all or nothing. What
   * `plan` reads, it reads in that step, so nobody changes it meanwhile; it may wait for nothing else, may be run
   * twice, and may throw a `SandboxError` to undo all. Errors as of {@link Ingest.commit}.
   */
  commitAll(
    ingests: readonly Ingest[],
    plan: (blobs: readonly BlobInfo[], view: StoreView) => Promise<readonly RecordChange[]>,
  ): Promise<readonly BlobInfo[]>;
  /** Deletes blobs and changes records in one step, by what `plan` reads in it. See {@link commitAll} for `plan`. */
  update(plan: (view: StoreView) => Promise<StoreUpdate>): Promise<void>;
  list(): Promise<readonly BlobInfo[]>;
  /** Harmless when there is no such blob. */
  delete(digest: Digest): Promise<void>;
  close(): Promise<void>;
}
