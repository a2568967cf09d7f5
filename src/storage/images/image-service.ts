import type { Platform } from '../../api/image';
import type {
  HistoryLine,
  ImageInspection,
  ImageSummary,
  ImageUsage,
  ImageUser,
  LoadedImage,
  RemovalReport,
  SelectedImage,
} from '../../api/image-summary';
import type { LayerIndex } from '../../api/layer';
import type { Operation, Progress } from '../../api/operation';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import { chunksOf, streamOf } from '../../base/streams';
import { readableFromPort, writableToPort } from '../../rpc/byte-stream';
import { transfer } from '../../rpc/control';
import type { NamedTasks } from '../named-tasks';
import type { OpenedStore } from '../open-content-store';
import { type ArchiveSource, archiveFiles, type FolderFile } from './archive-source';
import { exportImage, flattenImage, type ImageStores } from './export-image';
import { filePieces } from './file-pieces';
import { ImageLibrary } from './image-library';
import { loadImages } from './load-images';
import { commitImage, type ImageChanges, type ImportOptions, importImage } from './make-image';
import { readImageTexts } from './read-texts';
import type { PruneOptions, RemovalOptions } from './remove-image';
import { type ArchiveFormat, saveImages } from './save-images';

/** Bytes as they come from another thread: a file, or a port that they stream through (`rpc/byte-stream.ts`). */
export type SentBytes = Blob | MessagePort;

type OnProgress = (progress: Progress) => void;

/** Images with calls that cross a MessagePort. `task` is the caller's name for a call, by which it can be stopped. */
export class ImageService {
  readonly #stores: ImageStores;
  readonly #library: ImageLibrary;
  readonly #tasks: NamedTasks;
  readonly #clock: Clock;
  #watching: Disposable | undefined;

  constructor(opened: Pick<OpenedStore, 'images' | 'layers' | 'store'>, tasks: NamedTasks, clock: Clock) {
    this.#stores = opened;
    this.#library = new ImageLibrary(opened.images, opened.store);
    this.#tasks = tasks;
    this.#clock = clock;
  }

