import type { Operation } from '../../api/operation';
import type { Descriptor } from '../../formats/oci';

/** A manifest or an index, bit for bit, and what it is. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface BlobRequest {
  readonly signal: AbortSignal;
  readonly cache: RequestCache;
}

/** A blob from `offset` on, which is what was asked for, or 0 when the server gives nothing but the whole. */
export interface BlobBody {
  readonly offset: number;
  readonly pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>;
}

/** Where images of one repository are pulled from. */
export interface ImageSource {
  /**
   * What a tag or a digest names. `NotFound`; `DataLoss` when it is not what its digest says; `InvalidArgument` for what is
   * no manifest.
   */
  manifest(tagOrDigest: string, operation?: Operation): Promise<FetchedManifest>;
  /** One attempt; nothing of the bytes is verified. */
  blob(descriptor: Descriptor, offset: number, request: BlobRequest): Promise<BlobBody>;
}
