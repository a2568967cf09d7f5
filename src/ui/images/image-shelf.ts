import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { Digest } from '../../api/content-store';
import type { LayerEvent, PullEvent, PullStatus, SignaturePolicy, SignatureState } from '../../api/distribution';
import type { ImageSummary, ImageUsage } from '../../api/image-summary';
import type { ImageMachineWish } from '../../engine/image-machine';
import type { Images } from '../../engine/images';
import type { Lab } from '../../engine/lab';
import type { Registries } from '../../engine/registries';
import type { ArchiveFormat } from '../../storage/images/save-images';
import { saveFile } from '../save-file';
import { imageText } from '../text/images';
import type { OfflineShelf } from './offline-shelf';

/** What the page needs of the images. */
export type PageImages = Pick<
  Images,
  'list' | 'changes' | 'usage' | 'history' | 'layers' | 'tag' | 'remove' | 'prune' | 'load' | 'import' | 'save'
>;

export interface ImageShelfOptions {
  readonly images: PageImages;
  readonly registries: Pick<Registries, 'pull' | 'verify' | 'policy' | 'setPolicy'>;
  readonly lab: Pick<Lab, 'tasks'>;
  /** Tells people of what went wrong. */
  readonly report: (title: string, error: unknown) => void;
  /** Says something to screen readers, and nothing else. */
  readonly announce: (message: string) => void;
  /** Makes a machine whose root is an image, starts it and shows it. */
  readonly launch: (wish: ImageMachineWish) => Promise<void>;
  /** Bytes that the browser lets this page have, where it says. */
  readonly quota: () => Promise<number | undefined>;
  /** Absent where nothing is kept. */
  readonly offline?: OfflineShelf;
}

/** A pull that goes on, as docker shows it: a line for each layer, in the order they came. */
export interface PullLines {
  readonly name: string;
  readonly layers: readonly LayerEvent<PullStatus>[];
  readonly warnings: readonly string[];
}

/** The images as the page shows them: signals that follow their events, and what can be done with them. */
export class ImageShelf {
  readonly #options: ImageShelfOptions;
  readonly #images = signal<readonly ImageSummary[]>([]);
  readonly #usage = signal<ImageUsage | undefined>(undefined);
  readonly #quota = signal<number | undefined>(undefined);
  readonly #pulls = signal<readonly PullLines[]>([]);
  readonly #signatures = signal<ReadonlyMap<Digest, SignatureState>>(new Map());

  constructor(options: ImageShelfOptions) {
    this.#options = options;
    options.images.changes((images) => this.#show(images));
    this.#show(options.images.list());
  }

  get offline(): OfflineShelf | undefined {
    return this.#options.offline;
  }

  get images(): ReadonlySignal<readonly ImageSummary[]> {
    return this.#images;
  }
  /** Undefined until it was counted. */
  get usage(): ReadonlySignal<ImageUsage | undefined> {
    return this.#usage;
  }
  get quota(): ReadonlySignal<number | undefined> {
    return this.#quota;
  }

  /** Those that go on. */
  get pulls(): ReadonlySignal<readonly PullLines[]> {
    return this.#pulls;
  }
  /** What is known of the signatures of images, by the names that the policy has a rule for. */
  get signatures(): ReadonlySignal<ReadonlyMap<Digest, SignatureState>> {
    return this.#signatures;
  }

  /** Once at a time for each name. */
  pull(name: string): void {
    const { registries, lab } = this.#options;
    if (this.#pulls.value.some((pull) => pull.name === name)) return;
    this.#setPull({ name, layers: [], warnings: [] });
    const task = { kind: 'pull', subject: name, cancelable: true } as const;
    const { finished } = lab.tasks.run(task, ({ signal, onProgress }) => {
      const onEvent = (event: PullEvent): void => {
        const lines = this.#pulls.value.find((pull) => pull.name === name);
        if (lines) this.#setPull(withEvent(lines, event));
        if (event.kind === 'message') onProgress({ phase: event.text });
      };
      return registries.pull(name, { signal, onEvent });
    });
    const end = (): void => {
      this.#pulls.value = this.#pulls.value.filter((pull) => pull.name !== name);
    };
    void finished.then(end, end);
  }

  /** The images of a tar. */
  load(file: File): void {
    const { images, lab } = this.#options;
    lab.tasks.run({ kind: 'load', subject: file.name, cancelable: true }, (operation) => images.load(file, operation));
  }

  /** A root file system as a tar; named after its file unless told otherwise. */
  import(file: File, name?: string): void {
    const { images, lab } = this.#options;
    const reference = name ?? referenceOf(file.name);
    const options = reference === undefined ? {} : { reference };
    lab.tasks.run({ kind: 'load', subject: file.name, cancelable: true }, (operation) =>
      images.import(file, options, operation),
    );
  }

  /** A machine whose root it is. */
  run(name: string): void {
    this.#attempt(imageText.notStarted(name), () => this.#options.launch({ image: name }));
  }

  save(name: string, format: ArchiveFormat): void {
    const { images, announce } = this.#options;
    this.#attempt(imageText.notSaved(name), async () => {
      const stream = await images.save([name], format);
      const file = `${name.replace(/[^\w.-]+/g, '-')}.tar`;
      await saveFile({ name: file, stream }, (bytes) => announce(imageText.saving(name, bytes)));
    });
  }

