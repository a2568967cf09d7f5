import type { Operation, Progress } from '../api/operation';
import { type Clock, systemClock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { annotations, type Descriptor } from '../formats/oci';
import { storedForm } from '../formats/oci-parse';
import { transfer } from '../rpc/control';
import { type Artifact, ArtifactSource } from './artifact-source';
import type { Fetch } from './download';
import { type OpenedStore, openContentStore } from './open-content-store';
import { estimateStorage } from './quota';

export interface StoreStatus {
  /** False in memory mode: everything is gone when the page closes. */
  readonly persistent: boolean;
  /** Why it is not persistent, for people. */
  readonly reason?: string;
}

/** Which blob of which artifact. */
export interface LoadRequest {
  readonly reference: string;
  /** The config, or a layer by its number or its title annotation. */
  readonly part: 'config' | number | { readonly title: string };
  /** The caller's name for this call, for `cancel`: signals do not cross a thread. */
  readonly task?: string;
}

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
}

/** The store and the artifact source as one object with calls that cross a MessagePort. Runs in its worker. */
export class StoreService {
  readonly #options: StoreServiceOptions;
  readonly #tasks = new Map<string, AbortController>();
  #opened: Promise<{ readonly opened: OpenedStore; readonly source: ArtifactSource }> | undefined;

  constructor(options: StoreServiceOptions = {}) {
    this.#options = options;
  }

  /** Opens the store. `registryUrl` is the directory of the image layout, absolute. Later calls change nothing. */
  async open(registryUrl: string): Promise<StoreStatus> {
    this.#opened ??= this.#open(registryUrl);
    const { persistent, reason } = (await this.#opened).opened;
    return { persistent, ...(reason !== undefined && { reason }) };
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
    return this.#run(request.task, onProgress, async (operation) => {
      const { source } = await this.#require();
      const artifact = await source.resolve(request.reference, operation);
      const { buffer } = await source.load(findPart(artifact, request.part), operation);
      return transfer(buffer, [buffer]);
    });
  }

  /** Stops the call of that name; harmless when it is over. */
  cancel(task: string): void {
    this.#tasks.get(task)?.abort(new SandboxError('Canceled', 'Canceled'));
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
    for (const task of this.#tasks.values()) task.abort(new SandboxError('Canceled', 'The store was closed'));
    const opening = this.#opened;
    this.#opened = undefined;
    // One that never opened has nothing to close.
    const ready = await opening?.catch(() => undefined);
    await ready?.opened.store.close();
  }

  async #open(baseUrl: string): Promise<{ opened: OpenedStore; source: ArtifactSource }> {
    const {
      open = openContentStore,
      fetch = (url, init) => globalThis.fetch(url, init),
      clock = systemClock,
    } = this.#options;
    const opened = await open();
    const { store, metadata } = opened;
    return { opened, source: new ArtifactSource({ baseUrl, store, metadata, fetch, clock }) };
  }

  #require(): Promise<{ readonly opened: OpenedStore; readonly source: ArtifactSource }> {
    if (this.#opened) return this.#opened;
    return Promise.reject(new SandboxError('FailedPrecondition', 'The store is not open; call open first'));
  }

  async #run<T>(
    task: string | undefined,
    onProgress: ((progress: Progress) => void) | undefined,
    work: (operation: Operation) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController();
    const name = task ?? '';
    if (task !== undefined) {
      if (this.#tasks.has(name)) throw new SandboxError('AlreadyExists', `A call with this name is under way: ${name}`);
      this.#tasks.set(name, abort);
    }
    try {
      return await work({ signal: abort.signal, ...(onProgress && { onProgress }) });
    } finally {
      if (task !== undefined) this.#tasks.delete(name);
    }
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
