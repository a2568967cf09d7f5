import type { BlobInfo, ByteRange, ContentStore, Digest, StoreView } from '../../api/content-store';
import type { CheckedSignature } from '../../api/distribution';
import type { ImageContent, Lease } from '../../api/image';
import type { LayerIndex } from '../../api/layer';
import type { Operation } from '../../api/operation';
import type { RecordChange, RecordStore } from '../../api/records';
import type { Clock } from '../../base/clock';
import { SandboxError, throwIfAborted } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import { failpoint } from '../../base/failpoint';
import { isForeignLayer, layerCompression } from '../../formats/layer-type';
import type { Descriptor } from '../../formats/oci';
import { documentLimit } from '../../formats/oci-parse';
import type { LayerStore } from '../layers/layer-store';
import { parseStoredLayer } from '../layers/stored-layer';
import { randomId } from '../random-id';
import { type DescribedImage, describeImage, type ImagePieces } from './describe-image';
import { findImage } from './find-image';
import { createLease, extendLease, removeLease } from './image-leases';
import { type ImagePartRecord, type ImageRecords, loadImageRecords, putImage } from './image-record';
import { type LayerParts, partsOf } from './layer-parts';
import { type DescribedNamedImage, type NamedImage, nameFor, planNaming } from './name-images';
import { planCollection } from './plan-collection';
import { addBlob, putBlob, type WriteWith } from './put-blob';

export interface ImageStoreOptions {
  readonly content: ContentStore;
  readonly records: RecordStore;
  readonly layers: LayerStore;
  readonly clock: Clock;
}

/**
 * Images over the content store and the records. Whatever is decided is decided and written down in one step of the
 * store, so that nothing comes between, not even from another tab.
 */
export class ImageStore implements ImageContent {
  readonly #content: ContentStore;
  readonly #records: RecordStore;
  readonly #layers: LayerStore;
  readonly #clock: Clock;
  /** Leases of this thread: they last until they are released. */
  readonly #held = new Set<string>();
  readonly #changed = new Emitter<void>();
  /** Found damaged when they were read: to be put again. */
  readonly #damaged = new Set<Digest>();

  /** Fires after the images, their names or their users have changed. */
  readonly changes: Event<void> = this.#changed.event;

  constructor({ content, records, layers, clock }: ImageStoreOptions) {
    this.#content = content;
    this.#records = records;
    this.#layers = layers;
    this.#clock = clock;
  }

  async has(descriptor: Descriptor, lease?: Lease): Promise<boolean> {
    if (lease) return this.#hold(descriptor, lease);
    return (await this.#storedAs(descriptor, await this.#present())) !== undefined;
  }

  async put(
    descriptor: Descriptor,
    bytes: AsyncIterable<Uint8Array>,
    lease: Lease,
    operation: Operation = {},
  ): Promise<void> {
    throwIfAborted(operation.signal);
    requireHere(descriptor);
    if (await this.#hold(descriptor, lease)) return;
    await failpoint('images.put');
    const writeWith = this.#extending(lease);
    if (layerCompression(descriptor.mediaType) === undefined) {
      await putBlob(this.#content, descriptor, bytes, writeWith, operation);
    } else {
      await this.#layers.put(descriptor, bytes, operation, (layer, view) =>
        writeWith(
          partsOf(layer).parts.map((part) => part.digest),
          view,
        ),
      );
    }
    const stored = (await this.#storedAs(descriptor, await this.#present(), new Set())) ?? [];
    for (const digest of stored) this.#damaged.delete(digest);
  }

  /** Takes a blob of which nothing is known before its end. The lease holds it. */
  async add(bytes: AsyncIterable<Uint8Array>, lease: Lease, operation: Operation = {}): Promise<BlobInfo> {
    return addBlob(this.#content, {}, bytes, this.#extending(lease), operation);
  }

  info(digest: Digest): Promise<BlobInfo> {
    return this.#content.info(digest);
  }

  async *open(digest: Digest, range?: ByteRange): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      yield* this.#content.open(digest, range);
    } catch (error) {
      throw this.#noted(digest, error);
    }
  }

  async read(digest: Digest, operation?: Operation): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.#content.read(digest, operation);
    } catch (error) {
      throw this.#noted(digest, error);
    }
  }

