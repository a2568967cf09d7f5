import type { ImageUser } from '../api/image-summary';
import type { SnapshotRecord } from '../api/snapshot';
import type { Images } from './images';
import type { Entry } from './instance-record';

/** What lab and page know of images beside their own use of them. */
export type LabImages = Pick<
  Images,
  'select' | 'selectForContainer' | 'hold' | 'retainHolds' | 'commit' | 'readTexts' | 'list' | 'current' | 'events'
>;

export interface ImageHoldsOptions {
  /** Fetches what knows the images; a lab without machines from images never does. */
  readonly images: () => Promise<Pick<LabImages, 'hold' | 'retainHolds'>>;
  /** Who needs which image now. */
  readonly users: () => readonly ImageUser[];
}

/**
 * Keeps the images of machines and snapshots from being removed, for as long as these are there. What the store
 * knows of it is made what the lab says, one step after the other.
 */
export class ImageHolds {
  readonly #options: ImageHoldsOptions;
  /** What the store was told last; undefined when it may not have heard it. At first nobody needs anything. */
  #told: string | undefined = '[]';
  #telling: Promise<void> = Promise.resolve();
  /** Users that the store has, as they were told, by id; undefined when it may have others. */
  #known: ReadonlyMap<string, string> | undefined;

  constructor(options: ImageHoldsOptions) {
    this.#options = options;
  }

  /** To be called when there may be other users than before. Settles when the store knows. */
  follow(): Promise<void> {
    const users = this.#options.users();
    const now = JSON.stringify(users);
    if (now === this.#told) return this.#telling;
    this.#told = now;
    const before = this.#telling.catch(() => undefined);
    this.#telling = before.then(() => this.#tell(users));
    this.#telling.catch(() => {
      // The next change, or the next page, says it again.
      if (this.#told === now) this.#told = undefined;
    });
    return this.#telling;
  }

  /** Only what is new or gone: a lab may have hundreds of containers, and each start and end of one is told. */
  async #tell(users: readonly ImageUser[]): Promise<void> {
    const images = await this.#options.images();
    const before = this.#known;
    this.#known = undefined;
    const now = new Map(users.map((user) => [user.id, JSON.stringify(user)]));
    for (const user of users) if (before?.get(user.id) !== now.get(user.id)) await images.hold(user);
    if (!before || [...before.keys()].some((id) => !now.has(id))) await images.retainHolds([...now.keys()]);
    this.#known = now;
  }
}

/** Machines that were made from images, and snapshots of such. */
export function imageUsers(entries: Iterable<Entry>, snapshots: readonly SnapshotRecord[]): readonly ImageUser[] {
  const machines = [...entries].flatMap(({ stored: { id, spec } }) =>
    spec.kind === 'vm' && spec.image ? [{ id, name: spec.name, image: spec.image.digest }] : [],
  );
  const saved = snapshots.flatMap(({ id, name, spec }) =>
    spec.image ? [{ id: `snapshot-${id}`, name, image: spec.image.digest }] : [],
  );
  return [...machines, ...saved];
}
