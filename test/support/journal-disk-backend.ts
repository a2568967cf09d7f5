import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { DiskPlan } from '../../src/storage/disks/disk-plans';
import type { DiskRecords } from '../../src/storage/disks/disk-records';
import { MemoryDiskBackend } from '../../src/storage/disks/memory-disk-backend';

const lengthBytes = 4;

/** Disks that outlive their thread: each change is appended to a file before it is acknowledged. */
export class JournalDiskBackend extends MemoryDiskBackend {
  readonly #path: string;

  private constructor(path: string) {
    super();
    this.#path = path;
  }

  static async open(path: string): Promise<JournalDiskBackend> {
    const backend = new JournalDiskBackend(path);
    const journal = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    for (let at = 0; at + lengthBytes <= journal.length; ) {
      const end = at + lengthBytes + journal.readUInt32LE(at);
      // Its thread died while it wrote this: nobody was told of it.
      if (end > journal.length) break;
      const plan = deserialize(journal.subarray(at + lengthBytes, end)) as DiskPlan<undefined>;
      await backend.#apply(plan);
      at = end;
    }
    return backend;
  }

  override change<T>(plan: (records: DiskRecords) => DiskPlan<T>, needed?: number): Promise<T> {
    return super.change((records) => {
      const made = plan(records);
      const entry = serialize({ ...made, result: undefined });
      const length = Buffer.alloc(lengthBytes);
      length.writeUInt32LE(entry.length);
      appendFileSync(this.#path, Buffer.concat([length, entry]));
      return made;
    }, needed);
  }

  #apply(plan: DiskPlan<undefined>): Promise<undefined> {
    return super.change(() => plan);
  }
}
