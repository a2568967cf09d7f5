import type { Platform } from '../api/image';
import type {
  HistoryLine,
  ImageInspection,
  ImageSummary,
  ImageUsage,
  ImageUser,
  LoadedImage,
  RemovalReport,
  SelectedImage,
} from '../api/image-summary';
import type { LayerIndex } from '../api/layer';
import type { Operation } from '../api/operation';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { readableFromPort } from '../rpc/byte-stream';
import { callback, type Remote } from '../rpc/control';
import type { FolderFile } from '../storage/images/archive-source';
import type { ImageService } from '../storage/images/image-service';
import type { ImageChanges, ImportOptions } from '../storage/images/make-image';
import type { RemovalOptions } from '../storage/images/remove-image';
import type { ArchiveFormat } from '../storage/images/save-images';
import type { StoreService } from '../storage/store-service';
import type { StoreEvent } from '../storage/store-supervision';
import { type ImageBytes, StoreLife } from './store-life';
import { storePart } from './store-part';
import { runStoreTask } from './store-task';

export interface ImagesOptions {
  readonly remote: Remote<StoreService>;
  /** What becomes of the store's worker, where it has one that can die. */
  readonly store?: Event<StoreEvent>;
  /** Asks the browser to keep what this page stores, and says whether it will; only a page can. */
  readonly persist?: () => Promise<boolean>;
}

/**
 * The images of the store in its worker, as a page uses them: the list comes by itself, and long work takes an
 * {@link Operation}. A name may be a reference, a digest, or the beginning of an id.
 */
export class Images implements Disposable {
  readonly #remote: Remote<StoreService>;
  readonly #service: Remote<ImageService>;
  readonly #persist: (() => Promise<boolean>) | undefined;
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new Emitter<readonly ImageSummary[]>());
  readonly #kept = this.#disposables.add(new Emitter<boolean>());
  readonly #life: StoreLife;
  #list: readonly ImageSummary[] = [];
  #asked = false;

  /** Fires with all images, the last added first, whenever they, their names or their users have changed. */
  readonly changes: Event<readonly ImageSummary[]> = this.#changed.event;
  /** Fires once, after the first thing that a user made was stored: whether the browser keeps it (if it can say). */
  readonly persisted: Event<boolean> = this.#kept.event;

  constructor({ remote, store, persist }: ImagesOptions) {
    this.#remote = remote;
    this.#service = storePart<ImageService>(remote, 'images');
    this.#persist = persist;
    this.#life = this.#disposables.add(new StoreLife(store));
    if (store) this.#disposables.add(store((event) => this.#follow(event)));
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Begins to follow the images. After a death of the store's worker this happens by itself. */
  async open(): Promise<void> {
    const hear = (images: readonly ImageSummary[]): void => {
      this.#list = images;
      this.#changed.fire(images);
    };
    await this.#service.watch(callback(hear));
  }

  /** As of the last change; empty before `open`. */
  list(): readonly ImageSummary[] {
    return this.#list;
  }

  /** The same as of now: with all that was done before the call. */
  current(): Promise<readonly ImageSummary[]> {
    return this.#service.list();
  }

  usage(): Promise<ImageUsage> {
    return this.#service.usage();
  }

  /** For a guest here, or for the platform that is asked for. `FailedPrecondition` names those there are. */
  select(name: string, platform?: Platform): Promise<SelectedImage> {
    return this.#service.select(name, platform);
  }

  inspect(name: string, platform?: Platform): Promise<ImageInspection> {
    return this.#service.inspect(name, platform);
  }

  history(name: string, platform?: Platform): Promise<readonly HistoryLine[]> {
    return this.#service.history(name, platform);
  }

  /** What the layers of an image have, lowest first. */
  layers(name: string, platform?: Platform): Promise<readonly LayerIndex[]> {
    return this.#service.layers(name, platform);
  }

  /** Small files of the tree that an image shows, as texts by their paths; what is no file there is left out. */
  readTexts(name: string, paths: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return this.#service.readTexts(name, paths);
  }

  tag(name: string, reference: string): Promise<void> {
    return this.#service.tag(name, reference);
  }

  /** Errors: `NotFound`, and `FailedPrecondition` for an image that is in use or has several names. */
  remove(name: string, options?: RemovalOptions): Promise<RemovalReport> {
    return this.#service.remove(name, options);
  }

  /** Removes images without a name, or with `all` every one that nobody uses. */
  prune(options?: { readonly all?: boolean }): Promise<RemovalReport> {
    return this.#service.prune(options);
  }

  /** From now on the image stays for this user, over reloads, until it is released. */
  hold(user: ImageUser): Promise<void> {
    return this.#service.hold(user);
  }

  releaseHold(user: string): Promise<void> {
    return this.#service.releaseHold(user);
  }

  /** Forgets all users but these; for when the lab opens and knows who there is. */
  retainHolds(users: readonly string[]): Promise<void> {
    return this.#service.retainHolds(users);
  }

  /** All images of a tar that docker, skopeo or this page saved. */
  load(archive: ImageBytes, operation: Operation = {}): Promise<readonly LoadedImage[]> {
    return this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) =>
        this.#life.send(archive, (sent) => this.#service.load(task, sent, ...onProgress)),
      ),
    );
  }

  /** The same of an OCI image layout that is a folder. */
  loadFolder(files: readonly FolderFile[], operation: Operation = {}): Promise<readonly LoadedImage[]> {
    return this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) => this.#service.loadFolder(task, files, ...onProgress)),
    );
  }

  /** An image of the tar of a root file system. */
  import(tar: ImageBytes, options: ImportOptions = {}, operation: Operation = {}): Promise<LoadedImage> {
    return this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) =>
        this.#life.send(tar, (sent) => this.#service.import(task, sent, options, ...onProgress)),
      ),
    );
  }

  /** An image with one more layer on top of another. `layer` is its tar, with whiteouts. */
  commit(base: string, layer: ImageBytes, changes: ImageChanges = {}, operation: Operation = {}): Promise<LoadedImage> {
    return this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) =>
        this.#life.send(layer, (sent) => this.#service.commit(task, base, sent, changes, ...onProgress)),
      ),
    );
  }

  /** The bytes of an archive of these images, as they are asked for. */
  async save(names: readonly string[], format: ArchiveFormat): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const life = this.#life.signal;
    return readableFromPort(await this.#service.save(names, format), life);
  }

  /** The tar of the tree that an image shows. */
  async export(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const life = this.#life.signal;
    return readableFromPort(await this.#service.export(name), life);
  }

  /** An image of one layer that shows the same tree and runs the same. */
  flatten(name: string, reference?: string, operation: Operation = {}): Promise<LoadedImage> {
    return this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) =>
        this.#service.flatten(task, name, reference, ...onProgress),
      ),
    );
  }

  /** To be told of other things that a user has made: what the browser keeps, it is asked to keep after the first. */
  async keepStorage(): Promise<void> {
    if (this.#asked || !this.#persist) return;
    this.#asked = true;
    // A browser that cannot say is one that may throw things away.
    this.#kept.fire(await this.#persist().catch(() => false));
  }

  async #make<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    void this.keepStorage();
    return result;
  }

  #follow(event: StoreEvent): void {
    // It fails when the worker dies again; then there will be another one.
    if (event.kind === 'opened' && event.restarts > 0) this.open().catch(() => undefined);
  }
}
