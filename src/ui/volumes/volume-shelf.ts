import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { InstanceId } from '../../api/instance';
import type { VolumeDraft, VolumeFileForm, VolumeId, VolumeStatus } from '../../api/volume';
import type { Lab } from '../../engine/lab';
import type { Volumes } from '../../engine/volumes';
import { saveFile } from '../save-file';
import { volumeText } from '../text/volumes';

export interface VolumeShelfOptions {
  readonly volumes: Volumes;
  readonly lab: Pick<Lab, 'importVolume'>;
  /** Tells people of what went wrong. */
  readonly report: (title: string, error: unknown) => void;
  /** Says something to screen readers, and nothing else. */
  readonly announce: (message: string) => void;
}

/** The volumes as the page shows them: a signal that follows their events, and what can be done with them. */
export class VolumeShelf {
  readonly #options: VolumeShelfOptions;
  readonly #list = signal<readonly VolumeStatus[]>([]);
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(options: VolumeShelfOptions) {
    this.#options = options;
    options.volumes.changes(() => this.refresh());
    this.refresh();
  }

  /** By name. */
  get list(): ReadonlySignal<readonly VolumeStatus[]> {
    return this.#list;
  }

  /** What they take changes while guests write, which nobody tells of. */
  refresh(): void {
    this.#again = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
  }

  /** Errors as of `Volumes.create`. */
  async create(draft: VolumeDraft): Promise<void> {
    await this.#options.volumes.create(draft);
    this.refresh();
  }

  rename(id: VolumeId, name: string): void {
    this.#attempt(volumeText.notRenamed(this.#nameOf(id)), () => this.#options.volumes.rename(id, name));
  }

  remove(id: VolumeId): void {
    this.#attempt(volumeText.notRemoved(this.#nameOf(id)), () => this.#options.volumes.delete(id));
  }

  attach(id: VolumeId, instance: InstanceId): void {
    this.#attempt(volumeText.notAttached(this.#nameOf(id)), () => this.#options.volumes.attach(id, instance));
  }

  detach(id: VolumeId): void {
    this.#attempt(volumeText.notDetached(this.#nameOf(id)), () => this.#options.volumes.detach(id));
  }

  snapshot(id: VolumeId, name: string): void {
    const title = volumeText.notSnapshotted(this.#nameOf(id));
    this.#attempt(title, () => this.#options.volumes.snapshot(id, name));
  }

  revert(id: VolumeId, generation: number): void {
    const title = volumeText.notReverted(this.#nameOf(id));
    this.#attempt(title, () => this.#options.volumes.revert(id, generation));
  }

  deleteSnapshot(id: VolumeId, generation: number): void {
    const title = volumeText.snapshotNotDeleted(this.#nameOf(id));
    this.#attempt(title, () => this.#options.volumes.deleteSnapshot(id, generation));
  }

  /** Of what it is now, or was. */
  clone(id: VolumeId, snapshot?: number): void {
    const wish = snapshot === undefined ? {} : { snapshot };
    this.#attempt(volumeText.notCloned(this.#nameOf(id)), () => this.#options.volumes.clone(id, wish));
  }

  /** The same as a file. */
  export(id: VolumeId, form: VolumeFileForm, snapshot?: number): void {
    const name = this.#nameOf(id);
    this.#attempt(volumeText.notExported(name), async () => {
      const file = await this.#options.volumes.export(id, form, snapshot);
      await saveFile(file, (bytes) => this.#options.announce(volumeText.exporting(name, bytes)));
    });
  }

  /** What becomes of it is told by its task. */
  import(file: File): void {
    this.#options.lab.importVolume({ name: file.name, open: () => file.stream() });
  }

  async #read(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      // The store has died: it tells when the next one is there, or is asked when somebody looks again.
      const list = await this.#options.volumes.list().catch(() => undefined);
      if (list) this.#list.value = list;
    }
  }

  #nameOf(id: VolumeId): string {
    return this.#list.value.find((volume) => volume.id === id)?.name ?? id;
  }

  #attempt(failure: string, work: () => Promise<unknown>): void {
    void work().then(
      () => this.refresh(),
      (error: unknown) => this.#options.report(failure, error),
    );
  }
}
