import type { DiskGeneration, DiskId, DiskStore } from '../../api/disk';
import { extentSize } from '../../formats/disk-image';
import { BlockPortClient } from '../../rpc/block-port';

/** Makes a disk read as a frozen state of another one of its size. What is the same already is not written again. */
export async function rewriteDisk(
  disks: DiskStore,
  disk: DiskId,
  state: DiskGeneration,
  lost: AbortSignal,
): Promise<void> {
  const { id, sizeBytes } = await disks.fork(state);
  try {
    const source = new BlockPortClient(await disks.open(id), { lost });
    try {
      const target = new BlockPortClient(await disks.open(disk), { lost });
      try {
        await copyExtents(source, target, sizeBytes);
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  } finally {
    await disks.delete(id);
  }
}

async function copyExtents(source: BlockPortClient, target: BlockPortClient, sizeBytes: number): Promise<void> {
  const indexes = new Set([...(await source.extents()), ...(await target.extents())]);
  for (const index of indexes) {
    const offset = index * extentSize;
    const length = Math.min(extentSize, sizeBytes - offset);
    const [wanted, found] = [await source.read(offset, length), await target.read(offset, length)];
    if (wanted.some((byte, at) => byte !== found[at])) await target.write(offset, wanted);
  }
  await target.flush();
}
