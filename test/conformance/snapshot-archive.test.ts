import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import type { SnapshotRecord } from '../../src/api/snapshot';
import { chunksOf } from '../../src/base/streams';
import { exportSnapshot, type SnapshotStores } from '../../src/engine/snapshot-archive';
import { noFolders } from '../../src/engine/snapshot-archive-fixture';
import { importSnapshot } from '../../src/engine/snapshot-import';
import { createStores } from '../../src/engine/stores-fixture';
import { type Manifest, mediaTypes } from '../../src/formats/oci';

const skopeo = findProgram('skopeo');
const tar = findProgram('tar');

async function makeSnapshot({ blobs, disks }: SnapshotStores): Promise<SnapshotRecord> {
  const { digest, size } = await blobs.put(new Uint8Array(200_000).fill(7).buffer);
  const { id } = await disks.create({ sizeMiB: 1 });
  const machine = { memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
  return {
    id: 'snapshot',
    name: 'Before',
    notes: '',
    createdAt: 1_700_000_000_000,
    instance: 'web',
    spec: { kind: 'vm', name: 'web', ...machine, disks: [{ sizeMiB: 1 }] },
    config: { formatVersion: 1, v86: '0.5.462', machine, kernel: digest, agentProtocol: 1, console: '' },
    layers: [digest],
    size,
    disks: [await disks.freeze(id)],
    automatic: false,
  };
}

describe('a snapshot’s file and programs of others', () => {
  let stores: SnapshotStores;
  let record: SnapshotRecord;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-archive-'));
    file = join(folder, 'snapshot.tar');
    stores = await createStores();
    record = await makeSnapshot(stores);
    await writeFile(file, chunksOf(await exportSnapshot(record, stores)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = async (program: string | undefined, ...args: string[]) =>
    (await promisify(execFile)(program ?? '', args)).stdout;
  const openFile = async (path: string) => {
    const bytes = await readFile(path);
    return () => new Blob([bytes]).stream();
  };
  const bring = async (path: string) =>
    importSnapshot(await openFile(path), {
      ...(await createStores()),
      randomId: () => 'x',
      inUse: new Set(),
      folders: noFolders,
    });

  it.runIf(skopeo)('skopeo reads the manifest', async () => {
    const manifest: Manifest = JSON.parse(await run(skopeo, 'inspect', '--raw', `oci-archive:${file}`));
    expect(manifest.artifactType).toBe(mediaTypes.savedSnapshot);
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([
      mediaTypes.savedSnapshotLayer,
      mediaTypes.savedDiskLayer,
    ]);
  });

  it.runIf(skopeo)('skopeo copies it, and its copy can be brought back', async () => {
    const copy = join(folder, 'copy.tar');
    await run(skopeo, 'copy', '--insecure-policy', `oci-archive:${file}`, `oci-archive:${copy}`);
    expect(await bring(copy)).toMatchObject({ name: 'Before', layers: record.layers });
  });

  it.runIf(tar)('tar packs its files anew, in another order and format, and they can be brought back', async () => {
    await run(tar, '-C', folder, '-xf', file);
    const again = join(folder, 'again.tar');
    await run(tar, '-C', folder, '--format=gnu', '-cf', again, './blobs', './index.json', './oci-layout');
    expect(await bring(again)).toMatchObject({ name: 'Before', layers: record.layers });
  });
});