  remove(name: string): void {
    this.#attempt(imageText.notRemoved(name), () => this.#options.images.remove(name));
  }

  tag(name: string, reference: string): void {
    this.#attempt(imageText.notTagged(reference), () => this.#options.images.tag(name, reference));
  }

  prune(): void {
    this.#attempt(imageText.notPruned, async () => {
      const { reclaimed } = await this.#options.images.prune();
      this.#options.announce(imageText.pruned(reclaimed));
    });
  }

  /** What the layers of an image have, lowest first, and what made each. */
  async layers(name: string) {
    const { images } = this.#options;
    const [layers, history] = await Promise.all([images.layers(name), images.history(name)]);
    // Newest first, and with lines of their own for what changed no files.
    const made = history.filter(({ size }) => size > 0).reverse();
    return layers.map((index, at) => ({ index, createdBy: made[at]?.createdBy ?? '' }));
  }

  /** Which signatures pulls want. */
  policy(): Promise<SignaturePolicy> {
    return this.#options.registries.policy();
  }

  /** `InvalidArgument` names the rule that cannot be kept. */
  async setPolicy(policy: SignaturePolicy): Promise<void> {
    await this.#options.registries.setPolicy(policy);
    void this.#readSignatures();
  }

  /** Asks for the signature of an image, whatever is known of it. */
  checkSignature(name: string): void {
    this.#attempt(imageText.notChecked(name), async () => {
      const { kind } = await this.#options.registries.verify(name, { again: true });
      this.#options.announce(imageText.checked(name, kind));
      await this.#readSignatures();
    });
  }

  #show(images: readonly ImageSummary[]): void {
    this.#images.value = images;
    void this.#measure();
    void this.#readSignatures();
  }

  #setPull(lines: PullLines): void {
    const others = this.#pulls.value.filter(({ name }) => name !== lines.name);
    this.#pulls.value = [...others, lines];
  }

  async #measure(): Promise<void> {
    const { images, quota } = this.#options;
    try {
      const [usage, allowed] = await Promise.all([images.usage(), quota()]);
      this.#usage.value = usage;
      this.#quota.value = allowed;
    } catch {
      // The store has died: the next one tells of its images, and this comes again.
    }
  }

  /** What was checked once is known to the store; a registry is asked for the rest, one image after the other. */
  async #readSignatures(): Promise<void> {
    const images = this.#images.value;
    const found = new Map<Digest, SignatureState>();
    for (const { id, references } of images) {
      const [name] = references;
      if (name === undefined) continue;
      const state = await this.#options.registries.verify(name).catch(() => undefined);
      // Somebody else reads them by now.
      if (images !== this.#images.value) return;
      if (state) found.set(id, state);
    }
    this.#signatures.value = found;
  }

  #attempt(failure: string, work: () => Promise<unknown>): void {
    void work().catch((error: unknown) => this.#options.report(failure, error));
  }
}

/** `debian-12.tar.gz` to `debian-12`, where that can be a name. */
export function referenceOf(file: string): string | undefined {
  const name = file.toLowerCase().replace(/\.(tar(\.(gz|zst))?|tgz)$/, '');
  return /^[a-z0-9]+([._-][a-z0-9]+)*$/.test(name) ? name : undefined;
}

/** The line of a layer takes the place of its earlier one. */
function withEvent(lines: PullLines, event: PullEvent): PullLines {
  if (event.kind === 'warning') return { ...lines, warnings: [...lines.warnings, event.text] };
  if (event.kind === 'message') return lines;
  const known = lines.layers.some(({ id }) => id === event.id);
  const layers = known ? lines.layers.map((line) => (line.id === event.id ? event : line)) : [...lines.layers, event];
  return { ...lines, layers };
}
