import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayerNode } from '../../api/layer';
import { filePieces } from './file-pieces';

const node = { kind: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, links: 1 } as const;

/** Reads pieces from a tar of bytes that say where they are. */
const readPieces = (of: LayerNode, start: number, end: number): number[] =>
  filePieces(of, { start, end }).flatMap(({ size, offset }) =>
    Array.from({ length: size }, (_, at) => (offset === undefined ? 0 : offset + at)),
  );

describe('the pieces of a file', () => {
  it('are one for a plain file, and none behind its end', () => {
    const plain: LayerNode = { ...node, size: 10, offset: 512 };
    expect(filePieces(plain, { start: 2, end: 100 })).toEqual([{ size: 8, offset: 514 }]);
    expect(filePieces(plain, { start: 10, end: 12 })).toEqual([]);
  });

  it('of a sparse one are what its parts say, with zeros between', () => {
    const lengths = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 5 })), { maxLength: 5 });
    fc.assert(
      fc.property(lengths, fc.nat(5), fc.nat(60), fc.nat(60), (pairs, tail, a, b) => {
        const whole: number[] = [];
        const parts = pairs.map(([gap, size], index) => {
          for (let hole = 0; hole < gap; hole += 1) whole.push(0);
          const placed = { start: whole.length, size, offset: 1000 * (index + 1) };
          for (let at = 0; at < size; at += 1) whole.push(placed.offset + at);
          return placed;
        });
        for (let hole = 0; hole < tail; hole += 1) whole.push(0);
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(readPieces({ ...node, size: whole.length, offset: 0, parts }, start, end)).toEqual(
          whole.slice(start, end),
        );
      }),
    );
  });
});
