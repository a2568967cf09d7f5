import type { Descriptor } from '../formats/oci';
import type { BlobInfo, ByteRange, Digest } from './content-store';
import type { CheckedSignature } from './distribution';
import type { LayerIndex } from './layer';
import type { Operation } from './operation';

/** What an image is made for (image-spec v1.1, config.md and image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Holds back garbage collection from what was put under it; kept over a reload, and expires by itself. */
export interface Lease {
  readonly id: string;
  /** From now on only references keep what was put. */
  release(): Promise<void>;
  /** Nothing more is put under it: what was stays until it expires, for somebody who goes on. */
  leave(): void;
}

/**
 * The content of images: what registries and archives read from and write to. Blobs may come in any order; a
 * reference appears when everything below it is there.
 */
export interface ImageContent {
  /**
   * A layer counts as there when its blob, its uncompressed tar and its index are. With a lease, what is there stays:
   * to be given by whoever does not put it then.
   */
  has(descriptor: Descriptor, lease?: Lease): Promise<boolean>;
  /**
   * Takes a blob, verified. A piece of its bytes is looked at no more once the next is asked for. A layer (by media type) is decompressed, indexed and stored seekable on the way.
   * Errors: `DataLoss` when digest or size differ, `InvalidArgument` for a layer that is no sound tar or beyond the
   * limits, `ResourceExhausted` over quota. Nothing is kept then.
   */
  put(descriptor: Descriptor, bytes: AsyncIterable<Uint8Array>, lease: Lease, operation?: Operation): Promise<void>;
  info(digest: Digest): Promise<BlobInfo>;
  /** The blob bit for bit as it was put. */
  open(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array<ArrayBuffer>>;
  read(digest: Digest, operation?: Operation): Promise<Uint8Array<ArrayBuffer>>;
  /** `NotFound` when there is no such layer. */
  layer(diffId: Digest): Promise<LayerIndex>;
  /**
   * Makes the reference (canonical: `docker.io/library/busybox:1`) name that manifest or index.
   * `FailedPrecondition` when something below it is missing (of an index: of every platform that was put).
   */
  tag(reference: string, descriptor: Descriptor): Promise<void>;
  /** What the last check of an image's signature found; undefined when it was never checked. `NotFound`. */
  signature(image: Digest): Promise<CheckedSignature | undefined>;
  /** Keeps that for as long as the image, or forgets it. Harmless when there is no such image any more. */
  keepSignature(image: Digest, signature: CheckedSignature | undefined): Promise<void>;
  /** What a reference, or a digest, names. `NotFound` in docker's words. */
  resolve(reference: string): Promise<Descriptor>;
  lease(): Promise<Lease>;
  /** Deletes what no image and no lease needs. Safe at any time, beside anything. */
  collect(): Promise<unknown>;
}
