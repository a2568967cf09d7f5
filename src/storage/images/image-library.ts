import type { ContentStore, Digest } from '../../api/content-store';
import type { Platform } from '../../api/image';
import type {
  HistoryLine,
  ImageInspection,
  ImageSummary,
  ImageUsage,
  ImageUser,
  ImageVariant,
  RemovalReport,
  SelectedImage,
} from '../../api/image-summary';
import { SandboxError } from '../../base/errors';
import { emptyRunConfig, type ImageConfig, parseImageConfig } from '../../formats/image-config';
import { parseManifest } from '../../formats/oci-parse';
import { titleOf } from '../../formats/unikernel-image';
import { choosePlatform, suitsGuests } from './choose-platform';
import { type FoundImage, findImage } from './find-image';
import type { ImageRecords, UserRecord } from './image-record';
import type { ImageStore } from './image-store';
import { measureUsage, shortName, summarizeImages } from './image-usage';
import { imageHistory, inspectImage } from './inspect-image';
import { type PruneOptions, planPrune, planRemoval, type Removal, type RemovalOptions } from './remove-image';

/** What users do with images that are stored. A name may be a reference, a digest, or the beginning of an id. */
export class ImageLibrary {
  readonly #store: ImageStore;
  readonly #content: ContentStore;

  constructor(store: ImageStore, content: ContentStore) {
    this.#store = store;
    this.#content = content;
  }

  /** Those that came last first. */
  async list(): Promise<readonly ImageSummary[]> {
    return summarizeImages(await this.#store.records());
  }

  async usage(): Promise<ImageUsage> {
    const [records, blobs] = await Promise.all([this.#store.records(), this.#content.list()]);
    return measureUsage(records, blobs);
  }

  /**
   * The platform of an image that is to be run: for guests here unless another is asked for. `FailedPrecondition`
   * names those there are when it is none of them.
   */
  async select(name: string, platform?: Platform): Promise<SelectedImage> {
    return this.#select(name, () => platform);
  }

  /** The same for a container, which may be a unikernel. */
  async selectForContainer(name: string, platform?: Platform): Promise<SelectedImage> {
    // Those for guests come first.
    const suits = (each: ImageVariant): boolean => each.unikernel !== undefined || suitsGuests(each.platform);
    return this.#select(name, (variants) => platform ?? variants.find(suits)?.platform);
  }

  /** Of the platform that is asked for, or else of the one that suits guests here best. */
  async inspect(name: string, platform?: Platform): Promise<ImageInspection> {
    const { found, variant, config } = await this.#find(name, (variants) => bestOf(name, variants, platform));
    return inspectImage(found.record, variant, config);
  }

  async history(name: string, platform?: Platform): Promise<readonly HistoryLine[]> {
    const { found, variant, config } = await this.#find(name, (variants) => bestOf(name, variants, platform));
    return imageHistory(found.record, variant, config);
  }

  /** Gives an image one more name, and takes that from the image that had it. */
  async tag(name: string, reference: string): Promise<void> {
    await this.#store.tag(reference, await this.#store.resolve(name));
  }

  /** See {@link planRemoval}. What nothing needs any more is gone when this resolves. */
  remove(name: string, options?: RemovalOptions): Promise<RemovalReport> {
    return this.#remove((records) => planRemoval(records, name, options));
  }

  /** See {@link planPrune}. */
  prune(options?: PruneOptions): Promise<RemovalReport> {
    return this.#remove((records) => planPrune(records, options));
  }

  /** From now on the image stays for this user, over reloads. `NotFound` when there is no such image. */
  async hold(user: ImageUser): Promise<void> {
    await this.#store.change(({ images }) => {
      const { descriptor } = findImage(images, user.image);
      const value: UserRecord = { kind: 'user', id: user.id, name: user.name, image: descriptor.digest };
      return [{ collection: 'imageLeases', key: userKey(user.id), value }];
    });
  }

  /** Harmless when there is no such user. */
  async releaseHold(user: string): Promise<void> {
    await this.#store.change(() => [{ collection: 'imageLeases', key: userKey(user) }]);
  }

  /** Forgets all users but these: what was held for something that a crash kept from being made. */
  async retainHolds(users: readonly string[]): Promise<void> {
    await this.#store.change((records) =>
      records.users
        .filter(({ id }) => !users.includes(id))
        .map(({ id }) => ({ collection: 'imageLeases', key: userKey(id) })),
    );
  }

  async #select(
    name: string,
    platform: (variants: readonly ImageVariant[]) => Platform | undefined,
  ): Promise<SelectedImage> {
    const { found, variant, config } = await this.#find(name, (variants, absent) =>
      choosePlatform(name, variants, platform(variants), absent),
    );
    const { reference, record } = found;
    const { unikernel } = variant;
    return {
      id: record.descriptor.digest,
      ...(reference !== undefined && { reference: shortName(reference) }),
      manifest: variant.manifest.digest,
      config,
      layers: variant.layers,
      ...(unikernel && { unikernel }),
    };
  }

  async #find(
    name: string,
    choose: (variants: readonly ImageVariant[], absent: readonly Platform[]) => ImageVariant,
  ): Promise<{ readonly found: FoundImage; readonly variant: ImageVariant; readonly config: ImageConfig }> {
    const found = findImage((await this.#store.records()).images, name);
    const { record, descriptor } = found;
    const named = record.variants.filter(({ manifest }) => manifest.digest === descriptor.digest);
    const variant = named.length > 0 ? choose(named, []) : choose(record.variants, record.absent);
    const config = variant.unikernel
      ? await this.#unikernelConfig(variant)
      : parseImageConfig(await this.#store.read(variant.config));
    return { found, variant, config };
  }

  /** Such an image has no config; what is run is its module, by the name of its file. */
  async #unikernelConfig({ platform, manifest }: ImageVariant): Promise<ImageConfig> {
    const document = parseManifest(await this.#store.read(manifest.digest));
    const [module] = document.layers;
    const run = { ...emptyRunConfig, entrypoint: [`/${module ? titleOf(module) : ''}`] };
    return { platform, run, diffIds: [], history: [] };
  }

  async #remove(plan: (records: ImageRecords) => Removal): Promise<RemovalReport> {
    let removed: Removal['removed'] = [];
    await this.#store.change((records) => {
      const removal = plan(records);
      removed = removal.removed;
      return removal.changes;
    });
    const collected = await this.#store.collect();
    const deleted = collected.map(({ digest }) => digest).filter((digest) => !isNamed(removed, digest));
    return {
      removed: [...removed, ...deleted.map((digest) => ({ deleted: digest }))],
      reclaimed: collected.reduce((sum, { size }) => sum + size, 0),
    };
  }
}

function isNamed(removed: Removal['removed'], digest: Digest): boolean {
  return removed.some((each) => 'deleted' in each && each.deleted === digest);
}

/** The first is the best: see {@link comparePlatforms}. */
function bestOf(name: string, variants: readonly ImageVariant[], platform: Platform | undefined): ImageVariant {
  if (platform) return choosePlatform(name, variants, platform);
  const [best] = variants;
  if (best) return best;
  throw new SandboxError('FailedPrecondition', `${name} is an artifact, not an image that can be run`);
}

function userKey(id: string): string {
  return `user/${id}`;
}
