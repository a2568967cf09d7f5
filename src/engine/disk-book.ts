import type { DiskGeneration, DiskId } from '../api/disk';
import type { RecordChange, RecordStore } from '../api/records';
import type { VolumeId, VolumeRecord } from '../api/volume';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import { diskKey, put, remove, type StoredDisk, type StoredTemplate } from './lab-records';

/** The lab's records of disks that are no instance's: what is put here is written before it is acknowledged. */
export class DiskBook implements Disposable {
  readonly #records: RecordStore;
  readonly #stored = new Map<string, StoredDisk>();
  readonly #changes = new Emitter<void>();

  constructor(records: RecordStore) {
    this.#records = records;
  }

  get changes(): Event<void> {
    return this.#changes.event;
  }

  adopt(stored: readonly StoredDisk[]): void {
    for (const each of stored) this.#stored.set(diskKey(each), each);
    this.#changes.fire();
  }

  list(): readonly StoredDisk[] {
    return [...this.#stored.values()];
  }

  template(id: string): StoredTemplate | undefined {
    return this.list().find((each): each is StoredTemplate => each.kind === 'template' && each.id === id);
  }

  volumes(): readonly VolumeRecord[] {
    return this.list().filter((each): each is VolumeRecord => each.kind === 'volume');
  }

  /** By id or name. `NotFound` when there is none. */
  volume(reference: VolumeId): VolumeRecord {
    const volumes = this.volumes();
    const found = volumes.find(({ id }) => id === reference) ?? volumes.find(({ name }) => name === reference);
    if (found) return found;
    throw new SandboxError('NotFound', `No such volume: ${reference}`, { details: { volume: reference } });
  }

  /** Disks that are written to. */
  disks(): readonly DiskId[] {
    return this.volumes().map(({ disk }) => disk);
  }

  /** What the disk store keeps for file systems and for snapshots of volumes. */
  generations(): readonly DiskGeneration[] {
    return this.list().flatMap((each) =>
      each.kind === 'template'
        ? [each.base]
        : each.snapshots.map(({ generation }) => ({ disk: each.disk, generation })),
    );
  }

  /** `also` is written with it, or neither is. */
  async put(stored: StoredDisk, also: readonly RecordChange[] = []): Promise<void> {
    await this.#records.apply([put('disks', diskKey(stored), stored), ...also]);
    this.#stored.set(diskKey(stored), stored);
    this.#changes.fire();
  }

  async remove(stored: StoredDisk): Promise<void> {
    await this.#records.apply([remove('disks', diskKey(stored))]);
    this.#stored.delete(diskKey(stored));
    this.#changes.fire();
  }

  /** Forgets what went with a store that was only in memory; returns the volumes among it. */
  forgetAll(): readonly VolumeRecord[] {
    const lost = this.volumes();
    this.#stored.clear();
    this.#changes.fire();
    return lost;
  }

  dispose(): void {
    this.#changes.dispose();
  }
}
