import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { toSandboxError } from '../../base/errors';
import { annotations } from '../../formats/oci';
import { familiarReference, parseReference } from '../../formats/reference';
import type { Lab } from '../lab';
import type { Snapshots } from '../snapshots';
import { findConflict, type LabConflict } from './find-conflict';
import type { LabStores } from './lab-source';
import { type OpenedLab, openLabArchive } from './open-lab-archive';
import { type LabLoss, salvageLab } from './salvage-lab';
import { type ScannedLab, scanLabArchive } from './scan-lab-archive';
import { type LabCover, writeLabArchive } from './write-lab-archive';

export interface LabArchivesOptions extends Omit<LabStores, 'folders'> {
  readonly lab: Pick<Lab, 'saveForReload' | 'folders'>;
  readonly snapshots: Pick<Snapshots, 'hold'>;
  readonly clock: Clock;
  readonly randomId: () => string;
}

/** What is in an archive, before anything of it is opened. */
export interface LabContents {
  readonly scanned: ScannedLab;
  readonly losses: readonly LabLoss[];
  /** Names of images that are others here: they will be the archive's. */
  readonly replaced: readonly string[];
}

/** The lab as one file with all its data, and such a file as the lab; docs/ARCHIVE.md. */
export class LabArchives {
  readonly #options: LabArchivesOptions;

  constructor(options: LabArchivesOptions) {
    this.#options = options;
  }

  /** What runs is saved first, as for a reload. */
  async write(
    cover: Omit<LabCover, 'savedAt'>,
    operation: Operation = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    operation.onProgress?.({ phase: 'Saving what runs' });
    await this.#options.lab.saveForReload();
    const savedAt = this.#options.clock.now();
    const held = this.#options.snapshots.hold();
    try {
      // All that snapshots have is packed when this settles.
      return await writeLabArchive({ ...cover, savedAt }, await this.#stores(), operation);
    } finally {
      held.dispose();
    }
  }

  /** Errors as of {@link scanLabArchive}. */
  async read(open: () => ReadableStream<Uint8Array>, operation: Operation = {}): Promise<LabContents> {
    const scanned = await scanLabArchive(open, operation);
    const { losses } = salvageLab(scanned.document, (digest) => scanned.sound.has(digest));
    return {
      scanned,
      losses: [...losses, ...scanned.lostImages.map((name): LabLoss => ({ kind: 'image', name }))],
      replaced: await this.#replacedBy(scanned),
    };
  }

  async #replacedBy({ images }: ScannedLab): Promise<readonly string[]> {
    const here = new Map(
      (await this.#options.images.current()).flatMap(({ id, references }) => references.map((name) => [name, id])),
    );
    return images.flatMap(({ descriptor: { digest, annotations: found } }) => {
      const name = shortName(found?.[annotations.imageName]);
      return name === undefined || (here.get(name) ?? digest) === digest ? [] : [name];
    });
  }

  /** Why an archive cannot be opened beside what is here; undefined when it can. */
  async conflict({ scanned }: LabContents): Promise<LabConflict | undefined> {
    const { records, folders } = salvageLab(scanned.document, (digest) => scanned.sound.has(digest));
    return findConflict(records, folders, await this.#stores());
  }

  /** The lab has to be opened anew afterwards. Errors as of {@link openLabArchive}. */
  async open(
    open: () => ReadableStream<Uint8Array>,
    { scanned }: LabContents,
    operation: Operation = {},
  ): Promise<OpenedLab> {
    const { randomId } = this.#options;
    return openLabArchive(open, scanned, { ...(await this.#stores()), randomId }, operation);
  }

  async #stores(): Promise<LabStores> {
    const { lab, records, blobs, disks, images, lost } = this.#options;
    const folders = await lab.folders().catch((error: unknown) => {
      if (toSandboxError(error).code !== 'Unimplemented') throw error;
    });
    return { records, blobs, disks, images, lost, ...(folders && { folders }) };
  }
}

/** As users know it. Undefined for what is no name: the store does not take that image. */
function shortName(name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : familiarReference(parseReference(name));
  } catch {
    return undefined;
  }
}
