import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import type { TarEntry } from '../tar/tar-entry';
import { LayerBuilder } from './layer-builder';
import { parseLayerIndex, serializeLayerIndex } from './layer-index';
import { noDigest } from './layer-tar-fixture';

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'ä', '\udcff', '.wh.a', '.wh..wh..opq'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }),
);
const count = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat().map((value) => Math.floor(value / 2 ** 22)),
);
const part = fc.record({ start: count, size: count, offset: count });
const entry: fc.Arbitrary<TarEntry> = fc.record(
  {
    kind: fc.constantFrom('file', 'file', 'directory', 'symlink', 'character', 'block', 'fifo', 'link'),
    path: fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
    target: fc.constantFrom('a', 'b', 'a/b', 'ä'),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffffffff }),
    gid: fc.nat(70_000),
    mtime: fc.double({ noNaN: true, noDefaultInfinity: true }).map((time) => time + 0),
    size: count,
    offset: count,
    device: fc.record({ major: fc.nat(4095), minor: fc.nat(2 ** 20) }),
    parts: fc.array(part, { maxLength: 3 }),
    xattrs: fc
      .array(fc.tuple(name, fc.uint8Array({ maxLength: 9 })), { minLength: 1, maxLength: 3 })
      .map((all) => new Map(all)),
  },
  { requiredKeys: ['kind', 'path', 'target', 'mode', 'uid', 'gid', 'mtime', 'size', 'offset', 'device'] },
);

/** Any tree that a tar can make. */
const index = fc.tuple(fc.array(entry, { maxLength: 20 }), count).map(([entries, size]) => {
  const builder = new LayerBuilder();
  for (const each of entries) {
    try {
      builder.add(each);
    } catch (error) {
      // Entries that do not fit together: the tree goes on without.
      if (!(error instanceof SandboxError)) throw error;
    }
  }
  return { diffId: noDigest, size, nodes: builder.finish() };
});

describe('the stored form of a layer’s index', () => {
  it('gives the same index again', () => {
    fc.assert(
      fc.property(index, (made) => {
        expect(parseLayerIndex(noDigest, serializeLayerIndex(made))).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused as DataLoss, or gives another tree, when something in it is changed', () => {
    const bytes = fc.tuple(index, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean());
    fc.assert(
      fc.property(bytes, ([made, at, change, cut]) => {
        const stored = serializeLayerIndex(made);
        const place = at % stored.length;
        const damaged = cut ? stored.slice(0, place) : stored;
        if (!cut) damaged[place] = (damaged[place] ?? 0) ^ change;
        try {
          const { nodes } = parseLayerIndex(noDigest, damaged);
          // Still one tree: every node but the root is somebody's child, and none its own ancestor.
          const seen = new Set<number>([1]);
          const visit = (number: number, depth: number): void => {
            if (depth > nodes.length) throw new Error('A ring');
            for (const child of nodes[number - 1]?.children?.values() ?? []) {
              seen.add(child);
              visit(child, depth + 1);
            }
          };
          visit(1, 0);
          expect(seen.size).toBe(nodes.length);
        } catch (error) {
          if (!(error instanceof SandboxError && error.code === 'DataLoss')) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes about 30 bytes for a file', () => {
    const builder = new LayerBuilder();
    const device = { major: 0, minor: 0 };
    for (let at = 0; at < 10_000; at += 1) {
      const path = `usr/share/${Math.floor(at / 100)}/file-${at}`;
      builder.add({
        kind: 'file',
        path,
        target: '',
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 1.7e9,
        size: 5000,
        offset: at * 6000,
        device,
      });
    }
    expect(serializeLayerIndex({ size: 6e7, nodes: builder.finish() }).length).toBeLessThan(10_000 * 36);
  });
});
