import type { RecordChange, RecordStore } from '../api/records';
import type { SnapshotRecord } from '../api/snapshot';
import type { Fleet } from './fleet';
import { put } from './lab-records';
import type { Networks } from './networks';
import type { Snapshots } from './snapshots';

export interface RewriteOptions {
  readonly records: RecordStore;
  readonly fleet: Fleet;
  readonly networks: Networks;
  readonly snapshots: Snapshots;
  /** Steps that write what is known of containers. */
  readonly containers: () => readonly RecordChange[];
  /** Likewise of the layout. */
  readonly layout: () => readonly RecordChange[];
}

/**
 * Writes all that the lab knows into a store that was started again with nothing in it, because it is only in
 * memory. Returns the snapshots that are lost.
 */
export async function rewriteRecords(options: RewriteOptions): Promise<readonly SnapshotRecord[]> {
  const { records, fleet, snapshots } = options;
  const lost = await snapshots.forgetLost();
  const written = allRecords(options);
  await records.apply(written);
  // What was removed meanwhile was there no more to be removed.
  const left = new Set(allRecords(options).map(nameOf));
  await records.apply(written.filter((change) => !left.has(nameOf(change))).map(removalOf));
  const gone = new Set(lost.map(({ id }) => id));
  for (const entry of fleet.entries()) {
    const { snapshot } = entry.stored;
    if (snapshot !== undefined && gone.has(snapshot)) await fleet.update(entry, { snapshot: undefined });
  }
  return lost;
}

function allRecords({ fleet, networks, snapshots, containers, layout }: RewriteOptions): readonly RecordChange[] {
  return [
    ...fleet.entries().map(({ stored }) => put('instances', stored.id, stored)),
    ...networks.records(),
    ...snapshots.list().map((snapshot) => put('snapshots', snapshot.id, snapshot)),
    ...containers(),
    ...layout(),
  ];
}

function nameOf({ collection, key }: RecordChange): string {
  return `${collection}/${key}`;
}

function removalOf({ collection, key }: RecordChange): RecordChange {
  return { collection, key };
}