  /** Tells of all images now, and again after each change. One listener; the next takes its place. */
  async watch(listener: (images: readonly ImageSummary[]) => unknown): Promise<void> {
    this.#watching?.dispose();
    let telling: Promise<void> | undefined;
    let again = false;
    // Changes that come while the list is read are told together.
    const tell = async (): Promise<void> => {
      do {
        again = false;
        listener(await this.#library.list());
      } while (again);
      telling = undefined;
    };
    const hear = (): Promise<void> => {
      again = true;
      telling ??= tell();
      return telling;
    };
    this.#watching = this.#stores.images.changes(() => void hear().catch(() => undefined));
    await hear();
  }

  list(): Promise<readonly ImageSummary[]> {
    return this.#library.list();
  }

  usage(): Promise<ImageUsage> {
    return this.#library.usage();
  }

  select(name: string, platform?: Platform): Promise<SelectedImage> {
    return this.#library.select(name, platform);
  }

  selectForContainer(name: string, platform?: Platform): Promise<SelectedImage> {
    return this.#library.selectForContainer(name, platform);
  }

  inspect(name: string, platform?: Platform): Promise<ImageInspection> {
    return this.#library.inspect(name, platform);
  }

  history(name: string, platform?: Platform): Promise<readonly HistoryLine[]> {
    return this.#library.history(name, platform);
  }

  /** What the layers of an image have, lowest first. */
  async layers(name: string, platform?: Platform): Promise<readonly LayerIndex[]> {
    const { layers } = await this.#library.select(name, platform);
    return Promise.all(layers.map(({ diffId }) => this.#stores.images.layer(diffId)));
  }

  /** Small files of the tree that an image shows, as texts by their paths; what is no file there is left out. */
  async readTexts(name: string, paths: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return readImageTexts(this.#stores.layers, await this.#library.select(name), paths);
  }

  tag(name: string, reference: string): Promise<void> {
    return this.#library.tag(name, reference);
  }

  remove(name: string, options?: RemovalOptions): Promise<RemovalReport> {
    return this.#library.remove(name, options);
  }

  prune(options?: PruneOptions): Promise<RemovalReport> {
    return this.#library.prune(options);
  }

  hold(user: ImageUser): Promise<void> {
    return this.#library.hold(user);
  }

  releaseHold(user: string): Promise<void> {
    return this.#library.releaseHold(user);
  }

  retainHolds(users: readonly string[]): Promise<void> {
    return this.#library.retainHolds(users);
  }

  load(task: string, archive: SentBytes, onProgress?: OnProgress): Promise<readonly LoadedImage[]> {
    return this.#load(task, (operation) => ({ kind: 'tar', pieces: piecesFrom(archive, operation) }), onProgress);
  }

  loadFolder(task: string, files: readonly FolderFile[], onProgress?: OnProgress): Promise<readonly LoadedImage[]> {
    return this.#load(task, () => ({ kind: 'folder', files }), onProgress);
  }

  import(task: string, tar: SentBytes, options?: ImportOptions, onProgress?: OnProgress): Promise<LoadedImage> {
    return this.#tasks.run(task, onProgress, (operation) => {
      return importImage(this.#stores.images, this.#clock, piecesFrom(tar, operation), options, silent(operation));
    });
  }

  commit(
    task: string,
    base: string,
    layer: SentBytes,
    changes?: ImageChanges,
    onProgress?: OnProgress,
  ): Promise<LoadedImage> {
    return this.#tasks.run(task, onProgress, (operation) => {
      const bytes = piecesFrom(layer, operation);
      return commitImage(this.#stores.images, this.#clock, base, bytes, changes, silent(operation));
    });
  }

  /** The port gives the bytes of the archive; it moves to the caller. */
  async save(names: readonly string[], format: ArchiveFormat): Promise<MessagePort> {
    return sendStream(await saveImages(this.#stores.images, names, format));
  }

  /** The same of the tar of the tree that the image shows. */
  async export(name: string): Promise<MessagePort> {
    return sendStream(streamOf(exportImage(this.#stores, await this.#library.select(name))));
  }

  flatten(task: string, name: string, reference?: string, onProgress?: OnProgress): Promise<LoadedImage> {
    return this.#tasks.run(task, onProgress, async (operation) =>
      flattenImage(this.#stores, this.#clock, await this.#library.select(name), reference, operation),
    );
  }

  #load(
    task: string,
    source: (operation: Operation) => ArchiveSource,
    onProgress: OnProgress | undefined,
  ): Promise<readonly LoadedImage[]> {
    return this.#tasks.run(task, onProgress, (operation) => {
      return loadImages(this.#stores.images, archiveFiles(source(operation)), operation);
    });
  }
}

/** A port that gives the bytes and moves to the caller. Its reader hears of a failure, and may leave. */
export function sendStream(stream: ReadableStream<Uint8Array>): MessagePort {
  const { port1, port2 } = new MessageChannel();
  stream.pipeTo(writableToPort(port1, new AbortController().signal)).catch(() => undefined);
  return transfer(port2, [port2]);
}

/** A stream that waits for the other thread ends when the call is stopped. */
export function streamFrom(bytes: SentBytes, signal = new AbortController().signal): ReadableStream<Uint8Array> {
  return bytes instanceof Blob ? bytes.stream() : readableFromPort(bytes, signal);
}

/** Bytes read between two turns of the event loop. A turn costs 4 ms in browsers, which hold timers back. */
const turnBytes = 4 * 1024 * 1024;

/** It is told how far they have been read. A stream that waits for the other thread ends when the call is stopped. */
async function* piecesFrom(
  bytes: SentBytes,
  { signal = new AbortController().signal, onProgress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const isFile = bytes instanceof Blob;
  const total = isFile ? { total: bytes.size } : {};
  let done = 0;
  let turned = 0;
  for await (const piece of isFile ? filePieces(bytes) : chunksOf(readableFromPort(bytes, signal))) {
    done += piece.length;
    onProgress?.({ phase: 'Reading', done, ...total });
    yield piece;
    // A store in memory never waits, and would not hear that it is to stop.
    if (done - turned >= turnBytes) {
      turned = done;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

/** For work whose progress is that of its bytes. */
function silent({ signal }: Operation): Operation {
  return signal ? { signal } : {};
}
