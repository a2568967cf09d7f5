import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { verifyLayout } from '../../scripts/verify-artifacts.mjs';
import { systemClock } from '../../src/base/clock';
import { chunksOf } from '../../src/base/streams';
import { Union } from '../../src/formats/layer/union';
import { archiveFiles } from '../../src/storage/images/archive-source';
import { exportImage, flattenImage } from '../../src/storage/images/export-image';
import {
  collectBytes,
  makeImage,
  pullImage,
  type TestImage,
  type TestLayer,
} from '../../src/storage/images/image-fixture';
import { ImageLibrary } from '../../src/storage/images/image-library';
import { loadImages } from '../../src/storage/images/load-images';
import { type ArchiveFormat, saveImages } from '../../src/storage/images/save-images';
import { createMemoryContentStore, type OpenedStore } from '../../src/storage/open-content-store';
import { variedLayers, writeLayer } from '../support/written-layers';

const skopeo = findProgram('skopeo');
const umoci = findProgram('umoci');
const isRoot = process.getuid?.() === 0;

const open = (): OpenedStore => createMemoryContentStore();
const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { maxBuffer: 2 ** 26 })).stdout;

let folder: string;
let opened: OpenedStore;
let layers: readonly TestLayer[];
let image: TestImage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-images-'));
  opened = open();
  layers = await Promise.all(variedLayers.map((files) => writeLayer(files)));
  image = await makeImage(layers, { run: { cmd: ['/bin/sh'], env: ['A=1'] } });
  await pullImage(opened.images, image, 'registry.example/web:1');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const save = async (name: string, format: ArchiveFormat, from = opened): Promise<string> => {
  const path = join(folder, name);
  await writeFile(
    path,
    await collectBytes(chunksOf(await saveImages(from.images, ['registry.example/web:1'], format))),
  );
  return path;
};
const load = async (path: string, into = open()) => {
  const stream = new Blob([await readFile(path)]).stream() as ReadableStream<Uint8Array>;
  const loaded = await loadImages(into.images, archiveFiles({ kind: 'tar', pieces: chunksOf(stream) }));
  return { loaded, into, library: new ImageLibrary(into.images, into.store) };
};

describe.runIf(skopeo)('skopeo', () => {
  const copy = (from: string, to: string, ...more: readonly string[]): Promise<string> =>
    run(skopeo ?? '', 'copy', '--insecure-policy', '--override-arch=386', '--override-os=linux', ...more, from, to);

  it('takes our OCI archive, bit for bit', async () => {
    const path = await save('ours.tar', 'oci-archive');
    await copy(`oci-archive:${path}`, `oci:${folder}/copy:1`);
    const index = JSON.parse(await readFile(`${folder}/copy/index.json`, 'utf8'));
    expect(index.manifests[0].digest).toBe(image.root.digest);
    expect(await verifyLayout(`${folder}/copy`)).toEqual([]);
    const inspected = JSON.parse(await run(skopeo ?? '', 'inspect', '--config', `oci:${folder}/copy:1`));
    expect(inspected).toMatchObject({ architecture: '386', config: { Cmd: ['/bin/sh'] } });
  });

  it('gives an OCI archive that we take with the same digests, and that we save the same', async () => {
    const ours = await save('ours.tar', 'oci-archive');
    await copy(`oci-archive:${ours}`, `oci-archive:${folder}/theirs.tar:registry.example/web:1`);
    const { loaded, into } = await load(`${folder}/theirs.tar`);
    expect(loaded).toEqual([{ id: image.root.digest, references: ['registry.example/web:1'] }]);
    for (const { descriptor, bytes } of image.blobs) expect(await into.images.read(descriptor.digest)).toEqual(bytes);
    const again = await save('again.tar', 'oci-archive', into);
    const sums = await run('sha256sum', ours, again);
    expect(
      new Set(
        sums
          .trim()
          .split('\n')
          .map((line) => line.split(' ')[0]),
      ).size,
    ).toBe(1);
  });

  it("takes our docker archive, and gives docker's own that we take as the same layers", async () => {
    const ours = await save('ours.tar', 'docker-archive');
    await copy(
      `docker-archive:${ours}:registry.example/web:1`,
      `docker-archive:${folder}/theirs.tar:registry.example/web:2`,
    );
    const { loaded, library } = await load(`${folder}/theirs.tar`);
    expect(loaded).toMatchObject([{ references: ['registry.example/web:2'] }]);
    const selected = await library.select('registry.example/web:2');
    expect(selected.layers.map(({ diffId }) => diffId)).toEqual(layers.map(({ diffId }) => diffId));
    expect(selected.config.run).toMatchObject({ cmd: ['/bin/sh'], env: ['A=1'] });
    expect((await load(`${folder}/theirs.tar`)).loaded).toEqual(loaded);
  });

  it('compresses layers by zstd, which we take as the same tars', async () => {
    const plain = await Promise.all(variedLayers.map((files) => writeLayer(files, 'none')));
    await pullImage(opened.images, await makeImage(plain), 'registry.example/web:1');
    const ours = await save('plain.tar', 'oci-archive');
    await copy(`oci-archive:${ours}`, `oci-archive:${folder}/zstd.tar:web:zstd`, '--dest-compress-format=zstd');
    const { library, into } = await load(`${folder}/zstd.tar`);
    const { layers: found } = await library.select('web:zstd');
    expect(found.map(({ diffId }) => diffId)).toEqual(layers.map(({ diffId }) => diffId));
    expect((await into.layers.list()).map(({ compression }) => compression)).toEqual(['zstd', 'zstd']);
  });
});

/** What there is of a file, in words. */
type Line = string;

