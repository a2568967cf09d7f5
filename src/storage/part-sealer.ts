import type { Digest } from '../api/content-store';
import { createDigester } from '../formats/digest';
import type { ChunkPart } from './blob-backend';
import { createBlockChecksums } from './block-checksums';

/** What a whole blob turned out to be. */
export interface Seal {
  readonly digest: Digest;
  /** See block-checksums.ts. */
  readonly checksums: Uint8Array<ArrayBuffer>;
}

export interface SealedPart {
  readonly part: ChunkPart;
  /** The memory that was given, to be filled again. */
  readonly buffer: ArrayBuffer;
}

/** Hashes the parts of one blob, in their order, and makes of each what the backend keeps. */
export interface PartSealer {
  /** The memory of the bytes is the sealer's until this resolves. */
  seal(bytes: Uint8Array<ArrayBuffer>): Promise<SealedPart>;
  /** Once, after the last part. */
  finish(): Promise<Seal>;
  /** Nothing more is wanted; parts that were made stay. */
  dispose(): void;
}

/** Makes a part of a copy of the bytes. */
export type MakePart = (bytes: Uint8Array<ArrayBuffer>) => ChunkPart;

/** One that works in this very thread. */
export async function createPartSealer(makePart: MakePart): Promise<PartSealer> {
  const [digester, checksums] = await Promise.all([createDigester(), createBlockChecksums()]);
  return {
    async seal(bytes) {
      digester.update(bytes);
      checksums.update(bytes);
      return { part: makePart(bytes), buffer: bytes.buffer };
    },
    async finish() {
      return { digest: digester.digest(), checksums: checksums.finish() };
    },
    dispose() {},
  };
}
