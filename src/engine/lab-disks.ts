import type { DiskInfo, DiskSource, DiskSpec, DiskStore } from '../api/disk';
import type { InstanceSpec } from '../api/instance';
import type { RecordStore } from '../api/records';
import type { Clock } from '../base/clock';
import type { SandboxError } from '../base/errors';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { completeDisk } from './complete-disk';
import { DiskAttachments } from './disk-attachments';
import { DiskBook } from './disk-book';
import { DiskFiles, diskSources } from './disk-files';
import type { DiskTemplates } from './disk-templates';
import type { ArtifactLoader } from './store-client';
import type { StoreWatch } from './store-watch';

export interface LabDisksOptions {
  readonly disks: DiskStore;
  readonly records: RecordStore;
  /** Where the file systems of new disks come from. Without, new disks are empty. */
  readonly artifacts: ArtifactLoader | undefined;
  readonly store: Pick<StoreWatch, 'lost' | 'life'>;
  /** Of all instances and snapshots that are recorded now. */
  readonly specs: () => readonly InstanceSpec[];
  readonly clock: Clock;
  readonly randomId: () => string;
  /** What went wrong by itself, for people. */
  readonly failed: (error: SandboxError) => void;
}

/** The lab's disks: how they are made and opened, and what is kept of them beside instances. */
export class LabDisks implements Disposable {
  readonly book: DiskBook;
  readonly files: DiskFiles;
  readonly attachments: DiskAttachments;
  readonly #options: LabDisksOptions;
  readonly #disposables = new DisposableStore();
  #templates: Promise<DiskTemplates> | undefined;

  constructor(options: LabDisksOptions) {
    this.#options = options;
    const { disks, records, store, clock, randomId, failed } = options;
    const attachments = new DiskAttachments({ disks, storeLost: store.lost, clock, randomId, failed });
    this.attachments = this.#disposables.add(attachments);
    this.book = this.#disposables.add(new DiskBook(records));
    this.files = new DiskFiles(disks, () => this.sources());
  }

  /** The users' files that disks of recorded instances and snapshots began as. */
  sources(): readonly DiskSource[] {
    return diskSources(this.#options.specs());
  }

  /** A new disk: empty, or with a file system. Errors as of {@link DiskTemplates.create}. */
  async create(spec: DiskSpec): Promise<DiskInfo> {
    const { disks, artifacts: loader, store } = this.#options;
    const { sizeMiB, format } = completeDisk(spec);
    if (format === undefined) return disks.create({ sizeMiB });
    // Rare: its code comes when it is asked for.
    this.#templates ??= import('./disk-templates').then(
      (module) => new module.DiskTemplates({ disks, book: this.book, loader, lost: store.life }),
    );
    return (await this.#templates).create({ sizeMiB, format });
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
