import { concatBytes } from '../../src/base/bytes';
import { digestOf } from '../../src/formats/digest';
import { mediaTypes } from '../../src/formats/oci';
import { serializeTarEntry, tarEnd, tarPadding, type WrittenEntry } from '../../src/formats/tar/tar-writer';
import { makeBlob, type TestLayer } from '../../src/storage/images/image-fixture';

export interface LayerFile extends Partial<WrittenEntry> {
  readonly path: string;
  readonly body?: string;
}

/** The tar of these files, by our own writer. */
function writeTar(files: readonly LayerFile[]): Uint8Array<ArrayBuffer> {
  const parts = files.flatMap(({ body = '', ...entry }) => {
    const bytes = new TextEncoder().encode(body);
    const header = serializeTarEntry({
      kind: 'file',
      target: '',
      mode: entry.kind === 'directory' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      mtime: 1_600_000_000,
      size: bytes.length,
      device: { major: 0, minor: 0 },
      ...entry,
    });
    return entry.kind === undefined || entry.kind === 'file' ? [header, bytes, tarPadding(bytes.length)] : [header];
  });
  return concatBytes([...parts, tarEnd]);
}

/** A layer of these files. */
export async function writeLayer(
  files: readonly LayerFile[],
  compression: 'none' | 'gzip' = 'gzip',
): Promise<TestLayer> {
  const tar = writeTar(files);
  const diffId = await digestOf(tar);
  if (compression === 'none') return { ...(await makeBlob(mediaTypes.layer, tar)), diffId };
  const packed = new Response(new Blob([tar]).stream().pipeThrough(new CompressionStream('gzip')));
  const blob = await makeBlob(mediaTypes.layerGzip, new Uint8Array(await packed.arrayBuffer()));
  return { ...blob, diffId };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Two layers with everything that layers have: links, devices, attributes, long names, both kinds of whiteouts. */
export const variedLayers: readonly (readonly LayerFile[])[] = [
  [
    { path: 'bin', kind: 'directory' },
    { path: 'bin/busybox', body: 'program', mode: 0o4755 },
    { path: 'bin/sh', kind: 'link', target: 'bin/busybox' },
    { path: 'bin/ls', kind: 'symlink', target: 'busybox', mode: 0o777 },
    { path: 'etc', kind: 'directory', mode: 0o750, uid: 3, gid: 4 },
    { path: 'etc/passwd', body: 'root:x:0:0', uid: 1000, gid: 70_000 },
    { path: 'etc/old', body: 'goes' },
    { path: 'var', kind: 'directory' },
    { path: 'var/cache', kind: 'directory' },
    { path: 'var/cache/hidden', body: 'goes too' },
    { path: 'tmp', kind: 'directory', mode: 0o1777 },
    { path: 'tmp/pipe', kind: 'fifo', mode: 0o600 },
    { path: 'attributed', body: 'x', xattrs: new Map([['user.note', bytes('a note')]]) },
    { path: `long/${'n'.repeat(120)}/${'m'.repeat(120)}`, body: 'deep', mtime: 1_600_000_000.5 },
  ],
  [
    { path: 'etc/.wh.old', body: '' },
    { path: 'var/cache', kind: 'directory', mode: 0o700 },
    { path: 'var/cache/.wh..wh..opq', body: '' },
    { path: 'var/cache/new', body: 'stays' },
    { path: 'etc/passwd', body: 'root:x:0:0:changed', mode: 0o600 },
    { path: 'srv', kind: 'directory' },
    { path: 'srv/one', body: 'twice' },
    { path: 'srv/two', kind: 'link', target: 'srv/one' },
    { path: 'umlaut-ü', body: 'ü' },
  ],
];
