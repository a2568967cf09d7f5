import type { ByteRange, ContentStore, Digest, Ingest, StoreView } from '../../api/content-store';
import type { LayerIndex, LayerNode } from '../../api/layer';
import type { Operation } from '../../api/operation';
import type { RecordChange, RecordStore } from '../../api/records';
import { SandboxError, toSandboxError } from '../../base/errors';
import { failpoint } from '../../base/failpoint';
import { filePieces } from '../../formats/layer/file-pieces';
import { LayerBuilder } from '../../formats/layer/layer-builder';
import { parseLayerIndex, serializeLayerIndex } from '../../formats/layer/layer-index';
import { layerCompression } from '../../formats/layer-type';
import type { Descriptor } from '../../formats/oci';
import { TarScanner } from '../../formats/tar/tar-scanner';
import { decompressLayer } from './decompress-layer';
import { ReceivedBytes } from './received-bytes';
import { imageLabel, parseStoredLayer, planLayerRemoval, type StoredLayer } from './stored-layer';

/** Changes that are made in the same step in which a layer appears: see {@link ContentStore.commitAll}. */
export type LayerPlan = (layer: StoredLayer, view: StoreView) => Promise<readonly RecordChange[]>;

/** Nodes of the indexes that are kept in memory, about 300 bytes each. */
const defaultCachedNodes = 100_000;
/** Layers of more are hashed in a thread of their own, which costs about as much as hashing this many bytes. */
const bulkBytes = 1024 * 1024;
/** Zeros of a hole that are handed out at a time. */
const zeros = new Uint8Array(256 * 1024);

/**
 * The layers of images: each as the blob that came, as the uncompressed tar from which its files are read, and as an
 * index of that tar. A layer is there when its record is, and the record appears together with all three.
 */
export class LayerStore {
  readonly #store: ContentStore;
  readonly #records: RecordStore;
  readonly #cachedNodes: number;
  readonly #indexes = new Map<Digest, Promise<LayerIndex>>();

  constructor(store: ContentStore, records: RecordStore, { cachedNodes = defaultCachedNodes } = {}) {
    this.#store = store;
    this.#records = records;
    this.#cachedNodes = cachedNodes;
  }

