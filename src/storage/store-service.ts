import type { BlobInfo, ContentStore, Digest, Expectation } from '../api/content-store';
import type { DiskGeneration, DiskId, DiskInfo, DiskOpening, DiskSpec, DiskStore } from '../api/disk';
import type { Operation, Progress } from '../api/operation';
import type { RecordChange, RecordCollection, RecordStore } from '../api/records';
import { type Clock, systemClock } from '../base/clock';
import { SandboxError, throwIfAborted } from '../base/errors';
import { annotations, type Descriptor } from '../formats/oci';
import { storedForm } from '../formats/oci-parse';
import { transfer } from '../rpc/control';
import { serveLayerPort } from '../rpc/layer-port';
import type { SpawnWorker } from '../rpc/worker-handle';
import { type Artifact, ArtifactSource } from './artifact-source';
import { BuildService } from './builds/build-service';
import type { Fetch } from './download';
import type { FolderStore } from './folders/folder-store';
import { ImageService } from './images/image-service';
import { KeptArtifacts } from './kept-artifacts';
import { createLayerTarget } from './layer-target';
import { NamedTasks } from './named-tasks';
import { type OpenedStore, openContentStore } from './open-content-store';
import { estimateStorage } from './quota';
import { RegistryService } from './registry/registry-service';

export interface StoreStatus {
  /** False in memory mode: everything is gone when the page closes. */
  readonly persistent: boolean;
  /** Why it is not persistent, for people. */
  readonly reason?: string;
  /** A Web Lock that is let go when the store's thread ends, however it ends; absent where there are none. */
  readonly lock?: string;
}

/** Which blob of which artifact. */
export interface LoadRequest {
  readonly reference: string;
  /** The config, or a layer by its number or its title annotation. */
  readonly part: 'config' | number | { readonly title: string };
  /** The caller's name for this call, for `cancel`: signals do not cross a thread. */
  readonly task?: string;
}

export interface PutRequest {
  /** See {@link Expectation}. */
  readonly label?: string;
  /** As in {@link LoadRequest}. */
  readonly task?: string;
}

export type StoredBlob = Pick<BlobInfo, 'digest' | 'size'>;

export interface StoreUsage {
  readonly blobs: number;
  /** Bytes of all blobs. */
  readonly bytes: number;
  /** Bytes this origin may use, where the browser says. */
  readonly quota?: number;
}

export interface StoreServiceOptions {
  readonly open?: () => Promise<OpenedStore>;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
  /** See {@link OpenStoreOptions}. */
  readonly spawnSealer?: SpawnWorker;
}

/** Services of this worker that have an interface of their own; see {@link StoreService.call}. */
interface StoreParts {
  readonly images: ImageService;
  readonly registries: RegistryService;
  readonly builds: BuildService;
  readonly folders: FolderStore;
  readonly artifacts: KeptArtifacts;
}

interface Opened {
  readonly opened: OpenedStore;
  readonly source: ArtifactSource;
  readonly parts: StoreParts;
}

/** The store and the artifact source as one object with calls that cross a MessagePort. Runs in its worker. */
export class StoreService {
  readonly #options: StoreServiceOptions;
  readonly #tasks = new NamedTasks();
  #opened: Promise<Opened> | undefined;

  constructor(options: StoreServiceOptions = {}) {
    this.#options = options;
  }

  /** A sign of life. */
  ping(): void {}

  /**
   * Opens the store. Later calls change nothing. `registryUrl` is the directory of the image layout, absolute. With `unsaved`,
   * which says why to people, nothing is kept.
   */
  async open(registryUrl: string, unsaved?: string): Promise<StoreStatus> {
    if (!this.#opened) {
      const opening = this.#open(registryUrl, unsaved);
      this.#opened = opening;
      // One that failed may be tried again.
      opening.catch(() => {
        if (this.#opened === opening) this.#opened = undefined;
      });
    }
    const { persistent, reason, lock } = (await this.#opened).opened;
    return { persistent, ...(reason !== undefined && { reason }), ...(lock !== undefined && { lock }) };
  }

  async resolve(reference: string): Promise<Artifact> {
    const { source } = await this.#require();
    return source.resolve(reference);
  }

  /** Whether the blob is stored, so that loading it needs no network. */
  async isStored(request: LoadRequest): Promise<boolean> {
    const { opened, source } = await this.#require();
    const artifact = await source.resolve(request.reference);
    return opened.store.has(storedForm(findPart(artifact, request.part)).digest);
  }

  /** The verified bytes, in a buffer of their own that moves to the caller. */
  loadArtifact(request: LoadRequest, onProgress?: (progress: Progress) => void): Promise<ArrayBuffer> {
    return this.#tasks.run(request.task, onProgress, async (operation) => {
      const { source } = await this.#require();
      const artifact = await source.resolve(request.reference, operation);
      const { buffer } = await source.load(findPart(artifact, request.part), operation);
      return transfer(buffer, [buffer]);
    });
  }

