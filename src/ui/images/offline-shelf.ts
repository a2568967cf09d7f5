import { computed, type ReadonlySignal, signal } from '@preact/signals-core';
import type { ImageSummary } from '../../api/image-summary';
import type { RegistryOffer } from '../../api/offline';
import type { Lab } from '../../engine/lab';
import type { OfflineArtifacts } from '../../engine/offline-artifacts';
import type { Registries } from '../../engine/registries';
import { offlineText } from '../text/offline';
import type { PageImages } from './image-shelf';
import { type OfflineOffer, offlineOffers } from './offline-offers';

export interface OfflineShelfOptions {
  readonly artifacts: Pick<OfflineArtifacts, 'offers' | 'keep' | 'remove'>;
  readonly images: Pick<PageImages, 'list' | 'changes' | 'remove'>;
  readonly registries: Pick<Registries, 'pull'>;
  readonly lab: Pick<Lab, 'tasks' | 'snapshots'>;
  readonly report: (title: string, error: unknown) => void;
  readonly announce: (message: string) => void;
}

/** What can be kept for when there is no network, what of it is, and how it comes and goes. */
export class OfflineShelf {
  readonly #options: OfflineShelfOptions;
  readonly #artifacts = signal<readonly RegistryOffer[]>([]);
  readonly #images = signal<readonly ImageSummary[]>([]);
  readonly #keeping = signal<ReadonlySet<string>>(new Set());

  readonly offers: ReadonlySignal<readonly OfflineOffer[]> = computed(() =>
    offlineOffers(this.#artifacts.value, new Set(this.#images.value.flatMap(({ references }) => references))),
  );

  constructor(options: OfflineShelfOptions) {
    this.#options = options;
    this.#images.value = options.images.list();
    options.images.changes((images) => {
      this.#images.value = images;
    });
  }

  /** Names of the offers that are on their way. */
  get keeping(): ReadonlySignal<ReadonlySet<string>> {
    return this.#keeping;
  }

  /** Asks the registry, or what is remembered of it. */
  async look(): Promise<void> {
    try {
      this.#artifacts.value = await this.#options.artifacts.offers();
    } catch (error) {
      this.#options.report(offlineText.notAsked, error);
    }
  }

  /** Fetches it as a task, which tells of what goes wrong. Once at a time for each. */
  keep({ kind, name, references }: OfflineOffer): void {
    const { lab, artifacts, registries, announce } = this.#options;
    if (this.#keeping.value.has(name)) return;
    const subject = offlineText.name(kind, name);
    const { finished } = lab.tasks.run({ kind: 'pull', subject, cancelable: true }, async (operation) => {
      if (kind !== 'image') return artifacts.keep(references, operation);
      const { signal, onProgress } = operation;
      for (const reference of references) {
        await registries.pull(reference, {
          ...(signal && { signal }),
          onEvent: (event) => event.kind === 'message' && onProgress?.({ phase: event.text }),
        });
      }
    });
    this.#keeping.value = new Set(this.#keeping.value).add(name);
    const end = async (): Promise<void> => {
      await this.look();
      this.#keeping.value = new Set([...this.#keeping.value].filter((each) => each !== name));
    };
    finished
      .then(
        () => announce(offlineText.kept(subject)),
        () => {},
      )
      .then(end);
  }

  /** Frees what it takes up; saved machines keep what they need. */
  async remove({ kind, name, references }: OfflineOffer): Promise<void> {
    const { artifacts, images, lab, report, announce } = this.#options;
    const subject = offlineText.name(kind, name);
    try {
      if (kind === 'image') for (const reference of references) await images.remove(reference);
      else
        await artifacts.remove(
          references,
          lab.snapshots().flatMap(({ layers }) => layers),
        );
      announce(offlineText.removed(subject));
    } catch (error) {
      report(offlineText.notRemoved(subject), error);
    }
    await this.look();
  }
}
