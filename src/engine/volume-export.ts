import type { DiskId, DiskStore } from '../api/disk';
import type { VolumeFileForm } from '../api/volume';
import { streamOf } from '../base/streams';
import { extentSize } from '../formats/disk-image';
import { serializeSparseTar } from '../formats/sparse-tar';
import { BlockPortClient } from '../rpc/block-port';
import { readExtents } from './disk-copies';

/** A file on its way out. */
export interface VolumeFile {
  readonly name: string;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

export interface VolumeReading {
  readonly disks: DiskStore;
  /** A copy that is nobody else's: it goes when the stream has ended, was canceled or failed. */
  readonly disk: DiskId;
  readonly name: string;
  readonly form: VolumeFileForm;
  readonly lost: AbortSignal;
}

type Chunks = AsyncGenerator<Uint8Array<ArrayBuffer>>;

const endings: Readonly<Record<VolumeFileForm, string>> = { raw: 'img', gzip: 'img.gz', tar: 'img.tar' };

export async function readVolume({ disks, disk, name, form, lost }: VolumeReading): Promise<VolumeFile> {
  try {
    const { sizeBytes } = await disks.info(disk);
    const client = new BlockPortClient(await disks.open(disk), { lost });
    const chunks = form === 'tar' ? tarOf(client, sizeBytes, `${name}.img`) : rawOf(client, sizeBytes);
    const stream = streamOf(thenGone(chunks, client, disks, disk));
    const packed = form === 'gzip' ? stream.pipeThrough(new CompressionStream('gzip')) : stream;
    return { name: `${name}.${endings[form]}`, stream: packed as VolumeFile['stream'] };
  } catch (error) {
    await disks.delete(disk).catch(() => {});
    throw error;
  }
}

async function* thenGone(chunks: Chunks, client: BlockPortClient, disks: DiskStore, disk: DiskId): Chunks {
  try {
    yield* chunks;
  } finally {
    // What cannot be removed now is removed when the lab is opened the next time.
    await client.close().catch(() => {});
    await disks.delete(disk).catch(() => {});
  }
}

async function* rawOf(client: BlockPortClient, sizeBytes: number): Chunks {
  let at = 0;
  for await (const { index, bytes } of readExtents(client, sizeBytes)) {
    yield* zeros(index * extentSize - at);
    const part = bytes.subarray(0, sizeBytes - index * extentSize);
    yield part;
    at = index * extentSize + part.length;
  }
  yield* zeros(sizeBytes - at);
}

async function* zeros(count: number): Chunks {
  for (let left = count; left > 0; left -= extentSize) yield new Uint8Array(Math.min(left, extentSize));
}

async function* tarOf(client: BlockPortClient, sizeBytes: number, name: string): Chunks {
  const indexes = [...(await client.extents())];
  const pieces = indexes.map((index) => {
    const offset = index * extentSize;
    return { offset, length: Math.min(extentSize, sizeBytes - offset) };
  });
  async function* bytes(): Chunks {
    for await (const { index, bytes: extent } of readExtents(client, sizeBytes)) {
      yield extent.subarray(0, sizeBytes - index * extentSize);
    }
  }
  yield* serializeSparseTar({ name, sizeBytes, pieces, bytes: bytes() });
}
