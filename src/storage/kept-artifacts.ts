import type { ContentStore, Digest } from '../api/content-store';
import type { RegistryOffer } from '../api/offline';
import type { Operation, Progress } from '../api/operation';
import type { RecordStore } from '../api/records';
import { toSandboxError } from '../base/errors';
import { annotations, type Descriptor } from '../formats/oci';
import { storedForm } from '../formats/oci-parse';
import { type ArtifactSource, artifactPhases } from './artifact-source';
import type { ImageRecords } from './images/image-record';
import { namedDigests } from './named-digests';
import type { NamedTasks } from './named-tasks';

/** How signatures are named in a registry (cosign): they are no offers. */
const signature = /:sha256-[0-9a-f]{64}\.sig$/;

export interface KeptArtifactsOptions {
  readonly source: ArtifactSource;
  readonly store: ContentStore;
  /** What images consist of: the same bytes may be an artifact's. */
  readonly images: { records(): Promise<ImageRecords> };
  /** The lab's, and those of images. */
  readonly records: Pick<RecordStore, 'list'>;
  readonly tasks: NamedTasks;
}

/** What the page's registry has, and what of it is stored, with calls that cross a MessagePort. */
export class KeptArtifacts {
  readonly #options: KeptArtifactsOptions;

  constructor(options: KeptArtifactsOptions) {
    this.#options = options;
  }

  /**
   * In the order of the registry's index. Without a network those that were told of before. `Unavailable` when neither the index
   * nor a copy of it can be had.
   */
  async offers(): Promise<readonly RegistryOffer[]> {
    const { source } = this.#options;
    const named = new Map<Digest, string[]>();
    for (const entry of await source.entries()) {
      const reference = entry.annotations?.[annotations.refName];
      if (reference === undefined || signature.test(reference)) continue;
      const known = named.get(entry.digest);
      if (known) known.push(reference);
      else named.set(entry.digest, [reference]);
    }
    const offers = [...named.values()].map((references) =>
      this.#offer(references).catch((error: unknown) => {
        // Without a network, what was never asked for is no offer.
        if (toSandboxError(error).code === 'Unavailable') return undefined;
        throw error;
      }),
    );
    return (await Promise.all(offers)).filter((offer) => offer !== undefined);
  }

  /** Fetches all of these artifacts that is not stored yet. Progress is in bytes of their layers. */
  keep(task: string, references: readonly string[], onProgress?: (progress: Progress) => void): Promise<void> {
    return this.#options.tasks.run(task, onProgress, async (operation) => {
      const { source } = this.#options;
      const artifacts = await Promise.all(references.map((reference) => source.resolve(reference, operation)));
      const layers = artifacts.flatMap(({ manifest }) => manifest.layers);
      const total = sizeOf(layers);
      let done = 0;
      for (const { manifest, reference } of artifacts) {
        await source.ensure(manifest.config, silent(operation));
        for (const layer of manifest.layers) {
          operation.onProgress?.({ phase: artifactPhases.fetching(reference), done, total });
          await source.ensure(layer, silent(operation));
          done += layer.size;
        }
      }
    });
  }

  /** Frees the layers of these artifacts, but for those in `needed` and what images consist of. */
  async remove(references: readonly string[], needed: readonly Digest[]): Promise<void> {
    const { source, store, images } = this.#options;
    const { images: kept, leases } = await images.records();
    const others = new Set<Digest>([
      ...needed,
      ...kept.flatMap(({ parts }) => parts.map(({ digest }) => digest)),
      ...leases.flatMap(({ digests }) => digests),
    ]);
    for (const reference of references) {
      const { layers } = (await source.resolve(reference)).manifest;
      for (const { digest } of layers.map(storedForm)) if (!others.has(digest)) await store.delete(digest);
    }
  }

  /** Frees what came of earlier versions of the registry's artifacts. See {@link ArtifactSource.sweep}. */
  sweep(): Promise<void> {
    const { source, records } = this.#options;
    return source.sweep(() => namedDigests(records));
  }

  async #offer(references: readonly string[]): Promise<RegistryOffer> {
    const { source, store } = this.#options;
    const { manifest, descriptor } = await source.resolve(references[0] ?? '');
    const stored = await Promise.all(manifest.layers.map((layer) => store.has(storedForm(layer).digest)));
    const artifactType = manifest.artifactType ?? descriptor.artifactType;
    return {
      references,
      ...(artifactType !== undefined && { artifactType }),
      size: sizeOf(manifest.layers),
      stored: sizeOf(manifest.layers.filter((_, at) => stored[at])),
    };
  }
}

function sizeOf(layers: readonly Descriptor[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

/** The progress is that of all together. */
function silent({ signal }: Operation): Operation {
  return signal ? { signal } : {};
}
