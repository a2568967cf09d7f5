import type { BuildCacheUsage, CachePruneOptions } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { Platform } from '../../api/image';
import type { ImageLayer, SelectedImage } from '../../api/image-summary';
import type { Operation, Progress } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { chunksOf, streamOf } from '../../base/streams';
import { digestOf } from '../../formats/digest';
import { type ImageConfig, serializeImageConfig } from '../../formats/image-config';
import { layerMediaType } from '../../formats/layer-type';
import { type Descriptor, type Manifest, mediaTypes } from '../../formats/oci';
import { transfer } from '../../rpc/control';
import { ImageLibrary } from '../images/image-library';
import { type SentBytes, sendStream, streamFrom } from '../images/image-service';
import { shortName } from '../images/image-usage';
import { putDocument } from '../images/put-parts';
import type { NamedTasks } from '../named-tasks';
import type { OpenedStore } from '../open-content-store';
import { BuildCache } from './build-cache';
import { BuildSession } from './build-session';
import type { CopyRequest, DirectoryRequest } from './copy-request';
import type { PlannedEntry } from './plan-copy';

type OnProgress = (progress: Progress) => void;

/** What a step came to; without a layer it changed no files. */
export interface StepOutcome {
  readonly cached: boolean;
  readonly layer?: ImageLayer;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** How a step's layer is got: `parent` names all that it depends on besides its files; absent: whatever is known is not used. */
export interface StepUse {
  readonly parent: string;
  readonly useCache: boolean;
}

export interface BuiltImage {
  readonly image: Digest;
  readonly config: Digest;
  /** In short form. */
  readonly names: readonly string[];
}

/**
 * What a build does with content, with calls that cross a MessagePort. All that it makes is held by the session that
 * `open` begins, and is gone with it unless an image or a step needs it.
 */
export class BuildService {
  readonly #stores: Pick<OpenedStore, 'images' | 'layers'>;
  readonly #library: ImageLibrary;
  readonly #cache: BuildCache;
  readonly #tasks: NamedTasks;
  readonly #sessions = new Map<string, { readonly session: BuildSession; readonly used: Set<Digest> }>();

  constructor(opened: Pick<OpenedStore, 'images' | 'layers' | 'store'>, tasks: NamedTasks, clock: Clock) {
    this.#stores = opened;
    this.#library = new ImageLibrary(opened.images, opened.store);
    this.#cache = new BuildCache(opened.images, clock);
    this.#tasks = tasks;
  }

  /** Begins a build. Returns the name of its session. */
  async open(): Promise<string> {
    const lease = await this.#stores.images.lease();
    this.#sessions.set(lease.id, { session: new BuildSession(this.#stores, lease), used: new Set() });
    return lease.id;
  }

  /** Ends it. Harmless when it has ended. */
  async close(id: string): Promise<void> {
    const known = this.#sessions.get(id);
    if (!known) return;
    this.#sessions.delete(id);
    await this.#cache.touch(known.used).catch(() => undefined);
    await known.session.lease.release();
    await this.#stores.images.collect();
  }

