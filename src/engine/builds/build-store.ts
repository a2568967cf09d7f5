import type { Digest } from '../../api/content-store';
import type { Platform } from '../../api/image';
import type { ImageLayer, SelectedImage } from '../../api/image-summary';
import type { Operation } from '../../api/operation';
import type { ImageConfig } from '../../formats/image-config';
import { readableFromPort } from '../../rpc/byte-stream';
import type { Remote } from '../../rpc/control';
import type { BuildService, BuiltImage, StepOutcome, StepUse } from '../../storage/builds/build-service';
import type { CopyRequest, DirectoryRequest } from '../../storage/builds/copy-request';
import type { StoreService } from '../../storage/store-service';
import type { ImageBytes, StoreLife } from '../store-life';
import { storePart } from '../store-part';
import { runStoreTask } from '../store-task';

/** What of a file is read here: a Dockerfile, a `.dockerignore`, `/etc/passwd`. Bytes. */
const textLimit = 4 * 1024 * 1024;

/** The content of one build in the store's worker, from `open` to `close`. */
export class BuildStore {
  readonly #remote: Remote<StoreService>;
  readonly #service: Remote<BuildService>;
  readonly #life: StoreLife;
  readonly #id: string;
  readonly #operation: Operation;

  private constructor(remote: Remote<StoreService>, life: StoreLife, id: string, operation: Operation) {
    this.#remote = remote;
    this.#service = storePart<BuildService>(remote, 'builds');
    this.#life = life;
    this.#id = id;
    this.#operation = operation;
  }

  static async open(remote: Remote<StoreService>, life: StoreLife, operation: Operation): Promise<BuildStore> {
    const id = await storePart<BuildService>(remote, 'builds').open();
    return new BuildStore(remote, life, id, operation);
  }

  /** Lets go of all that no image and no known step needs. */
  close(): Promise<void> {
    return this.#service.close(this.#id);
  }

  /** Returns the diffID that the context is kept as. */
  takeContext(tar: ImageBytes): Promise<Digest> {
    return this.#run((task, onProgress) =>
      this.#life.send(tar, (sent) => this.#service.takeContext(this.#id, task, sent, ...onProgress)),
    );
  }

  takeFile(bytes: ImageBytes, unpack: boolean): ReturnType<BuildService['takeFile']> {
    return this.#run((task, onProgress) =>
      this.#life.send(bytes, (sent) => this.#service.takeFile(this.#id, task, sent, unpack, ...onProgress)),
    );
  }

  base(name: string, platform: Platform): Promise<SelectedImage> {
    return this.#service.base(this.#id, name, platform);
  }

  /** The text of a file of a tree; undefined when there is none. */
  async readText(layers: readonly Digest[], path: string): Promise<string | undefined> {
    const bytes = await this.#service.readFile(this.#id, layers, path, textLimit);
    return bytes && new TextDecoder().decode(bytes);
  }

  /** See `BuildMount`. */
  async openTree(
    layers: readonly Digest[],
    path: string,
    name: string,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return readableFromPort(await this.#service.openTree(this.#id, layers, path, name), this.#life.signal);
  }

  copy(request: CopyRequest, use: StepUse): Promise<StepOutcome> {
    return this.#run((task, onProgress) => this.#service.copy(this.#id, task, request, use, ...onProgress));
  }

  makeDirectory(request: DirectoryRequest, use: StepUse): Promise<StepOutcome> {
    return this.#run((task) => this.#service.makeDirectory(this.#id, task, request, use));
  }

  /** See `BuildService.describe`. */
  describe(key: Digest, useCache: boolean): Promise<StepOutcome> {
    return this.#service.describe(this.#id, key, useCache);
  }

  findRun(key: Digest): Promise<StepOutcome | undefined> {
    return this.#service.findRun(this.#id, key);
  }

  takeChanges(tar: ImageBytes, key: Digest, latest: number | undefined): Promise<StepOutcome> {
    return this.#run((task, onProgress) =>
      this.#life.send(tar, (sent) => this.#service.takeChanges(this.#id, task, sent, key, latest, ...onProgress)),
    );
  }

  /** See `BuildService.identify`. */
  identify(config: ImageConfig, layers: readonly ImageLayer[]): Promise<Digest> {
    return this.#service.identify(config, layers);
  }

  finish(config: ImageConfig, layers: readonly ImageLayer[], references: readonly string[]): Promise<BuiltImage> {
    return this.#service.finish(this.#id, config, layers, references);
  }

  #run<T>(start: Parameters<typeof runStoreTask<T>>[2]): Promise<T> {
    return runStoreTask<T>(this.#remote, this.#operation, start);
  }
}
