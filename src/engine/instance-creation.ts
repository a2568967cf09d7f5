import type { DiskStore } from '../api/disk';
import type { DiskFile, DiskFiles } from './disk-files';
import type { Fleet } from './fleet';
import type { LabImages } from './image-holds';
import type { ImageMachineWish } from './image-machine';
import type { InstanceDraft, InstanceRecord, LabAction, LaunchDraft } from './instance-record';
import type { InstanceVerbs } from './instance-verbs';
import type { LabShares } from './lab-shares';
import type { Task, Tasks } from './tasks';

export interface InstanceCreationOptions {
  /** Settles when the lab is open. */
  readonly opened: Promise<void>;
  readonly tasks: Tasks<LabAction>;
  readonly fleet: Fleet;
  readonly verbs: Pick<InstanceVerbs, 'start'>;
  readonly shares: Pick<LabShares, 'makeFolders'>;
  readonly images: () => Promise<LabImages>;
  /** Settles when the store knows whose images are needed. */
  readonly holdImages: () => Promise<void>;
  readonly disks: DiskStore;
  readonly diskFiles: DiskFiles;
}

/** How instances come to be: from a spec, from an image of the store, from drives that a user brings. */
export class InstanceCreation {
  readonly #options: InstanceCreationOptions;

  constructor(options: InstanceCreationOptions) {
    this.#options = options;
  }

  /** Errors as of {@link Fleet.create}. */
  async create(draft: InstanceDraft): Promise<InstanceRecord> {
    const { opened, fleet, shares } = this.#options;
    await opened;
    await shares.makeFolders(draft);
    return fleet.record(await fleet.create(draft));
  }

  /** A machine whose root is an image of the store. Errors: as of `Images.select` and `create`. */
  async createFromImage(wish: ImageMachineWish): Promise<InstanceRecord> {
    const { opened, images, holdImages } = this.#options;
    await opened;
    const store = await images();
    const { imageMachine } = await import('./image-machine');
    const record = await this.create(imageMachine(await store.select(wish.image), wish));
    await holdImages();
    return record;
  }

  /** Makes a machine that starts from its drives, and starts it. Errors: as of `launchDisks` and `create`. */
  launch(draft: LaunchDraft, brought: readonly (DiskFile | undefined)[]): Task {
    const { opened, tasks, verbs, disks, diskFiles: files } = this.#options;
    const subject = draft.name ?? brought.find((file) => file !== undefined)?.name ?? draft.kind;
    return tasks.run({ kind: 'import', subject, cancelable: true }, async (operation) => {
      await opened;
      const { launchDisks } = await import('./launch-disks');
      const launched = await launchDisks({ disks, files }, draft.disks ?? [], brought, operation);
      try {
        const { id } = await this.create({ ...draft, disks: launched });
        verbs.start(id);
      } finally {
        for (const { source } of launched) if (source) files.settle(source);
      }
    });
  }
}