  /** Stores bytes that move here. `ResourceExhausted` over quota, and nothing is kept then. */
  putBlob(bytes: ArrayBuffer, { label, task }: PutRequest = {}): Promise<StoredBlob> {
    return this.#tasks.run(task, undefined, async (operation) => {
      const { opened } = await this.#require();
      return putBytes(opened.store, new Uint8Array(bytes), label, operation);
    });
  }

  /** Which of them are not stored. */
  async missingBlobs(digests: readonly Digest[]): Promise<readonly Digest[]> {
    const { opened } = await this.#require();
    const stored = await Promise.all(digests.map((digest) => opened.store.has(digest)));
    return digests.filter((_, index) => !stored[index]);
  }

  /** Deletes the blobs that have the label and are not to be kept; returns how many. */
  async sweepBlobs(label: string, keep: readonly Digest[]): Promise<number> {
    const { opened } = await this.#require();
    const kept = new Set(keep);
    const unused = (await opened.store.list()).filter((blob) => blob.label === label && !kept.has(blob.digest));
    for (const { digest } of unused) await opened.store.delete(digest);
    return unused.length;
  }

  /** The verified bytes of each, in buffers that move to the caller. `NotFound` and `DataLoss` name the digest. */
  async readBlobs(digests: readonly Digest[]): Promise<ArrayBuffer[]> {
    const { opened } = await this.#require();
    const blobs = await Promise.all(digests.map((digest) => opened.store.read(digest)));
    const buffers = blobs.map(({ buffer }) => buffer);
    return transfer(buffers, buffers);
  }

  /** Harmless when there is no such blob. One that an artifact needs is fetched again when it is. */
  async deleteBlob(digest: Digest): Promise<void> {
    const { opened } = await this.#require();
    await opened.store.delete(digest);
  }

  /** Stops the call of that name; harmless when it is over. */
  cancel(task: string): void {
    this.#tasks.cancel(task);
  }

  /** See {@link RecordStore}. */
  async listRecords(collection: RecordCollection): ReturnType<RecordStore['list']> {
    const { opened } = await this.#require();
    return opened.records.list(collection);
  }

  /** See {@link RecordStore}. */
  async applyRecords(changes: readonly RecordChange[]): Promise<void> {
    const { opened } = await this.#require();
    await opened.records.apply(changes);
  }

  // Disks: see {@link DiskStore} for each.

  async createDisk(spec: DiskSpec): Promise<DiskInfo> {
    return (await this.#disks()).create(spec);
  }

  async forkDisk(base: DiskGeneration): Promise<DiskInfo> {
    return (await this.#disks()).fork(base);
  }

  async diskInfo(disk: DiskId): Promise<DiskInfo> {
    return (await this.#disks()).info(disk);
  }

  async listDisks(): Promise<readonly DiskInfo[]> {
    return (await this.#disks()).list();
  }

  /** The port moves to the caller. */
  async openDisk(disk: DiskId, opening?: DiskOpening): Promise<MessagePort> {
    const port = await (await this.#disks()).open(disk, opening);
    return transfer(port, [port]);
  }

  async closeDisk(disk: DiskId): Promise<void> {
    await (await this.#disks()).close(disk);
  }

  async freezeDisk(disk: DiskId, mark?: string): Promise<DiskGeneration> {
    return (await this.#disks()).freeze(disk, mark);
  }

  async revertDisk(generation: DiskGeneration): Promise<void> {
    await (await this.#disks()).revert(generation);
  }

  async deleteDiskGeneration(generation: DiskGeneration): Promise<void> {
    await (await this.#disks()).deleteGeneration(generation);
  }

  async deleteDisk(disk: DiskId): Promise<void> {
    await (await this.#disks()).delete(disk);
  }

  /** See {@link ShareStore}. The port moves to the caller. */
  async openLayer(diffId: Digest): Promise<MessagePort> {
    const { opened } = await this.#require();
    const index = await opened.images.layer(diffId);
    const { port1, port2 } = new MessageChannel();
    serveLayerPort(port1, createLayerTarget(opened.store, index));
    return transfer(port2, [port2]);
  }

  /** Calls a method of one of the parts. Arguments stand here one by one, so that callbacks and ports can cross. */
  async call(part: keyof StoreParts, method: string, ...args: readonly unknown[]): Promise<unknown> {
    const { parts } = await this.#require();
    const target: object | undefined = Object.hasOwn(parts, part) ? parts[part] : undefined;
    const known =
      target !== undefined && method !== 'constructor' && Object.hasOwn(Object.getPrototypeOf(target), method);
    if (!known) throw new SandboxError('Unimplemented', `No such call of the store: ${part}.${method}`);
    return (target as Readonly<Record<string, (...given: readonly unknown[]) => unknown>>)[method]?.(...args);
  }

  async usage(): Promise<StoreUsage> {
    const { opened } = await this.#require();
    const [blobs, estimate] = await Promise.all([
      opened.store.list(),
      opened.persistent ? estimateStorage() : undefined,
    ]);
    const bytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
    return { blobs: blobs.length, bytes, ...(estimate && { quota: estimate.quota }) };
  }

  async close(): Promise<void> {
    this.#tasks.cancelAll(new SandboxError('Canceled', 'The store was closed'));
    const opening = this.#opened;
    this.#opened = undefined;
    // One that never opened has nothing to close.
    const ready = await opening?.catch(() => undefined);
    await ready?.opened.disks.dispose();
    await ready?.opened.folders.dispose();
    await ready?.opened.store.close();
  }

  async #open(baseUrl: string, unsaved: string | undefined): Promise<Opened> {
    const { spawnSealer } = this.#options;
    const {
      open = () => openContentStore({ ...(unsaved !== undefined && { unsaved }), ...(spawnSealer && { spawnSealer }) }),
      fetch = (url, init) => globalThis.fetch(url, init),
      clock = systemClock,
    } = this.#options;
    const opened = await open();
    const { store, metadata, images, records } = opened;
    const source = new ArtifactSource({ baseUrl, store, metadata, fetch, clock });
    return {
      opened,
      source,
      parts: {
        images: new ImageService(opened, this.#tasks, clock),
        builds: new BuildService(opened, this.#tasks, clock),
        registries: new RegistryService(
          { content: opened.images, metadata, fetch, clock, layoutUrl: baseUrl, ...pageOrigin() },
          this.#tasks,
        ),
        folders: opened.folders,
        artifacts: new KeptArtifacts({ source, store, images, records, tasks: this.#tasks }),
      },
    };
  }

  async #disks(): Promise<DiskStore> {
    return (await this.#require()).opened.disks;
  }

  #require(): Promise<Opened> {
    if (this.#opened) return this.#opened;
    return Promise.reject(new SandboxError('FailedPrecondition', 'The store is not open; call open first'));
  }
}

/** A worker of a page has the page's origin; outside of browsers there is none. */
function pageOrigin(): { readonly pageOrigin?: string } {
  const { location } = globalThis as { readonly location?: { readonly origin: string } };
  return location ? { pageOrigin: location.origin } : {};
}

/** Bytes written between two looks at the signal. */
const writeSize = 8 * 1024 * 1024;

async function putBytes(
  store: ContentStore,
  bytes: Uint8Array,
  label: string | undefined,
  { signal }: Operation,
): Promise<StoredBlob> {
  const ingest = await store.ingest({ size: bytes.length, ...(label !== undefined && { label }) });
  try {
    for (let from = 0; from < bytes.length; from += writeSize) {
      throwIfAborted(signal);
      await ingest.write(bytes.subarray(from, from + writeSize));
    }
    throwIfAborted(signal);
    const { digest, size } = await ingest.commit();
    return { digest, size };
  } catch (error) {
    // The reason is what the caller must see; what cleaning up leaves behind is found at the next opening.
    await ingest.abort().catch(() => undefined);
    throw error;
  }
}

function findPart({ reference, manifest }: Artifact, part: LoadRequest['part']): Descriptor {
  if (part === 'config') return manifest.config;
  const found =
    typeof part === 'number'
      ? manifest.layers[part]
      : manifest.layers.find((layer) => layer.annotations?.[annotations.title] === part.title);
  if (found) return found;
  const name = typeof part === 'number' ? `number ${part}` : part.title;
  throw new SandboxError('NotFound', `No such layer in ${reference}: ${name}`, { details: { reference } });
}