  /** What a stored layer unpacks to. `NotFound` when it is not stored. */
  async diffId({ digest }: Descriptor): Promise<Digest> {
    const layer = await this.#layerAt(digest, await this.#present(), this.#damaged);
    if (layer) return layer.diffId;
    throw new SandboxError('NotFound', `No such layer: ${digest}`, { details: { digest } });
  }

  /** The blobs that a stored layer is made of. `NotFound` when it is not stored. */
  async partsOf(digest: Digest): Promise<readonly ImagePartRecord[]> {
    const layer = await this.#layerAt(digest, await this.#present(), this.#damaged);
    if (layer) return layer.parts;
    throw new SandboxError('NotFound', `No such layer: ${digest}`, { details: { digest } });
  }

  layer(diffId: Digest): Promise<LayerIndex> {
    return this.#layers.layer(diffId);
  }

  tag(reference: string, descriptor: Descriptor): Promise<void> {
    return this.keep([{ descriptor, references: [reference] }]);
  }

  async signature(image: Digest): Promise<CheckedSignature | undefined> {
    return findImage((await this.records()).images, image).record.signature;
  }

  keepSignature(image: Digest, signature: CheckedSignature | undefined): Promise<void> {
    return this.change(({ images }) => {
      const found = images.find(({ descriptor }) => descriptor.digest === image);
      if (!found) return [];
      const { signature: _, ...record } = found;
      return [putImage({ ...record, ...(signature && { signature }) })];
    });
  }

  /** Keeps images, under these names if there are any: all of them or none. Errors as of `tag`. */
  async keep(images: readonly NamedImage[]): Promise<void> {
    const pieces = this.#piecesOf(await this.#present());
    const named: DescribedNamedImage[] = [];
    for (const { descriptor, references } of images) {
      const names = references.map((reference) => nameFor(reference, descriptor));
      named.push({ descriptor, references: names, described: await describeImage(descriptor, pieces) });
    }
    await this.change(async (records, view) => {
      const there = new Set((await view.blobs()).map(({ digest }) => digest));
      for (const { descriptor, described } of named) requireParts(descriptor.digest, described, there);
      return planNaming(records.images, named, this.#clock.now());
    });
  }

  async resolve(reference: string): Promise<Descriptor> {
    const { images } = await this.records();
    return findImage(images, reference).descriptor;
  }

  async lease(): Promise<Lease> {
    const id = randomId();
    this.#held.add(id);
    await this.#content.update(async () => ({ changes: [createLease(id, this.#clock.now())] }));
    const release = async (): Promise<void> => {
      this.#held.delete(id);
      await this.#content.update(async () => ({ changes: [removeLease(id)] }));
    };
    return { id, release, leave: () => void this.#held.delete(id) };
  }

  /** What is kept now, and by whom. */
  records(): Promise<ImageRecords> {
    return loadImageRecords(this.#records);
  }

  /** Writes what follows from the records, in one step with reading them; `decide` may wait for the view alone. */
  async change(
    decide: (records: ImageRecords, view: StoreView) => Promise<readonly RecordChange[]> | readonly RecordChange[],
  ): Promise<void> {
    await this.#content.update(async (view) => ({ changes: await decide(await loadImageRecords(view), view) }));
    this.#changed.fire();
  }

  /** Deletes the content that no image and no lease needs, and says what that was. Safe at any time, beside anything. */
  async collect(): Promise<readonly ImagePartRecord[]> {
    let collected: readonly ImagePartRecord[] = [];
    await this.#content.update(async (view) => {
      const records = await loadImageRecords(view);
      const layers = (await view.list('layers')).map(({ key, value }) => ({
        digest: key as Digest,
        parts: partsOf(parseStoredLayer(value)).parts,
      }));
      const now = this.#clock.now();
      const collection = planCollection({
        records,
        layers,
        blobs: await view.blobs(),
        isLiving: ({ id, expiresAt }) => this.#held.has(id) || expiresAt > now,
      });
      collected = collection.blobs;
      return collection;
    });
    if (collected.length > 0) this.#changed.fire();
    return collected;
  }

  #piecesOf(stored: Stored): ImagePieces {
    const has = async (digest: Digest): Promise<boolean> => !this.#damaged.has(digest) && (await stored.has(digest));
    return {
      read: async (descriptor) => {
        if (!(await has(descriptor.digest))) return undefined;
        if (descriptor.size > documentLimit) throw tooLarge(descriptor);
        return this.read(descriptor.digest);
      },
      has,
      layer: (digest) => this.#layerAt(digest, stored, this.#damaged),
    };
  }