/** The tree of an image as our union shows it. */
async function unionTree(
  store: OpenedStore,
  name: string,
  owners: boolean,
  attributes = true,
): Promise<readonly Line[]> {
  const { layers: chosen } = await new ImageLibrary(store.images, store.store).select(name);
  const union = new Union(await Promise.all(chosen.map(({ diffId }) => store.layers.layer(diffId))));
  const names = new Map<string, string>();
  const lines: Line[] = [];
  for (const { path, node, layer, inode } of union.walk()) {
    const key = `${layer}:${inode}`;
    if (!names.has(key)) names.set(key, path);
    const diffId = chosen[layer]?.diffId;
    const body = node.kind === 'file' && diffId ? await collectBytes(store.layers.readFile(diffId, node)) : '';
    const xattrs = [...(attributes ? (node.xattrs ?? []) : [])].map(
      ([key, value]) => `${key}=${Buffer.from(value).toString('hex')}`,
    );
    lines.push(
      describeFile({
        ...node,
        path,
        body,
        xattrs,
        first: names.get(key) ?? path,
        owner: owners ? `${node.uid}:${node.gid}` : '',
      }),
    );
  }
  return lines.sort();
}

interface DescribedFile {
  readonly kind: string;
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly mtime: number;
  readonly target?: string;
  readonly body: Uint8Array | string;
  readonly xattrs: readonly string[];
  readonly first: string;
}

function describeFile({ kind, path, mode, owner, mtime, target = '', body, xattrs, first }: DescribedFile): Line {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  const link = kind === 'directory' ? '' : `names:${first}`;
  // What has no entry of its own is made now by who unpacks it.
  const time = kind === 'directory' ? '' : Math.floor(mtime);
  return [path, kind, (mode & 0o7777).toString(8), owner, time, target, hash, link, ...xattrs].join(' ');
}

/** The tree of a folder, as the system shows it. */
async function folderTree(root: string, owners: boolean): Promise<readonly Line[]> {
  const attributes = await xattrsOf(root);
  const names = new Map<number, string>();
  const lines: Line[] = [];
  const visit = (path: string): void => {
    for (const name of readdirSync(join(root, path)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      const below = path === '' ? name : `${path}/${name}`;
      const stat = lstatSync(join(root, below));
      const kind = stat.isDirectory()
        ? 'directory'
        : stat.isSymbolicLink()
          ? 'symlink'
          : stat.isFIFO()
            ? 'fifo'
            : 'file';
      if (!names.has(stat.ino)) names.set(stat.ino, below);
      lines.push(
        describeFile({
          kind,
          path: below,
          mode: stat.mode,
          owner: owners ? `${stat.uid}:${stat.gid}` : '',
          mtime: stat.mtimeMs / 1000,
          ...(kind === 'symlink' && { target: readlinkSync(join(root, below)) }),
          body: kind === 'file' ? readFileSync(join(root, below)) : '',
          xattrs: attributes.get(below) ?? [],
          first: names.get(stat.ino) ?? below,
        }),
      );
      if (kind === 'directory') visit(below);
    }
  };
  visit('');
  return lines.sort();
}

/** Not every file system that a test's folder may lie on does. */
async function keepsXattrs(): Promise<boolean> {
  const program = 'import os, sys; os.setxattr(sys.argv[1], "user.probe", b"x")';
  return run('python3', '-c', program, folder).then(
    () => true,
    () => false,
  );
}

/** Node reads no extended attributes; Python does. */
async function xattrsOf(root: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const program = `
import os, sys, json
found = {}
for folder, folders, files in os.walk(sys.argv[1]):
    for name in folders + files:
        path = os.path.join(folder, name)
        try: names = os.listxattr(path, follow_symlinks=False)
        except OSError: names = []
        found[os.path.relpath(path, sys.argv[1])] = [n + '=' + os.getxattr(path, n, follow_symlinks=False).hex() for n in names if not n.startswith('security.') and not n.startswith('user.rootlesscontainers')]
print(json.dumps(found))`;
  return new Map(Object.entries(JSON.parse(await run('python3', '-c', program, root))));
}

describe.runIf(umoci)('umoci', () => {
  it('unpacks our layout to the tree that our union view shows', async () => {
    const path = await save('ours.tar', 'oci-archive');
    await mkdir(`${folder}/layout`);
    await run('tar', '-xf', path, '-C', `${folder}/layout`);
    const rootless = isRoot ? [] : ['--rootless'];
    await run(umoci ?? '', 'unpack', ...rootless, '--image', `${folder}/layout:1`, `${folder}/bundle`);
    const expected = await unionTree(opened, 'registry.example/web:1', isRoot, await keepsXattrs());
    expect(await folderTree(`${folder}/bundle/rootfs`, isRoot)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(15);
  });
});

describe('tar', () => {
  it('unpacks what we export to the tree that our union view shows, and what we flatten shows the same', async () => {
    const library = new ImageLibrary(opened.images, opened.store);
    const selected = await library.select('registry.example/web:1');
    const tar = await collectBytes(exportImage(opened, selected));
    await writeFile(`${folder}/export.tar`, tar);
    await mkdir(`${folder}/root`);
    await run('tar', '--xattrs', '--xattrs-include=*', '-xpf', `${folder}/export.tar`, '-C', `${folder}/root`);
    const expected = await unionTree(opened, 'registry.example/web:1', isRoot, await keepsXattrs());
    expect(await folderTree(`${folder}/root`, isRoot)).toEqual(expected);
    const flat = await flattenImage(opened, systemClock, selected, 'flat:1');
    expect(flat.references).toEqual(['flat:1']);
    expect((await library.select('flat:1')).layers).toHaveLength(1);
    expect(await unionTree(opened, 'flat:1', true)).toEqual(await unionTree(opened, 'registry.example/web:1', true));
  });
});
