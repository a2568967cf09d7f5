import type { ContentStore, Digest } from '../api/content-store';
import type { Operation } from '../api/operation';
import type { Clock } from '../base/clock';
import { SandboxError, throwIfAborted } from '../base/errors';
import { digestHex } from '../formats/digest';
import { annotations, type Descriptor, type Index, type Manifest } from '../formats/oci';
import { parseManifest, storedForm } from '../formats/oci-parse';
import { downloadBlob, type Fetch } from './download';
import { LayoutIndex, seenIndexes } from './layout-index';
import type { MetadataStore } from './metadata-store';
import { SharedTasks } from './shared-tasks';

/** What a reference stands for. */
export interface Artifact {
  readonly reference: string;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

export interface ArtifactSourceOptions {
  /** Directory of `index.json` and `blobs/`, with a slash at the end. */
  readonly baseUrl: string;
  readonly store: ContentStore;
  readonly metadata: MetadataStore;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** The phases that an operation here goes through. */
export const artifactPhases = {
  lookup: 'Looking up the artifact',
  reading: 'Reading from the store',
  damagedDownload: 'The download was damaged; fetching it again',
  failedDownload: 'The download failed; trying once more',
  damagedStored: 'The stored copy was damaged; fetching it again',
  fetching: (what: string) => `Fetching ${what}`,
} as const;

/**
 * Artifacts of one static OCI image layout, fetched once, verified, and kept in the store. Offline, what was
 * fetched before goes on working.
 */
export class ArtifactSource {
  readonly #options: ArtifactSourceOptions;
  readonly #downloads = new SharedTasks<void>();
  /** At most as many as there are artifacts; on the way to a prompt every read of the store counts. */
  readonly #manifests = new Map<Digest, Manifest>();
  readonly #index: LayoutIndex;

  constructor(options: ArtifactSourceOptions) {
    this.#options = options;
    this.#index = new LayoutIndex(options);
  }

  /** What the index names. `Unavailable` when there is no index to be had. */
  async entries(): Promise<readonly Descriptor[]> {
    return (await this.#index.current()).manifests;
  }

  /** `NotFound` when the index has no such reference, `Unavailable` when there is no index to be had. */
  async resolve(reference: string, operation: Operation = {}): Promise<Artifact> {
    throwIfAborted(operation.signal);
    operation.onProgress?.({ phase: artifactPhases.lookup });
    const index = await this.#index.current();
    const descriptor = index.manifests.find((entry) => entry.annotations?.[annotations.refName] === reference);
    if (!descriptor) throw unknownReference(reference, index);
    return { reference, descriptor, manifest: await this.#manifestOf(descriptor, operation) };
  }

  /**
   * Frees what came of artifacts that an earlier index had and this one has not: blobs without a label that no artifact has
   * now, of this registry or another that a page of this origin has, and that are not `named`. Once for each change of the
   * index. `Unavailable` when it cannot be told what artifacts have; nothing is freed then, and the next call tries again.
   */
  async sweep(named: () => Promise<ReadonlySet<Digest>>): Promise<void> {
    const { store } = this.#options;
    // So that this visit's index has been seen.
    await this.entries();
    if (!(await this.#index.hasChanged())) return;
    // Before it is asked what is needed: what comes to be stored later is needed later, and none of this.
    const stored = await store.list();
    const kept = new Set<Digest>();
    for (const entry of await this.#entriesNow()) {
      const { config, layers } = await this.#manifestOf(entry);
      for (const each of [entry, config, ...layers]) kept.add(storedForm(each).digest);
    }
    for (const digest of await named()) kept.add(digest);
    const left = stored.filter(({ digest, label }) => label === undefined && !kept.has(digest));
    for (const { digest } of left) await store.delete(digest);
    await this.#index.settleChange();
  }

  /** What this registry has, and what of the others can have been stored. */
  async #entriesNow(): Promise<readonly Descriptor[]> {
    const { store, metadata } = this.#options;
    // Fetched anew: another tab may have seen a later one.
    const entries = [...(await new LayoutIndex(this.#options).current()).manifests];
    for (const { manifests } of await seenIndexes(metadata)) {
      // An artifact's manifest is stored before the rest of it.
      for (const entry of manifests) if (await store.has(storedForm(entry).digest)) entries.push(entry);
    }
    return entries;
  }

  async #manifestOf(descriptor: Descriptor, operation: Operation = {}): Promise<Manifest> {
    const manifest = this.#manifests.get(descriptor.digest) ?? parseManifest(await this.load(descriptor, operation));
    this.#manifests.set(descriptor.digest, manifest);
    return manifest;
  }

  /** Makes sure that a blob is stored. The result is the digest that it is stored under. */
  async ensure(descriptor: Descriptor, operation: Operation = {}): Promise<Digest> {
    const { digest } = storedForm(descriptor);
    if (await this.#options.store.has(digest)) return digest;
    await this.#downloads.run(digest, operation, (shared) => this.#download(descriptor, shared));
    return digest;
  }

  /** The bytes of a blob in its stored form, fetched when it is not there or no longer what it was. */
  async load(descriptor: Descriptor, operation: Operation = {}): Promise<Uint8Array<ArrayBuffer>> {
    const digest = await this.ensure(descriptor, operation);
    const { store } = this.#options;
    operation.onProgress?.({ phase: artifactPhases.reading });
    try {
      return await store.read(digest, operation);
    } catch (error) {
      if (!(error instanceof SandboxError && error.code === 'DataLoss')) throw error;
    }
    operation.onProgress?.({ phase: artifactPhases.damagedStored });
    await store.delete(digest);
    await this.ensure(descriptor, operation);
    return store.read(digest, operation);
  }

  /** A second attempt goes past the HTTP cache; then it is the server's bytes that are wrong. */
  async #download(descriptor: Descriptor, operation: Operation): Promise<void> {
    const { baseUrl, ...rest } = this.#options;
    const phase = artifactPhases.fetching(descriptor.annotations?.[annotations.title] ?? 'the artifact');
    const url = `${baseUrl}blobs/sha256/${digestHex(descriptor.digest)}`;
    try {
      await downloadBlob({ ...rest, url, descriptor, phase, cache: 'default' }, operation);
    } catch (error) {
      if (!(error instanceof SandboxError && (error.code === 'DataLoss' || error.code === 'Unavailable'))) throw error;
      const { damagedDownload, failedDownload } = artifactPhases;
      operation.onProgress?.({ phase: error.code === 'DataLoss' ? damagedDownload : failedDownload });
      await downloadBlob({ ...rest, url, descriptor, phase, cache: 'reload' }, operation);
    }
  }
}

function unknownReference(reference: string, index: Index): SandboxError {
  const known = index.manifests.flatMap((entry) => entry.annotations?.[annotations.refName] ?? []);
  const shown = known.length > 0 ? known.slice(0, 10).join(', ') : 'nothing';
  return new SandboxError('NotFound', `No such artifact: ${reference} (the registry has ${shown})`, {
    details: { reference },
  });
}
