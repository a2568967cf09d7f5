import type { Operation } from './operation';

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
   * there without a label stays without, and one that is stored again without loses its own.
   */
  readonly label?: string;
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
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<BlobInfo>;
  /** Drops everything taken; harmless after commit. */
  abort(): Promise<void>;
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
  list(): Promise<readonly BlobInfo[]>;
  /** Harmless when there is no such blob. */
  delete(digest: Digest): Promise<void>;
  close(): Promise<void>;
}
