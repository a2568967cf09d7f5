import { SandboxError } from '../../base/errors';
import type { Database } from '../database';
import { type WriteOptions, type WriteTransaction, writeToEnd } from '../write-transaction';
import type { DiskBackend } from './disk-backend';
import type { DiskPlan } from './disk-plans';
import type { DiskRecord, DiskRecords, LayerId, LayerRecord } from './disk-records';

type Names = 'diskLayers' | 'extents';
type Entry = DiskRecord | LayerRecord;

/** Disks in IndexedDB. */
export class IdbDiskBackend implements DiskBackend {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async records(): Promise<DiskRecords> {
    return toRecords(await this.#database.read('diskLayers', (layers) => layers.getAll()));
  }

  /** Strict without exception: a flush may then answer at once for what an earlier transaction has written. */
  change<T>(plan: (records: DiskRecords) => DiskPlan<T>, needed = 0): Promise<T> {
    return this.#change(plan, { needed, durability: 'strict' });
  }

  changeRelaxed<T>(plan: (records: DiskRecords) => DiskPlan<T>): Promise<T> {
    return this.#change(plan, { durability: 'relaxed' });
  }

  async #change<T>(plan: (records: DiskRecords) => DiskPlan<T>, options: WriteOptions): Promise<T> {
    let planned: DiskPlan<T> | undefined;
    await writeToEnd(this.#database, ['diskLayers', 'extents'], options, async (transaction) => {
      const before = toRecords(await transaction.objectStore('diskLayers').getAll());
      planned = plan(before);
      if (planned.move) await moveExtents(transaction, planned.move);
      return [...putRecords(transaction, before, planned.next), ...putExtents(transaction, planned)];
    });
    if (!planned) throw new SandboxError('Internal', 'A transaction ended before it was planned');
    return planned.result;
  }

  async extents(layer: LayerId): Promise<readonly number[]> {
    const keys = await this.#database.read('extents', (extents) => extents.getAllKeys(extentsOf(layer)));
    return keys.map(([, index]) => index);
  }

  count(layer: LayerId): Promise<number> {
    return this.#database.read('extents', (extents) => extents.count(extentsOf(layer)));
  }

  async read(layer: LayerId, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const value = await this.#database.read('extents', (extents) => extents.get([layer, index]));
    if (!value) return undefined;
    // A Blob whose file has gone or is unreadable rejects: damage like any other.
    const buffer = value instanceof Blob ? await value.arrayBuffer().catch(() => undefined) : value;
    return buffer && new Uint8Array(buffer);
  }
}

function extentsOf(layer: LayerId): IDBKeyRange {
  return IDBKeyRange.bound([layer, 0], [layer, Number.MAX_SAFE_INTEGER]);
}

function keyOf({ kind, id }: Entry): string {
  return `${kind}:${id}`;
}

/** What this file has put there; nobody else writes to the object store. */
function toRecords(values: readonly unknown[]): DiskRecords {
  const entries = values as readonly Entry[];
  const disks = entries.flatMap((entry) => (entry.kind === 'disk' ? [[entry.id, entry] as const] : []));
  const layers = entries.flatMap((entry) => (entry.kind === 'layer' ? [[entry.id, entry] as const] : []));
  return { disks: new Map(disks), layers: new Map(layers) };
}

function putRecords(
  transaction: WriteTransaction<Names>,
  before: DiskRecords,
  next: DiskRecords,
): readonly Promise<unknown>[] {
  const store = transaction.objectStore('diskLayers');
  const all = ({ disks, layers }: DiskRecords): Map<string, Entry> =>
    new Map([...disks.values(), ...layers.values()].map((entry) => [keyOf(entry), entry]));
  const [old, now] = [all(before), all(next)];
  return [
    ...[...now].filter(([key, entry]) => old.get(key) !== entry).map(([key, entry]) => store.put(entry, key)),
    ...[...old.keys()].filter((key) => !now.has(key)).map((key) => store.delete(key)),
    ...[...before.layers.keys()]
      .filter((id) => !next.layers.has(id))
      .map((id) => transaction.objectStore('extents').delete(extentsOf(id))),
  ];
}

function putExtents(transaction: WriteTransaction<Names>, { write }: DiskPlan<unknown>): readonly Promise<unknown>[] {
  if (!write) return [];
  const store = transaction.objectStore('extents');
  // Ascending, so that the files of neighbours are made one after the other.
  const extents = [...write.extents].sort(([a], [b]) => a - b);
  return extents.map(([index, bytes]) => store.put(new Blob([bytes]), [write.layer, index]));
}

/** One at a time: the values are Blobs, so no bytes pass through here. */
async function moveExtents(
  transaction: WriteTransaction<Names>,
  { from, to, replace }: NonNullable<DiskPlan<unknown>['move']>,
): Promise<void> {
  const store = transaction.objectStore('extents');
  const kept = new Set(replace ? [] : (await store.getAllKeys(extentsOf(to))).map(([, index]) => index));
  for (let cursor = await store.openCursor(extentsOf(from)); cursor; cursor = await cursor.continue()) {
    const [, index] = cursor.key;
    if (!kept.has(index)) await store.put(cursor.value, [to, index]);
  }
}
