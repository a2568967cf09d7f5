import { describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes';
import { labTypes } from './lab-document';
import type { TarEntryKind } from './tar/tar-entry';
import { serializeTarEntry } from './tar/tar-writer';
import { recognizeTar } from './tar-file';

const digest = 'ab'.repeat(32);

function tarOf(names: readonly string[], size = 0, kind: TarEntryKind = 'file'): Uint8Array {
  const entry = { kind, target: '', mode: 0o644, uid: 0, gid: 0, mtime: 0, size, device: { major: 0, minor: 0 } };
  return concatBytes(names.map((path) => serializeTarEntry({ ...entry, path })));
}

describe('what a tar is', () => {
  it.each([
    ['docker before 25', [`${digest}/VERSION`, `${digest}/json`], 'images'],
    ['docker from 25 on, podman and buildah', [`blobs/sha256/${digest}`], 'images'],
    ['skopeo to docker-archive', [`${digest}.tar`, 'manifest.json'], 'images'],
    ['this page', ['oci-layout', 'index.json'], 'images'],
    ['tar of the folder of a layout', ['./oci-layout'], 'images'],
    ['debootstrap, packed by tar', ['./bin', './etc/passwd'], 'root'],
    ['docker export', ['.dockerenv', 'bin/sh'], 'root'],
    ['a volume of this page', ['data.img'], 'volume'],
  ] as const)('is told of %s', (_, names, kind) => {
    expect(recognizeTar(tarOf(names))).toBe(kind);
  });

  it('is told of a lab by what its index names', () => {
    const head = concatBytes([tarOf(['oci-layout', 'index.json']), new TextEncoder().encode(labTypes.lab)]);
    expect(recognizeTar(head)).toBe('lab');
  });

  it('is told when the first file is longer than what was read', () => {
    const head = concatBytes([tarOf([`blobs/sha256/${digest}`], 10_000_000), new Uint8Array(1000)]);
    expect(recognizeTar(head)).toBe('images');
    expect(recognizeTar(head.subarray(0, 600))).toBe('images');
  });

  it('is told of a saved snapshot by the type that its index names', () => {
    const text = new TextEncoder().encode('{"artifactType":"application/vnd.strata.saved-snapshot.v1"}');
    expect(recognizeTar(concatBytes([tarOf(['index.json'], text.length), text]))).toBe('snapshot');
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['zeros', new Uint8Array(10_240)],
    ['half a header', tarOf(['etc/passwd']).subarray(0, 300)],
    ['a boot sector', new Uint8Array(512).fill(0x55)],
  ])('is nothing where there is %s', (_, head) => {
    expect(recognizeTar(head)).toBeUndefined();
  });
});