  /** All layers, in the order of their blobs' digests. */
  async list(): Promise<readonly StoredLayer[]> {
    return (await this.#records.list('layers')).map(({ value }) => parseStoredLayer(value));
  }

  /** The layer that came as this blob. */
  async find(digest: Digest): Promise<StoredLayer | undefined> {
    return (await this.list()).find((layer) => layer.digest === digest);
  }

  /** The layers that have this tar, however they are compressed. */
  async withDiffId(diffId: Digest): Promise<readonly StoredLayer[]> {
    return (await this.list()).filter((layer) => layer.diffId === diffId);
  }

  /**
   * Takes a layer's blob: verifies, decompresses, indexes and keeps it in one pass. One that is there already is
   * replaced, which heals it. `plan` says what else changes when it appears.
   * Errors: `DataLoss`, with the digest in its details, when digest or size differ; `InvalidArgument` for what is no
   * layer, no sound tar, or beyond the limits; `ResourceExhausted`; `Canceled`; and what `bytes` throws. Nothing is
   * kept then.
   */
  async put(
    descriptor: Descriptor,
    bytes: AsyncIterable<Uint8Array>,
    operation: Operation = {},
    plan: LayerPlan = async () => [],
  ): Promise<StoredLayer> {
    const { digest, size, mediaType } = descriptor;
    const compression = layerCompression(mediaType);
    if (!compression) throw new SandboxError('InvalidArgument', `Not a layer of an image: ${digest} is ${mediaType}`);
    const bulk = size > bulkBytes;
    const blob = await this.#store.ingest({ digest, size, label: imageLabel, bulk });
    const ingests = [blob];
    const received = new ReceivedBytes(bytes, blob, size, operation);
    try {
      if (compression !== 'none') ingests.push(await this.#store.ingest({ label: imageLabel, bulk }));
      const tar = ingests.at(-1) as Ingest;
      // Begun now: later it would wait until the chunks of the others are written.
      const index = await this.#store.ingest({ label: imageLabel });
      ingests.push(index);
      const unpacked = await this.#unpack(received, { digest, compression, blob, tar });
      await index.write(serializeLayerIndex({ size: tar.offset, nodes: unpacked }));
      return await this.#commit(ingests, { compression, plan });
    } catch (error) {
      for (const ingest of ingests) await ingest.abort().catch(() => undefined);
      throw error;
    } finally {
      await received.dispose();
    }
  }

  /** `NotFound` when there is no such layer. An index that is damaged is made anew from the tar. */
  async layer(diffId: Digest): Promise<LayerIndex> {
    const cached = this.#indexes.get(diffId);
    const loading = cached ?? this.#load(diffId);
    // The latest is the last to go.
    this.#indexes.delete(diffId);
    this.#indexes.set(diffId, loading);
    try {
      const index = await loading;
      if (!cached) await this.#trim();
      return index;
    } catch (error) {
      if (this.#indexes.get(diffId) === loading) this.#indexes.delete(diffId);
      throw error;
    }
  }

  /** Bytes of a file of a layer, verified, in pieces; what is behind its end is left out. */
  async *readFile(diffId: Digest, node: LayerNode, range?: ByteRange): AsyncGenerator<Uint8Array> {
    for (const { size, offset } of filePieces(node, range ?? { start: 0, end: node.size })) {
      if (offset !== undefined) yield* this.#store.open(diffId, { start: offset, end: offset + size });
      else for (let left = size; left > 0; left -= zeros.length) yield zeros.slice(0, Math.min(left, zeros.length));
    }
  }

  /** Bytes of a layer's uncompressed tar, verified. */
  readTar(diffId: Digest, range?: ByteRange): AsyncIterable<Uint8Array> {
    return this.#store.open(diffId, range);
  }

  /** Removes a layer; what another layer has too stays. Harmless when there is none. */
  async delete(digest: Digest): Promise<void> {
    const layer = await this.find(digest);
    await this.#store.update((view) => planLayerRemoval(view, new Set([digest])));
    if (layer) this.#indexes.delete(layer.diffId);
  }

  /** The nodes of the tar in the bytes, which is kept on the way. */
  async #unpack(
    received: ReceivedBytes,
    { digest, compression, blob, tar }: Pick<StoredLayer, 'digest' | 'compression'> & { blob: Ingest; tar: Ingest },
  ): Promise<LayerIndex['nodes']> {
    const indexer = new Indexer();
    let keeping: { readonly error: unknown } | undefined;
    try {
      for await (const piece of decompressLayer(received, compression)) {
        if (tar !== blob) {
          await tar.write(piece).catch((error: unknown) => {
            keeping = { error };
            throw error;
          });
        }
        indexer.push(piece);
        if (compression !== 'none') release(piece);
      }
      return indexer.finish();
    } catch (error) {
      const failure = received.failure ?? keeping;
      if (failure) throw failure.error;
      const unsound = unsoundBlob(digest, error);
      // A bomb is not worth its bytes. For anything else, damage on the way is the likelier reason: the rest is taken,
      // and the blob committed, which checks it, in a step that is undone.
      if (unsound.details['limit'] !== undefined) throw unsound;
      await received.drain();
      await this.#store.commitAll([blob], () => Promise.reject(unsound));
      throw unsound;
    }
  }

  async #commit(
    ingests: readonly Ingest[],
    { compression, plan }: Pick<StoredLayer, 'compression'> & { readonly plan: LayerPlan },
  ): Promise<StoredLayer> {
    let stored: StoredLayer | undefined;
    await failpoint('layer.commit');
    await this.#store.commitAll(ingests, async (infos, view) => {
      const [blob, index] = [infos[0], infos.at(-1)];
      const tar = infos.at(-2);
      if (!blob || !index || !tar) throw new SandboxError('Internal', 'A layer without its blobs');
      stored = {
        digest: blob.digest,
        size: blob.size,
        compression,
        diffId: tar.digest,
        tarSize: tar.size,
        index: index.digest,
        indexSize: index.size,
      };
      const changes = await plan(stored, view);
      return [{ collection: 'layers', key: stored.digest, value: stored }, ...changes];
    });
    return stored as StoredLayer;
  }

  async #load(diffId: Digest): Promise<LayerIndex> {
    const [layer] = await this.withDiffId(diffId);
    if (!layer) throw new SandboxError('NotFound', `No such layer: ${diffId}`, { details: { diffId } });
    try {
      return parseLayerIndex(diffId, await this.#store.read(layer.index));
    } catch (error) {
      if (!(error instanceof SandboxError && (error.code === 'DataLoss' || error.code === 'NotFound'))) throw error;
      return this.#indexAnew(layer);
    }
  }

  async #indexAnew({ diffId, tarSize }: StoredLayer): Promise<LayerIndex> {
    const indexer = new Indexer();
    for await (const piece of this.#store.open(diffId)) indexer.push(piece);
    return { diffId, size: tarSize, nodes: indexer.finish() };
  }

  /** Forgets the indexes that were asked for longest ago. */
  async #trim(): Promise<void> {
    let nodes = 0;
    for (const [diffId, loading] of [...this.#indexes].reverse()) {
      nodes += (await loading.catch(() => undefined))?.nodes.length ?? 0;
      if (nodes > this.#cachedNodes && this.#indexes.get(diffId) === loading) this.#indexes.delete(diffId);
    }
  }
}

/** Makes the nodes of a layer from its tar as it comes. */
class Indexer {
  readonly #builder = new LayerBuilder();
  readonly #scanner = new TarScanner((entry) => this.#builder.add(entry));

  push(piece: Uint8Array): void {
    this.#scanner.push(piece);
  }

  finish(): LayerIndex['nodes'] {
    this.#scanner.finish();
    return this.#builder.finish();
  }
}

/**
 * Frees the memory of what was decompressed, which is nobody's any more: the collector of garbage would leave 100 MB of it
 * before it came round.
 */
function release(piece: Uint8Array): void {
  const { buffer } = piece as { readonly buffer: { transfer?(bytes: number): ArrayBuffer } };
  // Where a decoder gives parts of one buffer, it is still the decoder's. `transfer` is of ES2024.
  if (piece.byteLength === piece.buffer.byteLength) buffer.transfer?.(0);
}

/** The blob is what its digest says, and no layer. */
function unsoundBlob(digest: Digest, cause: unknown): SandboxError {
  const { message, details } = toSandboxError(cause);
  return new SandboxError('InvalidArgument', `The layer ${digest} is refused: ${message}`, {
    cause,
    details: { ...details, digest },
  });
}
