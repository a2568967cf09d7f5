import type { DiskInfo, DiskStore } from '../api/disk';
import type { Operation } from '../api/operation';
import { throwIfAborted } from '../base/errors';
import { type DiskFile, parseDiskFile } from '../formats/disk-file';
import type { DiskImageExtent } from '../formats/disk-image';
import { BlockPortClient } from '../rpc/block-port';
import { writeExtents } from './disk-copies';

/** A file that a user brings. */
export interface DiskFileSource {
  readonly name: string;
  /** From its beginning, each time. */
  open(): ReadableStream<Uint8Array>;
}

const mebibyte = 1024 * 1024;

/** A new disk with what is in the file; nothing is left when it cannot be had. */
export async function importDisk(
  file: DiskFileSource,
  { disks, lost }: { readonly disks: DiskStore; readonly lost: AbortSignal },
  operation: Operation = {},
): Promise<DiskInfo> {
  operation.onProgress?.({ phase: 'Looking through the file' });
  const parsed = await parseDiskFile(() => file.open(), operation.signal);
  const { id } = await disks.create({ sizeMiB: parsed.sizeBytes / mebibyte });
  try {
    const client = new BlockPortClient(await disks.open(id), { lost });
    try {
      await writeExtents(client, watched(parsed, operation), parsed.sizeBytes);
    } finally {
      await client.close();
    }
    return await disks.info(id);
  } catch (error) {
    await disks.delete(id).catch(() => {});
    throw error;
  }
}

async function* watched({ sizeBytes, extents }: DiskFile, operation: Operation): AsyncGenerator<DiskImageExtent> {
  for await (const extent of extents) {
    throwIfAborted(operation.signal);
    operation.onProgress?.({ phase: 'Storing', done: extent.index * extent.bytes.length, total: sizeBytes });
    yield extent;
  }
}
