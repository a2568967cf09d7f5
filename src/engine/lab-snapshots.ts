import type { DiskStore } from '../api/disk';
import type { InstanceId } from '../api/instance';
import type { SharedFolders } from '../api/shared-folder';
import type { SnapshotId } from '../api/snapshot';
import { SandboxError } from '../base/errors';
import type { Autosave } from './autosave';
import type { BlobClient } from './blob-client';
import { type DiskFiles, diskSources } from './disk-files';
import type { Fleet } from './fleet';
import type { InstanceActions } from './instance-actions';
import type { LabAction } from './instance-record';
import type { SnapshotFile } from './lab-options';
import type { LabShares } from './lab-shares';
import type { MachineCopies } from './machine-copies';
import type { Snapshots, SnapshotWish } from './snapshots';
import type { StoreWatch } from './store-watch';
import type { Task, Tasks } from './tasks';

export interface LabSnapshotsOptions {
  /** Settles when the lab is open. */
  readonly opened: Promise<void>;
  readonly tasks: Tasks<LabAction>;
  readonly fleet: Fleet;
  readonly actions: InstanceActions;
  readonly snapshots: Snapshots;
  readonly copies: MachineCopies;
  readonly autosave: Autosave;
  readonly diskFiles: DiskFiles;
  readonly blobs: BlobClient;
  readonly disks: DiskStore;
  /** Where folders of machines from elsewhere are made. */
  readonly shares: Pick<LabShares, 'folders'>;
  readonly store: Pick<StoreWatch, 'life'>;
  readonly randomId: () => string;
}

/** What clones are made from: a snapshot, or a machine as it is now. */
export type CloneSource = { readonly snapshot: SnapshotId } | { readonly instance: InstanceId };

export interface CloneWish {
  /** One clone for each. */
  readonly names?: readonly string[];
  /** So many, with names of the lab's choice. */
  readonly count?: number;
}

/** Most clones that one wish may ask for. */
const maxClones = 32;

/** What is done with snapshots, as tasks where it takes a while. */
export class LabSnapshots {
  readonly #options: LabSnapshotsOptions;

  constructor(options: LabSnapshotsOptions) {
    this.#options = options;
  }

  /** Saves a machine that runs or is paused: memory, devices and disks at one instant. */
  take(id: InstanceId, texts: Pick<SnapshotWish, 'name' | 'notes'>): Task {
    const { actions, copies } = this.#options;
    actions.require(id, 'checkpoint', 'saved');
    return actions.run(id, 'snapshot', false, (entry, operation) => copies.snapshot(entry, texts, operation));
  }

  /** Puts a machine back to a snapshot; what it was is lost. */
  restore(id: InstanceId, snapshot: SnapshotId): Task {
    const { actions, copies, snapshots, autosave } = this.#options;
    snapshots.get(snapshot);
    actions.require(id, 'checkpoint', 'restored');
    return actions.run(id, 'restore', true, async (entry, operation) => {
      await copies.restore(entry, snapshot, operation);
      autosave.forget(entry);
    });
  }

  /** Copies of a snapshot, or of a machine as it is now, which gets a snapshot for it. */
  clone(source: CloneSource, wish: CloneWish): Task {
    const { tasks, actions, copies, snapshots } = this.#options;
    const names = cloneNames(wish);
    if ('snapshot' in source) {
      const { id, name } = snapshots.get(source.snapshot);
      return tasks.run({ kind: 'clone', subject: name, cancelable: true }, (operation) =>
        copies.clone(id, names, operation),
      );
    }
    actions.require(source.instance, 'checkpoint', 'cloned');
    return actions.run(source.instance, 'clone', true, async (entry, operation) => {
      const { id } = await copies.snapshot(entry, { name: `For clones of ${entry.stored.spec.name}` }, operation);
      await copies.clone(id, names, operation);
    });
  }

  /** What descends from it stays; machines that were made from it, too. */
  async delete(id: SnapshotId): Promise<void> {
    const { fleet, snapshots, diskFiles } = this.#options;
    const { parent } = snapshots.get(id);
    for (const entry of fleet.entries()) {
      if (entry.stored.snapshot !== id) continue;
      const { snapshot: _, ...lineage } = entry.lineage;
      entry.lineage = { ...lineage, ...(parent !== undefined && { snapshot: parent }) };
      await fleet.update(entry, { snapshot: parent });
    }
    const sources = diskSources([snapshots.get(id).spec]);
    await snapshots.delete(id);
    diskFiles.release(sources);
  }

  /** The snapshot as one file: an OCI image layout in a tar. */
  async export(id: SnapshotId): Promise<SnapshotFile> {
    const { snapshots, blobs, disks, store } = this.#options;
    const record = snapshots.get(id);
    // Archives are rare: their code comes when it is asked for.
    const { exportSnapshot } = await import('./snapshot-archive');
    return { name: `${record.name}.tar`, stream: await exportSnapshot(record, { blobs, disks, lost: store.life() }) };
  }

  /** Takes such a file in; it is read twice, so `open` is called twice. `name` is for people. */
  import(name: string, open: () => ReadableStream<Uint8Array>): Task {
    const { opened, tasks, snapshots, blobs, disks, store, shares, randomId } = this.#options;
    return tasks.run({ kind: 'import', subject: name, cancelable: true }, async (operation) => {
      await opened;
      const { importSnapshot } = await import('./snapshot-import');
      const inUse = new Set(snapshots.list().flatMap(({ layers }) => layers));
      const folders = (): Promise<SharedFolders> => shares.folders();
      const stores = { blobs, disks, inUse, lost: store.life(), folders, randomId };
      const record = await importSnapshot(open, stores, operation);
      await snapshots.adoptImported(record);
    });
  }
}

/** One for each clone; those that the lab is to choose are undefined. */
function cloneNames({ names, count: wished = 1 }: CloneWish): readonly (string | undefined)[] {
  const count = names?.length ?? wished;
  if (!Number.isInteger(count) || count < 1 || count > maxClones) {
    throw new SandboxError('InvalidArgument', `Clones are made 1 to ${maxClones} at a time, not ${count}`);
  }
  return Array.from({ length: count }, (_, index) => names?.[index]);
}
