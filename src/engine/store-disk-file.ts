import type { DiskGeneration, DiskSource, DiskStore, DriveKind } from '../api/disk';
import type { Operation } from '../api/operation';
import { throwIfAborted } from '../base/errors';
import { createDigester } from '../formats/digest';
import { mediumSizeMiB, recognizeMedium } from '../formats/disk-medium';
import { BlockPortClient } from '../rpc/block-port';
import type { DiskFile, DiskFiles } from './disk-files';

/** Bytes read and written at once. */
const pieceBytes = 512 * 1024;

/** A file that was stored, and what it is. */
export interface StoredDiskFile {
  readonly drive: DriveKind;
  readonly sizeMiB: number;
  readonly source: DiskSource & { readonly generation: DiskGeneration };
}

/**
 * Stores a user's file as a frozen generation of a disk that is deleted; one that is stored already is not stored twice.
 * Errors, with nothing left: `InvalidArgument` for what is no disk, `ResourceExhausted`, `Canceled`, `Unavailable` when
 * the store ends.
 */
export async function storeDiskFile(
  disks: DiskStore,
  files: DiskFiles,
  { name, content }: DiskFile,
  operation: Operation = {},
): Promise<StoredDiskFile> {
  const { drive } = await recognizeMedium(name, content.size, readerOf(content));
  const sizeMiB = mediumSizeMiB(drive, content.size);
  const { id } = await disks.create({ sizeMiB });
  try {
    const digest = await fill(disks, id, content, operation);
    const generation = files.stored(digest)?.generation ?? (await disks.freeze(id));
    const source = { name, digest, sizeBytes: content.size, generation };
    files.add(source);
    return { drive, sizeMiB, source };
  } finally {
    // Without a generation the whole disk goes.
    await disks.delete(id);
  }
}

/** Writes what is not zero, and hashes all of it. */
async function fill(
  disks: DiskStore,
  disk: string,
  content: Blob,
  { signal, onProgress }: Operation,
): Promise<DiskSource['digest']> {
  const digester = await createDigester();
  const client = new BlockPortClient(await disks.open(disk));
  try {
    for (let at = 0; at < content.size; at += pieceBytes) {
      throwIfAborted(signal);
      onProgress?.({ phase: 'Storing the disk', done: at, total: content.size });
      const piece = new Uint8Array(await content.slice(at, at + pieceBytes).arrayBuffer());
      digester.update(piece);
      if (piece.some((byte) => byte !== 0)) await client.write(at, piece);
    }
    await client.flush();
    return digester.digest();
  } finally {
    await client.close();
  }
}

function readerOf(content: Blob) {
  return async (offset: number, length: number): Promise<Uint8Array> =>
    new Uint8Array(await content.slice(offset, offset + length).arrayBuffer());
}
