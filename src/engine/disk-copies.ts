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
      yield* serializeDiskImage({ sizeBytes, extents: readExtents(client, sizeBytes) });
    } finally {
      await client.close();
    }
  } finally {
    await disks.delete(id);
  }
}

/** What an open disk has, in whole extents. */
export async function* readExtents(client: BlockPortClient, sizeBytes: number): AsyncGenerator<DiskImageExtent> {
  const indexes = await client.extents();
  for (let from = 0; from < indexes.length; from += batch) {
    const some = [...indexes.subarray(from, from + batch)];
    const extents = await Promise.all(some.map((index) => readExtent(client, index, sizeBytes)));
    for (const [at, bytes] of extents.entries()) yield { index: some[at] ?? 0, bytes };
  }
}

/** The last one may go beyond the end of the disk, with zeros. */
async function readExtent(client: BlockPortClient, index: number, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const offset = index * extentSize;
  const length = Math.min(extentSize, sizeBytes - offset);
  const bytes = await client.read(offset, length);
  if (length === extentSize) return bytes;
  const whole = new Uint8Array(extentSize);
  whole.set(bytes);
  return whole;
}

/** Writes extents to a disk that is open, and makes them durable. */
export async function writeExtents(
  client: BlockPortClient,
  extents: AsyncIterable<DiskImageExtent>,
  sizeBytes: number,
): Promise<void> {
  for await (const { index, bytes } of extents) {
    const offset = index * extentSize;
    await client.write(offset, bytes.subarray(0, Math.min(extentSize, sizeBytes - offset)));
  }
  await client.flush();
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
      await writeExtents(client, image.extents, image.sizeBytes);
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
