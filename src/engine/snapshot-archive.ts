import type { Digest } from '../api/content-store';
import type { DiskStore } from '../api/disk';
import type { Operation } from '../api/operation';
import type { SnapshotRecord } from '../api/snapshot';
import { throwIfAborted } from '../base/errors';
import { type Index, type Manifest, mediaTypes } from '../formats/oci';
import { type ArchiveBlob, writeOciArchive } from '../formats/oci-archive';
import { serializeSavedSnapshot } from '../formats/saved-snapshot';
import type { BlobClient } from './blob-client';
import { readDiskImage } from './disk-copies';
import { archiveBlobOf, type PackedLayer, packDocument, packLayer } from './pack-layer';

/**
 * A snapshot as one file: an OCI image layout in a tar, with the record as the manifest's config, RAM and
 * devices as its first layers and the disks behind them, every layer gzip'd. Any registry can keep it.
 */

export interface SnapshotStores {
  readonly blobs: BlobClient;
  readonly disks: DiskStore;
  /** Fires when the store ends: browsers do not tell that of its ports. */
  readonly lost?: AbortSignal;
}

/** Bytes that go through the compressor at once. */
const chunkSize = 1024 * 1024;

/**
 * The file's bytes. Everything is read and packed before the first of them comes, so that what is missing is an
 * error and not half a file: `DataLoss` or `NotFound`.
 */
export async function exportSnapshot(
  record: SnapshotRecord,
  { blobs, disks, lost }: SnapshotStores,
  operation: Operation = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { signal, onProgress } = operation;
  const layers: PackedLayer[] = [];
  for (const [done, digest] of record.layers.entries()) {
    throwIfAborted(signal);
    onProgress?.({ phase: 'Packing memory, by layers', done, total: record.layers.length });
    const [bytes = new ArrayBuffer()] = await blobs.read([digest]);
    layers.push(await packLayer(mediaTypes.savedSnapshotLayer, `memory-${done}`, chunked(new Uint8Array(bytes))));
  }
  for (const [done, generation] of record.disks.entries()) {
    throwIfAborted(signal);
    onProgress?.({ phase: 'Packing disks', done, total: record.disks.length });
    const title = `vd${'abcd'[done] ?? done}`;
    layers.push(await packLayer(mediaTypes.savedDiskLayer, title, readDiskImage(disks, generation, lost)));
  }
  throwIfAborted(signal);
  return writeLayout(record, layers);
}

async function writeLayout(
  record: SnapshotRecord,
  layers: readonly PackedLayer[],
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const config = await packDocument(mediaTypes.savedSnapshotConfig, serializeSavedSnapshot(record));
  const manifest = await packDocument(
    mediaTypes.manifest,
    encode({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: mediaTypes.savedSnapshot,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
    } satisfies Manifest),
  );
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ ...manifest.descriptor, artifactType: mediaTypes.savedSnapshot }],
  };
  // Two empty disks are one blob.
  const blobs = new Map<Digest, ArchiveBlob>();
  for (const layer of [manifest, config, ...layers]) blobs.set(layer.descriptor.digest, archiveBlobOf(layer));
  return writeOciArchive(index, [...blobs.values()]);
}

async function* chunked(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let from = 0; from < bytes.length; from += chunkSize) yield bytes.subarray(from, from + chunkSize);
}

function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
