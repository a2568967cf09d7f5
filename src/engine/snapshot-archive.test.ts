import { packTar, unpackTar } from 'modern-tar';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import type { DiskStore } from '../api/disk';
import type { SnapshotRecord } from '../api/snapshot';
import { SandboxError } from '../base/errors';
import { digestHex, digestOf } from '../formats/digest';
import { type Index, type Manifest, mediaTypes } from '../formats/oci';
import { exportSnapshot } from './snapshot-archive';
import { fileOf, makeSnapshot, noFolders, opener, pattern, read } from './snapshot-archive-fixture';
import { importSnapshot } from './snapshot-import';
import { createStores, type Stores } from './stores-fixture';

describe('a snapshot’s file', () => {
  let lab: Stores;
  let other: Stores;
  let record: SnapshotRecord;
  let file: Uint8Array<ArrayBuffer>;
  let ids = 0;
  const nextId = () => {
    ids += 1;
    return `id-${ids}`;
  };
  const options = (extra: { inUse?: ReadonlySet<Digest> } = {}) => ({
    ...other,
    randomId: nextId,
    inUse: new Set<Digest>(),
    folders: noFolders,
    ...extra,
  });
  const bring = (bytes: Uint8Array) => importSnapshot(opener(bytes), options());
  const expectNothing = async () => {
    expect(await other.disks.list()).toEqual([]);
    expect(await other.blobCount()).toBe(0);
  };
  beforeEach(async () => {
    lab = await createStores();
    other = await createStores();
    record = await makeSnapshot(lab);
    file = await fileOf(lab, record);
  });

  it('carries memory and disks into another lab', async () => {
    const imported = await bring(file);
    const { name, notes, createdAt, spec, config, layers, size, automatic } = record;
    expect(imported).toMatchObject({ name, notes, createdAt, spec, config, layers, size, automatic });
    expect(imported.parent).toBeUndefined();
    expect([imported.id, imported.instance]).not.toContain('original');
    const blobs = await other.blobs.read(imported.layers);
    expect(await Promise.all(blobs.map((blob) => digestOf(new Uint8Array(blob))))).toEqual(layers);
    const [data] = imported.disks;
    expect(await read(other, data!, 0, 11)).toEqual(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0));
    expect(await digestOf(await read(other, data!, 100_000, 300_000))).toBe(await digestOf(pattern(300_000, 7)));
    expect(new Set(imported.disks.map(({ disk }) => disk)).size).toBe(3);
    for (const generation of imported.disks) await other.disks.deleteGeneration(generation);
    expect(await other.disks.list()).toEqual([]);
  });

  it('is small, the same each time, and leaves the lab as it was', async () => {
    expect(file.length).toBeLessThan(100_000);
    expect(await digestOf(await fileOf(lab, record))).toBe(await digestOf(file));
    expect(await lab.disks.list()).toHaveLength(3);
    expect((await lab.disks.info(record.disks[0]!.disk)).generations).toEqual([1, 2]);
  });

  it('cannot be made of a snapshot that is not whole', async () => {
    await lab.blobs.delete(record.layers[1]!);
    await expect(exportSnapshot(record, lab)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('is not waited for when the store ends without a word, and nothing is left', async () => {
    const life = new AbortController();
    /** Leads nowhere, as the port of a store that has just ended. */
    const silent = (disks: DiskStore): DiskStore =>
      new Proxy(disks, {
        get: (target, method) => {
          const call = Reflect.get(target, method) as (...args: unknown[]) => unknown;
          if (method !== 'open') return call.bind(target);
          return async () => {
            setImmediate(() => life.abort(new SandboxError('Unavailable', 'The store ended')));
            return new MessageChannel().port1;
          };
        },
      });
    const gone = { code: 'Unavailable' };
    await expect(exportSnapshot(record, { ...lab, disks: silent(lab.disks), lost: life.signal })).rejects.toMatchObject(
      gone,
    );
    expect(await lab.disks.list()).toHaveLength(3);
    const importing = importSnapshot(opener(file), { ...options(), disks: silent(other.disks), lost: life.signal });
    await expect(importing).rejects.toMatchObject(gone);
    await expectNothing();
  });

  it('can be given up on the way, and nothing is left', async () => {
    const controller = new AbortController();
    const onProgress = ({ phase, done = 0 }: { phase: string; done?: number }) => {
      if (phase === 'Storing' && done > 0) controller.abort();
    };
    const importing = importSnapshot(opener(file), options(), { signal: controller.signal, onProgress });
    await expect(importing).rejects.toMatchObject({ code: 'Canceled' });
    await expectNothing();
    await expect(exportSnapshot(record, lab, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'Canceled',
    });
  });

  it('that does not fit is refused, and nothing is left', async () => {
    other = await createStores({ limit: 400_000 });
    await expect(bring(file)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    await expectNothing();
  });

  it('that fails takes no blob along which is in use', async () => {
    const [kept] = record.layers;
    await other.blobs.put(pattern(300_000, 3).buffer);
    const cut = await withoutLastBlob(file);
    await expect(importSnapshot(opener(cut), options({ inUse: new Set([kept!]) }))).rejects.toMatchObject({
      code: 'DataLoss',
    });
    expect(await other.blobCount()).toBe(1);
  });

  it('with a bit flipped anywhere is refused, and nothing is left', async () => {
    let refused = 0;
    // Within every blob and between them; a bit of padding or of a tar's time harms nobody.
    for (let at = 1600; at < file.length - 1024; at += Math.floor(file.length / 40)) {
      const damaged = file.slice();
      damaged[at] = damaged[at]! ^ 4;
      try {
        const imported = await bring(damaged);
        expect(imported.layers).toEqual(record.layers);
        for (const layer of imported.layers) await other.blobs.delete(layer);
        for (const generation of imported.disks) await other.disks.deleteGeneration(generation);
      } catch (error) {
        expect(error).toMatchObject({ name: 'SandboxError' });
        refused += 1;
      }
      await expectNothing();
    }
    expect(refused).toBeGreaterThan(30);
  });

  it.each<[string, string, (contents: Contents) => void]>([
    ['a missing blob', 'DataLoss', ({ manifest, files }) => void files.delete(pathOf(manifest.layers[2]!.digest))],
    ['a blob of another size', 'DataLoss', ({ manifest }) => void Object.assign(manifest.layers[0]!, { size: 1 })],
    ['too few disks', 'InvalidArgument', ({ manifest }) => void (manifest.layers as unknown[]).pop()],
    ['no memory', 'InvalidArgument', ({ manifest }) => void (manifest.layers as unknown[]).splice(0, 2)],
    [
      'a layer of another kind',
      'InvalidArgument',
      ({ manifest }) => void Object.assign(manifest.layers[0]!, { mediaType: 'x' }),
    ],
    ['an ordinary image', 'InvalidArgument', ({ manifest }) => void Object.assign(manifest, { artifactType: 'x' })],
    ['more in a layer than it says', 'DataLoss', announce('dev.strata.uncompressed.size', '299999')],
    ['something else in a layer', 'DataLoss', announce('dev.strata.uncompressed.digest', `sha256:${'0'.repeat(64)}`)],
    ['a layer without end', 'DataLoss', announce('dev.strata.uncompressed.size', String(2 ** 40))],
    ['a disk of another size', 'DataLoss', ({ config }) => void Object.assign(config.spec.disks[0]!, { sizeMiB: 5 })],
    [
      'a config of another version',
      'FailedPrecondition',
      ({ config }) => void Object.assign(config, { formatVersion: 2 }),
    ],
  ])('with %s is refused, and nothing is left', async (_, code, edit) => {
    await expect(bring(await edited(file, edit))).rejects.toMatchObject({ code });
    await expectNothing();
  });

  it('without a manifest, or with two, is refused', async () => {
    const files = new Map((await unpackTar(file)).map(({ header, data }) => [header.name, data ?? new Uint8Array()]));
    const index: Index = decode(files.get('index.json')!);
    for (const manifests of [[], [...index.manifests, ...index.manifests]]) {
      files.set('index.json', encode({ ...index, manifests }));
      await expect(bring(await packed(files))).rejects.toMatchObject({ code: 'InvalidArgument' });
    }
  });
});

interface Contents {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  readonly manifest: Manifest;
  readonly config: { readonly spec: { readonly disks: { readonly sizeMiB: number }[] } };
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const decode = <T>(bytes: Uint8Array): T => JSON.parse(new TextDecoder().decode(bytes));
const pathOf = (digest: Digest) => `blobs/sha256/${digestHex(digest)}`;

function announce(key: string, value: string) {
  return ({ manifest }: Contents): void => {
    Object.assign(manifest.layers[1]!.annotations!, { [key]: value });
  };
}

function packed(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  return packTar([...files].map(([name, data]) => ({ header: { name, size: data.length }, data })));
}

/** The file with config and manifest changed, and their digests with them. */
async function edited(file: Uint8Array, edit: (contents: Contents) => void): Promise<Uint8Array<ArrayBuffer>> {
  const files = new Map((await unpackTar(file)).map(({ header, data }) => [header.name, data ?? new Uint8Array()]));
  const index: Index = decode(files.get('index.json')!);
  const [descriptor] = index.manifests;
  const manifest: Manifest = decode(files.get(pathOf(descriptor!.digest))!);
  const config: Contents['config'] = decode(files.get(pathOf(manifest.config.digest))!);
  edit({ files, manifest, config });
  const put = async (mediaType: string, value: unknown) => {
    const bytes = encode(value);
    const digest = await digestOf(bytes);
    files.set(pathOf(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const changed = { ...manifest, config: await put(mediaTypes.savedSnapshotConfig, config) };
  files.set('index.json', encode({ ...index, manifests: [await put(mediaTypes.manifest, changed)] }));
  return packed(files);
}

/** The last blob is damaged in its last byte, so all before it are stored by then. */
async function withoutLastBlob(file: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const files = new Map((await unpackTar(file)).map(({ header, data }) => [header.name, data ?? new Uint8Array()]));
  const bytes = [...files.values()].at(-1)!;
  bytes[bytes.length - 1] = bytes[bytes.length - 1]! ^ 1;
  return packed(files);
}
