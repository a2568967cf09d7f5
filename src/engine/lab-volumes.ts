import type { DiskStore } from '../api/disk';
import type { Clock } from '../base/clock';
import type { Autosave } from './autosave';
import type { Fleet } from './fleet';
import type { LabAction } from './instance-record';
import type { LabDisks } from './lab-disks';
import type { StoreWatch } from './store-watch';
import type { Task, Tasks } from './tasks';
import type { DiskFileSource } from './volume-import';
import type { Volumes } from './volumes';

export interface LabVolumesOptions {
  /** Settles when the lab is open. */
  readonly opened: Promise<void>;
  readonly tasks: Tasks<LabAction>;
  readonly disks: DiskStore;
  readonly labDisks: LabDisks;
  readonly fleet: Fleet;
  readonly autosave: Autosave;
  readonly store: Pick<StoreWatch, 'life'>;
  readonly clock: Clock;
  readonly randomId: () => string;
}

/** Disks that are no instance's. Their code comes when it is first wanted. */
export class LabVolumes {
  readonly #options: LabVolumesOptions;
  #volumes: Promise<Volumes> | undefined;

  constructor(options: LabVolumesOptions) {
    this.#options = options;
  }

  async open(): Promise<Volumes> {
    const { opened, disks, labDisks, fleet, autosave, store, clock, randomId } = this.#options;
    await opened;
    this.#volumes ??= import('./volumes').then(
      (module) =>
        new module.Volumes({
          book: labDisks.book,
          disks,
          attachments: labDisks.attachments,
          fleet,
          clock,
          randomId,
          lost: store.life,
          createDisk: (spec) => labDisks.create(spec),
          resave: (entry) => autosave.save(entry, false),
        }),
    );
    return this.#volumes;
  }

  /** Takes a user's disk in as a volume. `name` is left to the lab when absent. */
  import(file: DiskFileSource, name?: string): Task {
    const spec = { kind: 'import', subject: file.name, cancelable: true } as const;
    return this.#options.tasks.run(spec, async (operation) => (await this.open()).import(file, name, operation));
  }
}
