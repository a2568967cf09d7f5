import type { Digest } from '../../api/content-store';
import type { Lease, Platform } from '../../api/image';
import type { LoadedImage } from '../../api/image-summary';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import {
  emptyRunConfig,
  type HistoryEntry,
  type ImageConfig,
  parseImageConfig,
  type RunConfig,
  serializeImageConfig,
} from '../../formats/image-config';
import { parseImageDocument } from '../../formats/image-document';
import { type Descriptor, type Manifest, mediaTypes } from '../../formats/oci';
import { choosePlatform, guestPlatform } from './choose-platform';
import { findImage } from './find-image';
import type { ImageStore } from './image-store';
import { shortName } from './image-usage';
import { describeLayer, putDocument } from './put-parts';
import { withLease } from './with-lease';

/** What a new image has that its layer does not say. */
export interface ImageChanges {
  /** The name that it gets, if any. */
  readonly reference?: string;
  /** What it runs, where that differs from the image below. */
  readonly run?: Partial<RunConfig>;
  readonly author?: string;
  readonly message?: string;
  /** What made the layer, for the history. */
  readonly createdBy?: string;
}

export interface ImportOptions extends ImageChanges {
  readonly platform?: Platform;
}

/**
 * `docker import`: an image of one layer out of a root file system's tar, which may be compressed. Errors as of
 * {@link ImageStore.put}.
 */
export async function importImage(
  store: ImageStore,
  clock: Clock,
  tar: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
  operation: Operation = {},
): Promise<LoadedImage> {
  const { platform = guestPlatform } = options;
  const base: ImageConfig = { platform, run: emptyRunConfig, diffIds: [], history: [] };
  return withLease(store, async (lease) => {
    const layer = await addLayer(store, tar, lease, operation);
    return finishImage(store, clock, { config: base, layers: [] }, layer, { message: 'Imported', ...options }, lease);
  });
}

/**
 * `docker commit`: an image with one more layer, and other settings, on top of another. `layer` is a layer's tar, with
 * whiteouts. `NotFound` when there is no such image, `FailedPrecondition` when it is for no guest here.
 */
export async function commitImage(
  store: ImageStore,
  clock: Clock,
  base: string,
  layer: AsyncIterable<Uint8Array>,
  changes: ImageChanges = {},
  operation: Operation = {},
): Promise<LoadedImage> {
  return withLease(store, async (lease) => {
    const below = await readBase(store, base, lease);
    const added = await addLayer(store, layer, lease, operation);
    return finishImage(store, clock, below, added, changes, lease);
  });
}

interface BaseImage {
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
}

export interface NewLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

async function readBase(store: ImageStore, name: string, lease: Lease): Promise<BaseImage> {
  const { record, descriptor } = findImage((await store.records()).images, name);
  const named = record.variants.filter(({ manifest }) => manifest.digest === descriptor.digest);
  const variant = choosePlatform(name, named.length > 0 ? named : record.variants, guestPlatform, record.absent);
  const document = parseImageDocument(variant.manifest, await store.read(variant.manifest.digest));
  const layers = document.kind === 'manifest' ? document.manifest.layers : [];
  for (const layer of layers) await store.has(layer, lease);
  return { config: parseImageConfig(await store.read(variant.config)), layers };
}

/** Keeps a layer's tar, compressed or not, under the lease. Errors as of {@link ImageStore.put}. */
export async function addLayer(
  store: ImageStore,
  tar: AsyncIterable<Uint8Array>,
  lease: Lease,
  operation: Operation,
): Promise<NewLayer> {
  const { digest, size } = await store.add(tar, lease, operation);
  const descriptor = await describeLayer(store, { digest, size });
  await store.put(descriptor, store.open(digest), lease, operation);
  return { descriptor, diffId: await store.diffId(descriptor) };
}

async function finishImage(
  store: ImageStore,
  clock: Clock,
  base: BaseImage,
  layer: NewLayer,
  { reference, run, author, message, createdBy }: ImageChanges,
  lease: Lease,
): Promise<LoadedImage> {
  const created = new Date(clock.now()).toISOString();
  const entry: HistoryEntry = {
    created,
    ...(createdBy !== undefined && { createdBy }),
    ...(author !== undefined && { author }),
    ...(message !== undefined && { comment: message }),
  };
  const config = serializeImageConfig({
    ...base.config,
    created,
    ...(author !== undefined && { author }),
    run: { ...base.config.run, ...run },
    diffIds: [...base.config.diffIds, layer.diffId],
    history: [...base.config.history, entry],
  });
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: await putDocument(store, mediaTypes.config, config, lease),
    layers: [...base.layers, layer.descriptor],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const descriptor = await putDocument(store, mediaTypes.manifest, bytes, lease);
  const references = reference === undefined ? [] : [reference];
  await store.keep([{ descriptor, references }]);
  return { id: descriptor.digest, references: references.map(shortName) };
}
