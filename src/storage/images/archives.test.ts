import { packTar, type TarEntry } from 'modern-tar';
import { beforeEach, describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { systemClock } from '../../base/clock';
import { chunksOf, streamOf } from '../../base/streams';
import { digestHex, digestOf } from '../../formats/digest';
import { emptyRunConfig, serializeImageConfig } from '../../formats/image-config';
import { annotations, type Descriptor } from '../../formats/oci';
import { createMemoryContentStore, type OpenedStore } from '../open-content-store';
import { type ArchiveSource, archiveFiles, type FolderFile } from './archive-source';
import {
  collectBytes,
  encode,
  makeImage,
  makeIndex,
  makeLayer,
  pieces,
  pullImage,
  reusedPieces,
  type TestBlob,
  type TestImage,
  type TestLayer,
} from './image-fixture';
import { ImageLibrary } from './image-library';
import { loadImages } from './load-images';
import { commitImage, importImage } from './make-image';
import { type ArchiveFormat, saveImages } from './save-images';

const open = (): OpenedStore => createMemoryContentStore({ chunkSize: 4096 });
const file = (name: string, body: string | Uint8Array): TarEntry => {
  const bytes = typeof body === 'string' ? encode(body) : body;
  return { header: { name, size: bytes.length, type: 'file' }, body: bytes };
};
const link = (name: string, linkname: string): TarEntry => ({ header: { name, size: 0, type: 'symlink', linkname } });
const blobFile = ({ descriptor, bytes }: TestBlob): TarEntry =>
  file(`blobs/sha256/${digestHex(descriptor.digest)}`, bytes);
const layoutFile = file('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
const indexFile = (manifests: readonly Descriptor[]): TarEntry =>
  file('index.json', JSON.stringify({ schemaVersion: 2, manifests }));
const tarSource = (bytes: Uint8Array): ArchiveSource => ({ kind: 'tar', pieces: reusedPieces(bytes, 5000) });
const pack = async (entries: TarEntry[]): Promise<Uint8Array> => packTar(entries);

/** What docker wrote until 24: a folder for each layer, and links where two images have the same. */
async function dockerArchive(layers: readonly TestLayer[], tags: readonly string[] | null, layerName = 'layer.tar') {
  const config = serializeImageConfig({
    platform: { os: 'linux', architecture: '386' },
    run: { ...emptyRunConfig, cmd: ['sh'] },
    diffIds: layers.map(({ diffId }) => diffId),
    history: [],
  });
  const name = `${digestHex(await digestOf(config))}.json`;
  const paths = layers.map((_, at) => `${at}abc/${layerName}`);
  const entries = [
    ...layers.flatMap(({ bytes }, at) => [
      file(`${at}abc/VERSION`, '1.0'),
      file(`${at}abc/json`, '{}'),
      file(paths[at]!, bytes),
    ]),
    file(name, config),
    file('repositories', '{}'),
    file('manifest.json', JSON.stringify([{ Config: name, RepoTags: tags, Layers: paths }])),
  ];
  return { entries, config };
}

describe('archives of images', () => {
  let opened: OpenedStore;
  let library: ImageLibrary;
  let base: TestLayer;
  let top: TestLayer;
  let image: TestImage;
  beforeEach(async () => {
    opened = open();
    library = new ImageLibrary(opened.images, opened.store);
    base = await makeLayer({ 'bin/sh': 'shell'.repeat(3000), 'etc/passwd': 'root' });
    top = await makeLayer({ 'srv/index.html': 'hello' }, 'none');
    image = await makeImage([base, top]);
  });

  const load = (source: ArchiveSource, into = opened) => loadImages(into.images, archiveFiles(source));
  const saved = async (
    names: readonly string[],
    format: ArchiveFormat,
    from = opened,
  ): Promise<Uint8Array<ArrayBuffer>> => collectBytes(chunksOf(await saveImages(from.images, names, format)));

  it.each<ArchiveFormat>(['oci-archive', 'docker-archive'])(
    'of the kind %s keep every digest, and are the same bytes each time',
    async (format) => {
      const other = await makeImage([base], { docker: true });
      await pullImage(opened.images, image, 'web:1');
      await pullImage(opened.images, other, 'registry.example:5000/a/b:2');
      await library.tag('web:1', 'web:latest');
      const names = ['web', 'registry.example:5000/a/b:2', image.root.digest];
      const bytes = await saved(names, format);
      expect(await digestOf(await saved(names, format))).toBe(await digestOf(bytes));
      const second = open();
      const loaded = await load(tarSource(bytes), second);
      expect(new Set(loaded.map(({ id }) => id))).toEqual(new Set([image.root.digest, other.root.digest]));
      for (const { descriptor, bytes: original } of [...image.blobs, ...other.blobs]) {
        expect(await second.images.read(descriptor.digest)).toEqual(original);
      }
      const listed = await new ImageLibrary(second.images, second.store).list();
      expect(listed.flatMap(({ references }) => references).sort()).toEqual([
        'registry.example:5000/a/b:2',
        'web:1',
        'web:latest',
      ]);
      expect(await digestOf(await saved(names, format, second))).toBe(await digestOf(bytes));
      expect((await second.store.list()).length).toBe((await opened.store.list()).length);
    },
  );

  it('of several platforms keep the index, and the platforms there are', async () => {
    const amd64 = { os: 'linux', architecture: 'amd64' };
    const index = await makeIndex([
      { image, platform: { os: 'linux', architecture: '386' } },
      { image: await makeImage([top], { platform: amd64 }), platform: amd64 },
    ]);
    await pullImage(opened.images, { ...index, blobs: [...image.blobs, index.blobs.at(-1)!] }, 'web');
    const second = open();
    expect(await load(tarSource(await saved(['web'], 'docker-archive')), second)).toEqual([
      { id: index.root.digest, references: ['web:latest'] },
    ]);
    expect(await new ImageLibrary(second.images, second.store).select('web')).toMatchObject({
      manifest: image.root.digest,
    });
  });

  it('are taken with their files in any order, compressed as a whole, and as a folder', async () => {
    const named = { ...image.root, annotations: { [annotations.refName]: 'web:7' } };
    const entries = [layoutFile, indexFile([named]), ...image.blobs.map(blobFile)];
    const gzipped = streamOf(pieces(await pack(entries))).pipeThrough(
      new CompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>,
    );
    const files = entries.map(
      ({ header, body }): FolderFile => ({
        path: `./${header.name}`,
        content: new Blob([body as Uint8Array<ArrayBuffer>]),
      }),
    );
    const sources: ArchiveSource[] = [
      tarSource(await pack(entries)),
      tarSource(await pack([...entries].reverse())),
      { kind: 'tar', pieces: chunksOf(gzipped) },
      { kind: 'folder', files },
    ];
    for (const source of sources) {
      const store = open();
      expect(await load(source, store)).toEqual([{ id: image.root.digest, references: ['web:7'] }]);
      expect((await new ImageLibrary(store.images, store.store).select('web:7')).layers).toHaveLength(2);
    }
  });

  it('of older dockers are taken, as the same image each time, with layers that are links or compressed', async () => {
    const plain = await makeLayer({ 'a.txt': 'a' }, 'none');
    const { entries } = await dockerArchive([plain, top, base], ['old:1', 'old:2']);
    const [first] = await load(tarSource(await pack(entries)));
    expect(first).toMatchObject({ references: ['old:1', 'old:2'] });
    const second = open();
    expect(await load(tarSource(await pack([...entries].reverse())), second)).toEqual([first]);
    expect(await library.select('old:1')).toMatchObject({ config: { run: { cmd: ['sh'] } } });
    expect((await library.select('old:1')).layers.map(({ diffId }) => diffId)).toEqual(
      [plain, top, base].map(({ diffId }) => diffId),
    );
    // The layers of a second image, of which one is a link to the first's.
    const again = await dockerArchive([plain, top], null, 'layer.tar');
    const linked = again.entries.map((each) =>
      each.header.name === '1abc/layer.tar' ? link('1abc/layer.tar', '../x/y.tar') : each,
    );
    const [unnamed] = await load(tarSource(await pack([...linked, file('x/y.tar', top.bytes)])), open());
    expect(unnamed).toMatchObject({ references: [] });
  });

  it('get their names from docker where the layout has none', async () => {
    const entries = [
      ...image.blobs.map(blobFile),
      indexFile([image.root]),
      file(
        'manifest.json',
        JSON.stringify([
          { Config: `blobs/sha256/${digestHex(image.blobs[0]!.descriptor.digest)}`, RepoTags: ['web:3'], Layers: [] },
        ]),
      ),
      layoutFile,
    ];
    expect(await load(tarSource(await pack(entries)))).toEqual([{ id: image.root.digest, references: ['web:3'] }]);
  });

  it('leave nothing behind when they are refused', async () => {
    await pullImage(opened.images, image, 'web');
    const before = (await opened.store.list()).length;
    const [config, , , manifest] = image.blobs as [TestBlob, TestBlob, TestBlob, TestBlob];
    const other = await makeImage([await makeLayer({ b: 'b' }), await makeLayer({ c: 'c' })]);
    const otherFiles = other.blobs.map(blobFile);
    const damaged = other.blobs[1]!.bytes.slice();
    damaged[damaged.length >> 1]! ^= 1;
    const whole = await pack([layoutFile, indexFile([other.root]), ...otherFiles]);
    const refused: [string, Uint8Array, string][] = [
      ['nothing', new Uint8Array(), 'DataLoss'],
      ['noise', new Uint8Array(3000).fill(0x5a), 'InvalidArgument'],
      ['an empty tar', await pack([]), 'InvalidArgument'],
      ['a tar of something else', await pack([file('a', 'b')]), 'InvalidArgument'],
      ['a layout without its marker', await pack([indexFile([other.root]), ...otherFiles]), 'InvalidArgument'],
      [
        'a layout of another version',
        await pack([file('oci-layout', '{"imageLayoutVersion":"9"}'), indexFile([]), ...otherFiles]),
        'FailedPrecondition',
      ],
      ['a layout of nothing', await pack([layoutFile, indexFile([])]), 'InvalidArgument'],
      [
        'a layout that lacks its manifest',
        await pack([layoutFile, indexFile([other.root]), ...otherFiles.slice(0, -1)]),
        'InvalidArgument',
      ],
      [
        'a layout that lacks a layer',
        await pack([layoutFile, indexFile([other.root]), ...otherFiles.slice(0, 1), ...otherFiles.slice(2)]),
        'FailedPrecondition',
      ],
      [
        'a damaged layer',
        await pack([layoutFile, indexFile([other.root]), otherFiles[0]!, { ...otherFiles[1]!, body: damaged }]),
        'DataLoss',
      ],
      ['a tar that was cut off', whole.subarray(0, whole.length - 2000), 'DataLoss'],
      ['a file twice', await pack([layoutFile, layoutFile, indexFile([])]), 'InvalidArgument'],
      ['a device', await pack([{ header: { name: 'x', size: 0, type: 'fifo' } }]), 'InvalidArgument'],
      [
        'a link to nowhere',
        await pack([link('a.json', '../../etc/passwd'), file('manifest.json', '[{"Config":"a.json","Layers":[]}]')]),
        'InvalidArgument',
      ],
      [
        'a ring of links',
        await pack([link('a', 'b'), link('b', 'a'), file('manifest.json', '[{"Config":"a","Layers":[]}]')]),
        'InvalidArgument',
      ],
      [
        'a config that is none',
        await pack([file('a.json', '{}'), file('manifest.json', '[{"Config":"a.json","Layers":[]}]')]),
        'InvalidArgument',
      ],
      ['a list that is none', await pack([file('manifest.json', '{}')]), 'InvalidArgument'],
      [
        'a name that is none',
        await pack([
          blobFile(config),
          blobFile(manifest),
          ...otherFiles,
          layoutFile,
          indexFile([{ ...other.root, annotations: { [annotations.imageName]: 'A B' } }]),
        ]),
        'InvalidArgument',
      ],
    ];
    for (const [what, bytes, code] of refused) {
      await expect(load(tarSource(bytes)), what).rejects.toMatchObject({ code });
      expect((await opened.store.list()).length, `of ${what}`).toBe(before);
      expect(await opened.records.list('imageLeases'), `of ${what}`).toEqual([]);
    }
    expect(await library.list()).toHaveLength(1);
  });

  it('with a torn stream say why, and a load that is stopped leaves nothing', async () => {
    const torn = streamOf(
      (async function* () {
        yield (await pack([layoutFile, ...image.blobs.map(blobFile)])).subarray(0, 3000);
        throw new Error('torn');
      })(),
    );
    await expect(load({ kind: 'tar', pieces: chunksOf(torn) })).rejects.toThrow('torn');
    const abort = new AbortController();
    const bytes = await pack([layoutFile, indexFile([image.root]), ...image.blobs.map(blobFile)]);
    const stopping = async function* () {
      yield bytes.subarray(0, 5000);
      abort.abort();
      yield bytes.subarray(5000);
    };
    const stopped = loadImages(opened.images, archiveFiles({ kind: 'tar', pieces: stopping() }), {
      signal: abort.signal,
    });
    await expect(stopped).rejects.toMatchObject({ code: 'Canceled' });
    expect(await opened.store.list()).toEqual([]);
  });

  it('that cannot be made are told before they are begun', async () => {
    await expect(saveImages(opened.images, ['nothing'], 'oci-archive')).rejects.toMatchObject({ code: 'NotFound' });
    expect(await opened.records.list('imageLeases')).toEqual([]);
  });

  it('hold what they need until they are read, or left', async () => {
    await pullImage(opened.images, image, 'web');
    const reading = await saveImages(opened.images, ['web'], 'oci-archive');
    const leaving = await saveImages(opened.images, ['web'], 'oci-archive');
    await library.remove('web');
    expect((await load({ kind: 'tar', pieces: chunksOf(reading) }, open())).map(({ id }) => id)).toEqual([
      image.root.digest,
    ]);
    await leaving.cancel();
    await opened.images.collect();
    expect(await opened.store.list()).toEqual([]);
    expect(await opened.records.list('imageLeases')).toEqual([]);
  });

  it('are in order over quota: nothing is kept, and the error has both figures', async () => {
    const small = createMemoryContentStore({ chunkSize: 4096, limit: 10_000 });
    const noise = new Uint8Array(30_000).map((_, at) => (at * 7919) >> 3);
    const large = await makeImage([await makeLayer({ a: String.fromCharCode(...noise) }, 'none')]);
    const bytes = await pack([layoutFile, indexFile([large.root]), ...large.blobs.map(blobFile)]);
    await expect(load(tarSource(bytes), small)).rejects.toMatchObject({
      code: 'ResourceExhausted',
      details: { needed: expect.any(Number), available: expect.any(Number) },
    });
    expect(await small.store.list()).toEqual([]);
    await load(tarSource(await saved([], 'oci-archive')), small).catch(() => undefined);
    await pullImage(small.images, await makeImage([top]), 'fits');
    expect(await small.images.read(top.descriptor.digest)).toEqual(top.bytes);
  });
});

describe('images that are made here', () => {
  it('are of a root file system, and of one more layer on top', async () => {
    const opened = open();
    const library = new ImageLibrary(opened.images, opened.store);
    const root = await makeLayer({ 'bin/sh': 'shell' });
    const run = { cmd: ['/bin/sh'], env: ['A=1'] };
    const imported = await importImage(opened.images, systemClock, pieces(root.bytes), { reference: 'mine:1', run });
    expect(imported.references).toEqual(['mine:1']);
    const change = await makeLayer({ 'etc/new': 'x' }, 'none');
    const changes = {
      reference: 'mine:2',
      run: { cmd: ['/bin/new'] },
      author: 'A',
      message: 'one more',
      createdBy: 'sh',
    };
    await commitImage(opened.images, systemClock, 'mine:1', pieces(change.bytes), changes);
    expect(await library.select('mine:2')).toMatchObject({
      config: { run: { cmd: ['/bin/new'], env: ['A=1'] }, author: 'A', diffIds: [root.diffId, change.diffId] },
      layers: [{ digest: root.descriptor.digest }, { digest: change.descriptor.digest }],
    });
    expect(await library.history('mine:2')).toMatchObject([
      { createdBy: 'sh', comment: 'one more' },
      { comment: 'Imported' },
    ]);
    const wrong = importImage(opened.images, systemClock, pieces(encode('no tar'.repeat(200))), { reference: 'no' });
    await expect(wrong).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(commitImage(opened.images, systemClock, 'no', pieces(change.bytes))).rejects.toMatchObject({
      code: 'NotFound',
    });
    const before = (await opened.store.list()).length;
    await opened.images.collect();
    expect((await opened.store.list()).length).toBe(before);
    expect(concatBytes([await opened.images.read(root.descriptor.digest)])).toEqual(root.bytes);
  });
});
