import { describe, expect, it, vi } from 'vitest';
import type { DiskStore } from '../api/disk';
import type { RecordStore } from '../api/records';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { digestOf } from '../formats/digest';
import { extentSize, serializeDiskImage } from '../formats/disk-image';
import { annotations, mediaTypes } from '../formats/oci';
import { BlockPortClient } from '../rpc/block-port';
import type { Artifact } from '../storage/artifact-source';
import { LayeredDiskStore } from '../storage/disks/layered-disk-store';
import { MemoryDiskBackend } from '../storage/disks/memory-disk-backend';
import { completeDisk } from './complete-disk';
import { DiskBook } from './disk-book';
import { DiskTemplates } from './disk-templates';
import { openTestLab } from './lab-fixture';
import type { StoredDisk } from './lab-records';
import type { ArtifactLoader } from './store-client';
import { createStores } from './stores-fixture';

const mebibyte = 1024 * 1024;

async function imageOf(sizeMiB: number, mark: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(extentSize);
  bytes.set(new TextEncoder().encode(mark));
  async function* extents() {
    yield { index: 1, bytes };
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of serializeDiskImage({ sizeBytes: sizeMiB * mebibyte, extents: extents() }))
    chunks.push(chunk);
  return concatBytes(chunks);
}

/** A registry with templates of two sizes, that say `mark` in their second extent. */
async function registry(mark = 'first') {
  const images = new Map([
    ['64', await imageOf(64, mark)],
    ['128', await imageOf(128, mark)],
  ]);
  const layers = await Promise.all(
    [...images].map(async ([title, image]) => ({
      mediaType: mediaTypes.diskLayer,
      digest: await digestOf(image),
      size: image.length,
      annotations: {
        [annotations.title]: title,
        [annotations.uncompressedDigest]: await digestOf(image),
        [annotations.uncompressedSize]: String(image.length),
      },
    })),
  );
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, layers } as unknown as Artifact['manifest'];
  const loader = {
    resolve: vi.fn(async (reference: string) => ({ reference, manifest }) as Artifact),
    load: vi.fn(async ({ part }: Parameters<ArtifactLoader['load']>[0]) => {
      const title = typeof part === 'object' ? part.title : '';
      return (images.get(title) ?? new Uint8Array()).slice().buffer;
    }),
  };
  return loader satisfies ArtifactLoader;
}

async function begin(mark?: string) {
  const { disks, records } = await createStores();
  const loader = await registry(mark);
  return { disks, records, loader, ...open(disks, records, loader) };
}

function open(disks: DiskStore, records: RecordStore, loader: ArtifactLoader, stored: readonly StoredDisk[] = []) {
  const book = new DiskBook(records);
  book.adopt(stored);
  return { book, templates: new DiskTemplates({ disks, book, loader, lost: () => new AbortController().signal }) };
}

async function storedIn(records: RecordStore): Promise<readonly StoredDisk[]> {
  return (await records.list('disks')).map(({ value }) => value as StoredDisk);
}

async function markOf(disks: Awaited<ReturnType<typeof begin>>['disks'], id: string): Promise<string> {
  const client = new BlockPortClient(await disks.open(id));
  const bytes = await client.read(extentSize, 16);
  await client.close();
  return new TextDecoder().decode(bytes).replace(/\0+$/, '');
}

describe('disks with a file system', () => {
  it('are copies of one that is loaded once', async () => {
    const { disks, loader, templates, book } = await begin();
    const [first, second] = await Promise.all([
      templates.create({ sizeMiB: 128, format: 'ext4' }),
      templates.create({ sizeMiB: 128, format: 'ext4' }),
    ]);
    expect(first).toMatchObject({ sizeBytes: 128 * mebibyte, storedBytes: 0, changed: false });
    expect(second?.base).toEqual(first?.base);
    expect(loader.load).toHaveBeenCalledTimes(1);
    expect(await markOf(disks, first?.id ?? '')).toBe('first');
    expect(book.generations()).toEqual([first?.base]);
  });

  it('are not loaded again after a reload, nor when the registry is away', async () => {
    const { disks, records, loader, templates } = await begin();
    await templates.create({ sizeMiB: 64, format: 'ext4' });
    const { templates: again } = open(disks, records, loader, await storedIn(records));
    await again.create({ sizeMiB: 64, format: 'ext4' });
    loader.resolve.mockRejectedValue(new SandboxError('Unavailable', 'No network'));
    await again.create({ sizeMiB: 64, format: 'ext4' });
    expect(loader.load).toHaveBeenCalledTimes(1);
    await expect(again.create({ sizeMiB: 128, format: 'ext4' })).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('are of what the registry has now; what was made before stays as it was', async () => {
    const { disks, records, templates } = await begin();
    const before = await templates.create({ sizeMiB: 64, format: 'ext4' });
    const later = open(disks, records, await registry('second'), await storedIn(records));
    const after = await later.templates.create({ sizeMiB: 64, format: 'ext4' });
    expect([await markOf(disks, before.id), await markOf(disks, after.id)]).toEqual(['first', 'second']);
    expect(await records.list('disks')).toHaveLength(1);
    expect(later.book.generations()).toEqual([after.base]);
  });

  it('are loaded again when they went with a store in memory', async () => {
    const { records, loader, templates } = await begin();
    await templates.create({ sizeMiB: 64, format: 'ext4' });
    const disks = new LayeredDiskStore(new MemoryDiskBackend());
    const { templates: again } = open(disks, records, loader, await storedIn(records));
    const { id } = await again.create({ sizeMiB: 64, format: 'ext4' });
    expect(await markOf(disks, id)).toBe('first');
  });

  it.each([
    ['of no size', { sizeMiB: 0, format: 'ext4' as const }],
    ['of half a size', { sizeMiB: 1.5, format: 'ext4' as const }],
    ['beyond the largest', { sizeMiB: 65_537, format: 'ext4' as const }],
    ['of another kind', { sizeMiB: 64, format: 'ntfs' as never }],
  ])('cannot be had %s', (_, spec) => {
    expect(() => completeDisk(spec)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });

  it('cannot be had of a size that the registry lacks', async () => {
    const { disks, templates } = await begin();
    await expect(templates.create({ sizeMiB: 256, format: 'ext4' })).rejects.toMatchObject({ code: 'NotFound' });
    expect(await disks.list()).toEqual([]);
  });

  it('survive the sweep of a reload, and their specs say what they are', async () => {
    const { lab, storage } = await openTestLab(undefined, undefined, { artifacts: await registry() });
    const record = await lab.create({
      kind: 'vm',
      memoryMiB: 64,
      devices: 'virtio',
      containerHost: false,
      disks: [{ sizeMiB: 100, format: 'ext4' }],
    });
    expect(record.spec.disks).toEqual([{ sizeMiB: 128, format: 'ext4' }]);
    const before = await storage.disks.list();
    await lab.close();
    const reopened = await openTestLab(storage);
    expect(await storage.disks.list()).toEqual(before);
    await reopened.lab.close();
  });
});
