import type { ByteRange } from '../../api/content-store';
import type { LayerNode } from '../../api/layer';

/** Some bytes of a file, one after the other. */
export interface FilePiece {
  readonly size: number;
  /** Where they are in the uncompressed tar; absent for a hole, which reads as zeros. */
  readonly offset?: number;
}

/** Where the bytes of a range of a file are. What is behind its end is left out. */
export function filePieces({ size, offset, parts }: LayerNode, range: ByteRange): readonly FilePiece[] {
  const [start, end] = [Math.min(range.start, size), Math.min(range.end, size)];
  if (start >= end) return [];
  if (!parts) return [{ size: end - start, offset: offset + start }];
  const pieces: FilePiece[] = [];
  let at = start;
  for (const part of parts) {
    const [from, to] = [Math.max(part.start, at), Math.min(part.start + part.size, end)];
    if (from >= to) continue;
    if (from > at) pieces.push({ size: from - at });
    pieces.push({ size: to - from, offset: part.offset + from - part.start });
    at = to;
  }
  if (at < end) pieces.push({ size: end - at });
  return pieces;
}
