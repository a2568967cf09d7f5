import type { Platform } from '../api/image';
import type { ImageEvent } from '../api/image-event';
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
import { familiarReference, parseReference } from '../formats/reference';
import { readableFromPort } from '../rpc/byte-stream';
import { callback, type Remote } from '../rpc/control';
import type { FolderFile } from '../storage/images/archive-source';
import type { ImageService } from '../storage/images/image-service';
import type { ImageChanges, ImportOptions } from '../storage/images/make-image';
import type { PruneOptions, RemovalOptions } from '../storage/images/remove-image';
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
  readonly #events = this.#disposables.add(new Emitter<ImageEvent>());
  readonly #life: StoreLife;
  #list: readonly ImageSummary[] = [];
  #asked = false;

  /** Fires with all images, the last added first, whenever they, their names or their users have changed. */
  readonly changes: Event<readonly ImageSummary[]> = this.#changed.event;
  /** Fires once, after the first thing that a user made was stored: whether the browser keeps it (if it can say). */
  readonly persisted: Event<boolean> = this.#kept.event;
  /** What is done to images, once it has been done. */
  readonly events: Event<ImageEvent> = this.#events.event;

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

  /** The same for a container, which may be a unikernel. */
  selectForContainer(name: string, platform?: Platform): Promise<SelectedImage> {
    return this.#service.selectForContainer(name, platform);
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

  async tag(name: string, reference: string): Promise<void> {
    await this.#service.tag(name, reference);
    await this.#tellTag(reference);
  }

  /** Errors: `NotFound`, and `FailedPrecondition` for an image that is in use or has several names. */
  async remove(name: string, options?: RemovalOptions): Promise<RemovalReport> {
    const before = await this.current();
    const report = await this.#service.remove(name, options);
    this.#tellRemovals(report, before);
    return report;
  }

  /** Removes images without a name, or with `all` every one that nobody uses. */
  async prune(options?: PruneOptions): Promise<RemovalReport> {
    const before = await this.current();
    const report = await this.#service.prune(options);
    this.#tellRemovals(report, before);
    this.tell({ action: 'prune', id: '', attributes: { reclaimed: String(report.reclaimed) } });
    return report;
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
  async load(archive: ImageBytes, operation: Operation = {}): Promise<readonly LoadedImage[]> {
    const loaded = await this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) =>
        this.#life.send(archive, (sent) => this.#service.load(task, sent, ...onProgress)),
      ),
    );
    for (const id of new Set(loaded.map((each) => each.id))) this.#tellOf('load', id);
    return loaded;
  }

  /** The same of an OCI image layout that is a folder. */
  async loadFolder(files: readonly FolderFile[], operation: Operation = {}): Promise<readonly LoadedImage[]> {
    const loaded = await this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) => this.#service.loadFolder(task, files, ...onProgress)),
    );
    for (const id of new Set(loaded.map((each) => each.id))) this.#tellOf('load', id);
    return loaded;
  }

  /** An image of the tar of a root file system. */
  async import(tar: ImageBytes, options: ImportOptions = {}, operation: Operation = {}): Promise<LoadedImage> {
    const imported = await this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) =>
        this.#life.send(tar, (sent) => this.#service.import(task, sent, options, ...onProgress)),
      ),
    );
    this.#tellOf('import', imported.id);
    return imported;
  }

  /** An image with one more layer on top of another. `layer` is its tar, with whiteouts. */
  async commit(
    base: string,
    layer: ImageBytes,
    changes: ImageChanges = {},
    operation: Operation = {},
  ): Promise<LoadedImage> {
    const committed = await this.#make(
      runStoreTask(this.#remote, operation, (task, onProgress) =>
        this.#life.send(layer, (sent) => this.#service.commit(task, base, sent, changes, ...onProgress)),
      ),
    );
    for (const name of committed.references) this.#tellOf('tag', committed.id, name);
    return committed;
  }

  /** The bytes of an archive of these images, as they are asked for. */
  async save(names: readonly string[], format: ArchiveFormat): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const life = this.#life.signal;
    const port = await this.#service.save(names, format);
    const all = await this.current();
    for (const name of names) {
      const saved = all.find(({ id, references }) => id === name || references.includes(familiar(name)));
      if (saved) this.#tellOf('save', saved.id);
    }
    return readableFromPort(port, life);
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

  /** For those who change images by other ways: registries and builds. */
  tell(event: ImageEvent): void {
    this.#events.fire(event);
  }

  #tellOf(action: ImageEvent['action'], id: string, name = id): void {
    this.tell({ action, id, attributes: { name } });
  }

  async #tellTag(reference: string): Promise<void> {
    const name = familiar(reference);
    const tagged = (await this.current()).find(({ references }) => references.includes(name));
    if (tagged) this.#tellOf('tag', tagged.id, name);
  }

  /** Who had a name that is gone, only the list from before knows. */
  #tellRemovals({ removed }: RemovalReport, before: readonly ImageSummary[]): void {
    for (const each of removed) {
      if ('deleted' in each) {
        // What belonged to an image goes with it, and is told of to nobody.
        if (before.some(({ id }) => id === each.deleted)) this.#tellOf('delete', each.deleted);
      } else {
        const had = before.find(({ references }) => references.includes(each.untagged));
        if (had) this.#tellOf('untag', had.id, each.untagged);
      }
    }
  }

  async #make<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    void this.#keepStorage();
    return result;
  }

  /** What the browser keeps, it is asked to keep after the first thing that a user has made. */
  async #keepStorage(): Promise<void> {
    if (this.#asked || !this.#persist) return;
    this.#asked = true;
    // A browser that cannot say is one that may throw things away.
    this.#kept.fire(await this.#persist().catch(() => false));
  }

  #follow(event: StoreEvent): void {
    // It fails when the worker dies again; then there will be another one.
    if (event.kind === 'opened' && event.restarts > 0) this.open().catch(() => undefined);
  }
}

/** A name in docker's short form; what is none stands for itself: a digest, the beginning of an id. */
function familiar(name: string): string {
  try {
    return familiarReference(parseReference(name));
  } catch {
    return name;
  }
}