  /** What is stored now. */
  async #present(): Promise<Stored> {
    const layers = new Map((await this.#records.list('layers')).map(({ key, value }) => [key, value]));
    return { has: (digest) => this.#content.has(digest), layer: async (digest) => layers.get(digest) };
  }

  #extending({ id }: Lease): WriteWith {
    return async (digests, view) => [await extendLease(view, id, this.#clock.now(), digests)];
  }

  /** Whether it is there; if so it stays until the lease ends. */
  async #hold(descriptor: Descriptor, lease: Lease): Promise<boolean> {
    let there = false;
    await this.#content.update(async (view) => {
      const blobs = new Set((await view.blobs()).map(({ digest }) => digest));
      const stored = await this.#storedAs(descriptor, {
        has: async (digest) => blobs.has(digest),
        layer: (digest) => view.get('layers', digest),
      });
      there = stored !== undefined;
      return { changes: [await extendLease(view, lease.id, this.#clock.now(), stored ?? [])] };
    });
    return there;
  }

  /** The blobs that it is stored as; undefined when it is not, or is damaged. */
  async #storedAs(
    { digest, mediaType }: Descriptor,
    stored: Stored,
    damaged: ReadonlySet<Digest> = this.#damaged,
  ): Promise<readonly Digest[] | undefined> {
    if (layerCompression(mediaType) === undefined) {
      return !damaged.has(digest) && (await stored.has(digest)) ? [digest] : undefined;
    }
    const layer = await this.#layerAt(digest, stored, damaged);
    return layer?.parts.map((part) => part.digest);
  }

  async #layerAt(digest: Digest, stored: Stored, damaged: ReadonlySet<Digest>): Promise<LayerParts | undefined> {
    const record = await stored.layer(digest);
    if (record === undefined) return undefined;
    const layer = partsOf(parseStoredLayer(record));
    for (const part of layer.parts) if (damaged.has(part.digest) || !(await stored.has(part.digest))) return undefined;
    return layer;
  }

  #noted(digest: Digest, error: unknown): unknown {
    if (error instanceof SandboxError && error.code === 'DataLoss') this.#damaged.add(digest);
    return error;
  }
}

interface Stored {
  has(digest: Digest): Promise<boolean>;
  /** The record of a layer. */
  layer(digest: Digest): Promise<unknown>;
}

/** What was there when the image was described may have been collected since. */
function requireParts(digest: Digest, { parts }: DescribedImage, there: ReadonlySet<Digest>): void {
  const lost = parts.find((part) => !there.has(part.digest));
  if (!lost) return;
  const message = `The image ${digest} is not complete: ${lost.digest} is not stored any more; pull or load it again`;
  throw new SandboxError('FailedPrecondition', message, { details: { digest } });
}

function requireHere({ mediaType, digest }: Descriptor): void {
  if (!isForeignLayer(mediaType)) return;
  throw new SandboxError('Unimplemented', `The layer ${digest} is foreign (${mediaType}): its bytes are elsewhere`, {
    details: { digest },
  });
}

function tooLarge({ digest, size }: Descriptor): SandboxError {
  const message = `The document ${digest} has ${size} bytes, at most ${documentLimit} are read`;
  return new SandboxError('InvalidArgument', message, { details: { digest } });
}