  /** Keeps a context. Returns its diffID. */
  takeContext(id: string, task: string, tar: SentBytes, onProgress?: OnProgress): Promise<Digest> {
    return this.#run(id, task, onProgress, async (session, operation) => {
      const { diffId } = await session.addTar(chunksOf(streamFrom(tar, operation.signal)), operation);
      return diffId;
    });
  }

  /** Keeps a file that was fetched; with `unpack` also as the layer that it unpacks to, if it is an archive. */
  takeFile(
    id: string,
    task: string,
    file: SentBytes,
    unpack: boolean,
    onProgress?: OnProgress,
  ): Promise<{ readonly digest: Digest; readonly size: number; readonly unpacked?: Digest }> {
    return this.#run(id, task, onProgress, async (session, operation) => {
      const bytes = chunksOf(streamFrom(file, operation.signal));
      const { digest, size } = await this.#stores.images.add(bytes, session.lease, operation);
      const unpacked = unpack ? await session.archiveOf(digest, operation) : undefined;
      return { digest, size, ...(unpacked && { unpacked }) };
    });
  }

  /** An image to build on, which stays for the build. Errors as of `ImageLibrary.select`. */
  async base(id: string, name: string, platform: Platform): Promise<SelectedImage> {
    const { session } = this.#session(id);
    const image = await this.#library.select(name, platform);
    await session.hold(image);
    return image;
  }

  /** The bytes of a file of a tree; undefined when there is none. */
  async readFile(id: string, layers: readonly Digest[], path: string, limit: number): Promise<Uint8Array | undefined> {
    const bytes = await this.#session(id).session.readFile(layers, path, limit);
    return bytes && transfer(bytes, [bytes.buffer]);
  }

  /** The port gives a tar of what a tree has at a path, under that name; it moves to the caller. */
  async openTree(id: string, layers: readonly Digest[], path: string, name: string): Promise<MessagePort> {
    return sendStream(streamOf(await this.#session(id).session.openTree(layers, path, name)));
  }

  copy(id: string, task: string, request: CopyRequest, use: StepUse, onProgress?: OnProgress): Promise<StepOutcome> {
    return this.#run(id, task, onProgress, async (session, operation) =>
      this.#planned(id, await session.planCopy(request, operation), use, operation),
    );
  }

  makeDirectory(id: string, task: string, request: DirectoryRequest, use: StepUse): Promise<StepOutcome> {
    return this.#run(id, task, undefined, async (session, operation) =>
      this.#planned(id, await session.planDirectory(request), use, operation),
    );
  }

  /** A step that changes no files: when it was first done, which is now for one that is not known. */
  async describe(id: string, key: Digest, useCache: boolean): Promise<StepOutcome> {
    const { session, used } = this.#session(id);
    const found = useCache ? await this.#cache.find(key, session.lease) : undefined;
    if (found) used.add(key);
    return found ? { cached: true, ...found } : { cached: false, ...(await this.#cache.remember(key, undefined)) };
  }

  /** A RUN of that key, if its outcome is known. */
  async findRun(id: string, key: Digest): Promise<StepOutcome | undefined> {
    const known = this.#session(id);
    const found = await this.#cache.find(key, known.session.lease);
    if (found) known.used.add(key);
    return found && { cached: true, ...found };
  }

  /** What a RUN of that key has changed: kept, and known from then on. `latest` as of {@link CopyRequest}. */
  takeChanges(
    id: string,
    task: string,
    tar: SentBytes,
    key: Digest,
    latest: number | undefined,
    onProgress?: OnProgress,
  ): Promise<StepOutcome> {
    return this.#run(id, task, onProgress, async (session, operation) => {
      const layer = await session.addChanges(chunksOf(streamFrom(tar, operation.signal)), latest, operation);
      return { cached: false, ...(await this.#cache.remember(key, layer)) };
    });
  }

  /** The image of these layers, under these names. */
  async finish(
    id: string,
    config: ImageConfig,
    layers: readonly ImageLayer[],
    references: readonly string[],
  ): Promise<BuiltImage> {
    const { session } = this.#session(id);
    const { images } = this.#stores;
    const stored = await putDocument(images, mediaTypes.config, serializeImageConfig(config), session.lease);
    const manifest = await this.#manifest(stored, layers);
    const descriptor = await putDocument(images, mediaTypes.manifest, manifest, session.lease);
    await images.keep([{ descriptor, references }]);
    return { image: descriptor.digest, config: stored.digest, names: references.map(shortName) };
  }

  /** What the id of that image is, or would be: nothing of it is kept. */
  async identify(config: ImageConfig, layers: readonly ImageLayer[]): Promise<Digest> {
    const bytes = serializeImageConfig(config);
    const descriptor = { mediaType: mediaTypes.config, digest: await digestOf(bytes), size: bytes.length };
    return digestOf(await this.#manifest(descriptor, layers));
  }

  async #manifest(config: Descriptor, layers: readonly ImageLayer[]): Promise<Uint8Array<ArrayBuffer>> {
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config,
      layers: await Promise.all(layers.map((layer) => this.#descriptor(layer))),
    };
    return new TextEncoder().encode(JSON.stringify(manifest));
  }

  cacheUsage(): Promise<BuildCacheUsage> {
    return this.#cache.usage();
  }

  pruneCache(options?: CachePruneOptions): Promise<number> {
    return this.#cache.prune(options);
  }

  /** The layer of what was planned: the one that an earlier build made of the same, or a new one. */
  async #planned(
    id: string,
    entries: readonly PlannedEntry[],
    { parent, useCache }: StepUse,
    operation: Operation,
  ): Promise<StepOutcome> {
    const { session, used } = this.#session(id);
    const files = await session.fingerprint(entries, operation);
    const key = await digestOf(new TextEncoder().encode(JSON.stringify(['files', parent, files])));
    const found = useCache ? await this.#cache.find(key, session.lease) : undefined;
    if (found) {
      used.add(key);
      return { cached: true, ...found };
    }
    const layer = await session.addPlanned(entries, operation);
    return { cached: false, ...(await this.#cache.remember(key, layer)) };
  }

  async #descriptor({ digest }: ImageLayer): Promise<Descriptor> {
    const layer = await this.#stores.layers.find(digest);
    if (!layer) throw new SandboxError('FailedPrecondition', `The layer ${digest} is not stored any more`);
    return { mediaType: layerMediaType(layer.compression), digest, size: layer.size };
  }

  #session(id: string): { readonly session: BuildSession; readonly used: Set<Digest> } {
    const known = this.#sessions.get(id);
    if (known) return known;
    throw new SandboxError('Aborted', 'The store was started again, and what the build had is gone; build again');
  }

  #run<T>(
    id: string,
    task: string,
    onProgress: OnProgress | undefined,
    work: (session: BuildSession, operation: Operation) => Promise<T>,
  ): Promise<T> {
    return this.#tasks.run(task, onProgress, (operation) => work(this.#session(id).session, operation));
  }
}
