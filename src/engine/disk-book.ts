import type { DiskGeneration } from '../api/disk';
import type { RecordStore } from '../api/records';
import { diskKey, put, remove, type StoredDisk, type StoredTemplate } from './lab-records';

/** The lab's records of disks that are no instance's: what is put here is written before it is acknowledged. */
export class DiskBook {
  readonly #records: RecordStore;
  readonly #stored = new Map<string, StoredDisk>();

  constructor(records: RecordStore) {
    this.#records = records;
  }

  adopt(stored: readonly StoredDisk[]): void {
    for (const each of stored) this.#stored.set(diskKey(each), each);
  }

  template(id: string): StoredTemplate | undefined {
    return this.#stored.get(diskKey({ kind: 'template', id }));
  }

  /** What the disk store keeps for them. */
  generations(): readonly DiskGeneration[] {
    return [...this.#stored.values()].map(({ base }) => base);
  }

  async put(stored: StoredDisk): Promise<void> {
    await this.#records.apply([put('disks', diskKey(stored), stored)]);
    this.#stored.set(diskKey(stored), stored);
  }

  async remove(stored: StoredDisk): Promise<void> {
    await this.#records.apply([remove('disks', diskKey(stored))]);
    this.#stored.delete(diskKey(stored));
  }
}
