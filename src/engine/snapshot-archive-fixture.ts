import type { Digest } from '../api/content-store';
import type { DiskGeneration } from '../api/disk';
import type { SnapshotRecord } from '../api/snapshot';
import { concatBytes } from '../base/bytes';
import { chunksOf, streamOf } from '../base/streams';
import { BlockPortClient } from '../rpc/block-port';
import { exportSnapshot } from './snapshot-archive';
import type { Stores } from './stores-fixture';

export const pattern = (length: number, seed: number) => new Uint8Array(length).map((_, at) => (at >> 6) * seed);

async function write(lab: Stores, disk: string, offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const client = new BlockPortClient(await lab.disks.open(disk));
  await client.write(offset, bytes);
  await client.close();
}

export async function read(
  lab: Stores,
  generation: DiskGeneration,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const { id } = await lab.disks.fork(generation);
  const client = new BlockPortClient(await lab.disks.open(id));
  try {
    return await client.read(offset, length);
  } finally {
    await client.close();
    await lab.disks.delete(id);
  }
}

/** A snapshot with two layers, a disk of two generations and two empty ones. */
export async function makeSnapshot(lab: Stores): Promise<SnapshotRecord> {
  const layers: Digest[] = [];
  for (const seed of [3, 5]) layers.push((await lab.blobs.put(pattern(300_000, seed).buffer)).digest);
  const [data, ...empty] = [
    await lab.disks.create({ sizeMiB: 4 }),
    await lab.disks.create({ sizeMiB: 1 }),
    await lab.disks.create({ sizeMiB: 1 }),
  ];
  await write(lab, data.id, 100_000, pattern(300_000, 7));
  await lab.disks.freeze(data.id);
  await write(lab, data.id, 0, new Uint8Array(10).fill(9));
  const disks = [];
  for (const { id } of [data, ...empty]) disks.push(await lab.disks.freeze(id));
  await write(lab, data.id, 0, new Uint8Array(10).fill(8));
  return {
    id: 'original',
    name: 'Before',
    notes: 'some',
    createdAt: 1_700_000_000_000,
    parent: 'earlier',
    instance: 'web-id',
    spec: {
      kind: 'vm',
      name: 'web',
      memoryMiB: 64,
      devices: 'virtio',
      containerHost: false,
      nics: [{ network: 'default' }],
      disks: [{ sizeMiB: 4 }, { sizeMiB: 1 }, { sizeMiB: 1 }],
    },
    config: {
      formatVersion: 1,
      v86: '0.5.462',
      machine: { memoryMiB: 64, devices: 'virtio', containerHost: false, disks: 3 },
      kernel: `sha256:${'ab'.repeat(32)}`,
      agentProtocol: 1,
      console: '',
    },
    layers,
    size: 300_000,
    disks,
    automatic: false,
  };
}

export async function fileOf(lab: Stores, record: SnapshotRecord): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of chunksOf(await exportSnapshot(record, lab))) parts.push(part);
  return concatBytes(parts);
}

export const opener = (bytes: Uint8Array) => () =>
  streamOf(
    (async function* () {
      for (let from = 0; from < bytes.length; from += 50_000) yield bytes.subarray(from, from + 50_000);
    })(),
  );

/** For machines that share none. */
export const noFolders = () => Promise.reject(new Error('No folders are asked for'));
