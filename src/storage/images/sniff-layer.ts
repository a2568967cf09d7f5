import { concatBytes } from '../../base/bytes';
import { type LayerCompression, sniffCompression } from '../../formats/layer-type';
import { isZeroBlock, parseTarHeader, tarBlock } from '../../formats/tar/tar-header';
import { decompressLayer } from '../layers/decompress-layer';

/** First bytes of a blob that are looked at: with any usual setting a header of a tar comes out of them. */
const headBytes = 64 * 1024;

export interface SniffedBytes {
  /** How it is compressed, if it is a tar that begins with an entry. */
  readonly layer: LayerCompression | undefined;
  /** All of the bytes. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Looks at the beginning of bytes, for the header of a tar's first entry, which has a checksum. */
export async function sniffLayer(source: AsyncGenerator<Uint8Array>): Promise<SniffedBytes> {
  const parts: Uint8Array[] = [];
  for (let length = 0; length < headBytes; ) {
    const { done, value } = await source.next();
    if (done) break;
    parts.push(value.slice());
    length += value.length;
  }
  const head = concatBytes(parts);
  const compression = sniffCompression(head);
  const isTar = await beginsWithEntry(head, compression);
  return { layer: isTar ? compression : undefined, bytes: followedBy(head, source) };
}

async function beginsWithEntry(head: Uint8Array, compression: LayerCompression): Promise<boolean> {
  try {
    let block = new Uint8Array();
    for await (const piece of decompressLayer(followedBy(head), compression)) {
      block = concatBytes([block, piece.subarray(0, tarBlock)]);
      if (block.length >= tarBlock) break;
    }
    if (block.length < tarBlock || isZeroBlock(block.subarray(0, tarBlock))) return false;
    parseTarHeader(block.subarray(0, tarBlock), 0);
    return true;
  } catch {
    // Not compressed after all, or no tar: it may be anything.
    return false;
  }
}

async function* followedBy(head: Uint8Array, rest?: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  if (rest) yield* rest;
}
