import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { parseFileName } from '../file-name';
import type { TarEntry } from './tar-entry';
import { TarScanner } from './tar-scanner';
import { serializeTarEntry, tarEnd, tarPadding, type WrittenEntry } from './tar-writer';

const noDevice = { major: 0, minor: 0 };
const plain: WrittenEntry = {
  kind: 'file',
  path: 'a',
  target: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  device: noDevice,
};

function readBack(entries: readonly WrittenEntry[]): readonly TarEntry[] {
  const found: TarEntry[] = [];
  const scanner = new TarScanner((entry) => found.push(entry));
  for (const entry of entries) {
    scanner.push(serializeTarEntry(entry));
    const size = entry.kind === 'file' ? entry.size : 0;
    scanner.push(concatBytes([new Uint8Array(size), tarPadding(size)]));
  }
  scanner.push(tarEnd);
  scanner.finish();
  return found;
}

describe('a tar that is written', () => {
  it('is read as the same entries', () => {
    const names = fc
      .uint8Array({ minLength: 1, maxLength: 300 })
      .map((bytes) => parseFileName(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))));
    const attributes = fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^user\.[a-z]{1,5}$/), fc.uint8Array({ minLength: 1, maxLength: 50 })), {
        selector: ([name]) => name,
        minLength: 1,
        maxLength: 3,
      })
      .map((pairs) => new Map(pairs));
    const times = fc.oneof(fc.nat(), fc.constantFrom(-1, -1.5, 1_700_000_000.25, 8 ** 11, 0.000000001));
    const common = fc.record({
      path: names,
      mode: fc.nat(0o7777),
      uid: fc.oneof(fc.nat(70_000), fc.constant(0o7777777), fc.constant(4_000_000_000)),
      gid: fc.nat(70_000),
      mtime: times,
      xattrs: fc.option(attributes, { nil: undefined }),
    });
    const kinds = fc.oneof(
      fc.record({ kind: fc.constant('file' as const), size: fc.nat(2000) }),
      fc.record({ kind: fc.constantFrom('symlink' as const, 'link' as const), target: names }),
      fc.record({
        kind: fc.constantFrom('character' as const, 'block' as const),
        device: fc.record({ major: fc.nat(4095), minor: fc.nat(0o7777777) }),
      }),
      fc.record({ kind: fc.constantFrom('directory' as const, 'fifo' as const) }),
    );
    const entry = fc.tuple(common, kinds).map(([shared, own]): WrittenEntry => {
      const { xattrs, ...rest } = shared;
      return { ...plain, ...rest, ...own, ...(xattrs && { xattrs }) };
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
        const expected = entries.map((each) => ({
          ...each,
          path: each.kind === 'directory' ? `${each.path}/` : each.path,
        }));
        expect(readBack(entries).map(({ offset: _, ...rest }) => rest)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('has room for files of any size', () => {
    const [found] = (() => {
      const entries: TarEntry[] = [];
      new TarScanner((entry) => entries.push(entry)).push(serializeTarEntry({ ...plain, size: 8 ** 11 }));
      return entries;
    })();
    expect(found).toMatchObject({ size: 8 ** 11 });
  });

  it('is plain ustar where that says everything', () => {
    expect(serializeTarEntry(plain)).toHaveLength(512);
    expect(serializeTarEntry({ ...plain, path: 'b'.repeat(101) })).toHaveLength(3 * 512);
  });
});
