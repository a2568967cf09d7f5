import type { BuildCacheUsage, CachePruneOptions } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { Lease } from '../../api/image';
import type { ImageLayer } from '../../api/image-summary';
import type { RecordChange } from '../../api/records';
import type { Clock } from '../../base/clock';
import { mediaTypes } from '../../formats/oci';
import { type BuildStepRecord, type ImageRecords, stepKey } from '../images/image-record';
import type { ImageStore } from '../images/image-store';

/** What is kept at most; the steps that were used longest ago go first. */
export interface CacheLimits {
  readonly steps: number;
  /** Of layers that no image has. */
  readonly bytes: number;
}

const defaultLimits: CacheLimits = { steps: 2000, bytes: 1024 ** 3 };

/** What a step came to. */
export interface KnownStep {
  /** None for one that changed no files. */
  readonly layer?: ImageLayer;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/**
 * What steps of builds came to, by keys that say all that a step depends on. A step holds its layer until it is forgotten; one
 * whose layer is gone or damaged is as good as not there. Kept beside images and leases, and changed in the same steps of
 * the store.
 */
export class BuildCache {
  readonly #images: ImageStore;
  readonly #clock: Clock;
  readonly #limits: CacheLimits;

  constructor(images: ImageStore, clock: Clock, limits: CacheLimits = defaultLimits) {
    this.#images = images;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The layer is held by the lease from then on. Undefined when the step is not known. */
  async find(key: Digest, lease: Lease): Promise<KnownStep | undefined> {
    const record = (await this.#images.records()).steps.find((step) => step.key === key);
    if (!record) return undefined;
    const { layer, createdAt } = record;
    const isThere =
      !layer || (await this.#images.has({ mediaType: mediaTypes.layer, digest: layer.digest, size: 0 }, lease));
    return isThere ? { createdAt, ...(layer && { layer }) } : undefined;
  }

  /** That these were of use now, so that others go first. */
  async touch(keys: ReadonlySet<Digest>): Promise<void> {
    if (keys.size === 0) return;
    const usedAt = this.#clock.now();
    await this.#images.change(({ steps }) =>
      steps.filter(({ key }) => keys.has(key)).map((step) => putStep({ ...step, usedAt })),
    );
  }

  /** The layer has to be held by somebody. */
  async remember(key: Digest, layer: ImageLayer | undefined): Promise<KnownStep> {
    const parts = layer ? await this.#images.partsOf(layer.digest) : [];
    const createdAt = this.#clock.now();
    const known = { createdAt, ...(layer && { layer }) };
    await this.#images.change((records) => {
      const record: BuildStepRecord = { kind: 'step', key, ...known, parts, usedAt: createdAt };
      const steps = [...records.steps.filter((step) => step.key !== key), record];
      return [putStep(record), ...planTrim({ ...records, steps }, this.#limits)];
    });
    return known;
  }

  async usage(): Promise<BuildCacheUsage> {
    const records = await this.#images.records();
    const { steps } = records;
    const size = { steps: steps.length, bytes: ownBytes(records) };
    if (steps.length === 0) return size;
    const createdAt = steps.reduce((first, step) => Math.min(first, step.createdAt), Number.POSITIVE_INFINITY);
    return { ...size, createdAt, usedAt: steps.reduce((last, step) => Math.max(last, step.usedAt), createdAt) };
  }

  /** Returns how many bytes that freed. */
  async prune({ usedBefore = Number.POSITIVE_INFINITY, keepBytes }: CachePruneOptions = {}): Promise<number> {
    await this.#images.change((records) => {
      const limits = { steps: keepBytes === undefined ? 0 : records.steps.length, bytes: keepBytes ?? 0 };
      const old = new Set(records.steps.filter(({ usedAt }) => usedAt < usedBefore).map(({ key }) => stepKey(key)));
      return planTrim(records, limits).filter(({ key }) => old.has(key));
    });
    return (await this.#images.collect()).reduce((sum, { size }) => sum + size, 0);
  }
}

/** The steps to forget so that what is left is within the limits. */
export function planTrim(records: ImageRecords, limits: CacheLimits): readonly RecordChange[] {
  const changes: RecordChange[] = [];
  const kept = records.steps.toSorted((a, b) => b.usedAt - a.usedAt);
  while (kept.length > limits.steps || (kept.length > 0 && ownBytes({ ...records, steps: kept }) > limits.bytes)) {
    const oldest = kept.pop() as BuildStepRecord;
    changes.push({ collection: 'imageLeases', key: stepKey(oldest.key) });
  }
  return changes;
}

/** Bytes that steps have and no image has. */
function ownBytes({ images, steps }: Pick<ImageRecords, 'images' | 'steps'>): number {
  const shared = new Set(images.flatMap(({ parts }) => parts.map(({ digest }) => digest)));
  const own = new Map(steps.flatMap(({ parts }) => parts.map(({ digest, size }) => [digest, size])));
  let bytes = 0;
  for (const [digest, size] of own) if (!shared.has(digest)) bytes += size;
  return bytes;
}

function putStep(value: BuildStepRecord): RecordChange {
  return { collection: 'imageLeases', key: stepKey(value.key), value };
}
