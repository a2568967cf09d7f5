import type { DiskGeneration, DiskId, DiskStore } from '../api/disk';
import { SandboxError } from '../base/errors';
import { type DiskImageExtent, extentSize, parseDiskImage, serializeDiskImage } from '../formats/disk-image';
import { BlockPortClient } from '../rpc/block-port';

const mebibyte = 1024 * 1024;
/** Extents asked for at once. */
const batch = 16;

/** A generation as a disk image, read through a copy of it that goes again. `lost` fires when the store has ended. */
export async function* readDiskImage(
  disks: DiskStore,
  generation: DiskGeneration,
  lost?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { id, sizeBytes } = await disks.fork(generation);
  try {
    const client = new BlockPortClient(await disks.open(id), lost && { lost });
    try {
      yield* serializeDiskImage({ sizeBytes, extents: readExtents(client) });
    } finally {
      await client.close();
    }
  } finally {
    await disks.delete(id);
  }
}

async function* readExtents(client: BlockPortClient): AsyncGenerator<DiskImageExtent> {
  const indexes = await client.extents();
  for (let from = 0; from < indexes.length; from += batch) {
    const some = [...indexes.subarray(from, from + batch)];
    const extents = await Promise.all(some.map((index) => client.read(index * extentSize, extentSize)));
    for (const [at, bytes] of extents.entries()) yield { index: some[at] ?? 0, bytes };
  }
}

/**
 * A generation with what a disk image says. Its disk is deleted already: it goes with the generation. Errors:
 * those of the image, `DataLoss` when it has not the size that was expected, `ResourceExhausted`, `Unavailable` when
 * `lost` fires. Nothing is left then.
 */
export async function writeDiskImage(
  disks: DiskStore,
  chunks: AsyncIterable<Uint8Array>,
  sizeMiB: number,
  lost?: AbortSignal,
): Promise<DiskGeneration> {
  const image = await parseDiskImage(chunks);
  if (image.sizeBytes !== sizeMiB * mebibyte) {
    throw new SandboxError('DataLoss', `A disk of ${image.sizeBytes} bytes, where one of ${sizeMiB} MiB is told of`);
  }
  const { id } = await disks.create({ sizeMiB });
  return keepGeneration(disks, id, async () => {
    const client = new BlockPortClient(await disks.open(id), lost && { lost });
    try {
      for await (const { index, bytes } of image.extents) await client.write(index * extentSize, bytes);
      await client.flush();
    } finally {
      await client.close();
    }
  });
}

/** Another generation that reads as that one and is a disk's of its own. */
export async function copyGeneration(disks: DiskStore, generation: DiskGeneration): Promise<DiskGeneration> {
  const { id } = await disks.fork(generation);
  return keepGeneration(disks, id, async () => {});
}

/** Freezes the disk after `fill`, and leaves nothing but the generation. */
async function keepGeneration(disks: DiskStore, disk: DiskId, fill: () => Promise<void>): Promise<DiskGeneration> {
  try {
    await fill();
    return await disks.freeze(disk);
  } finally {
    // Without a generation the whole disk goes.
    await disks.delete(disk);
  }
}
