import type { Digest } from '../api/content-store';
import type { RecordStore } from '../api/records';
import { recordCollections } from './database';

/** Every digest that a record names, wherever in it, also in records that this version cannot read. */
export async function namedDigests(records: Pick<RecordStore, 'list'>): Promise<ReadonlySet<Digest>> {
  const named = new Set<Digest>();
  for (const collection of recordCollections) {
    const text = JSON.stringify(await records.list(collection));
    for (const [digest] of text.matchAll(/sha256:[0-9a-f]{64}/g)) named.add(digest as Digest);
  }
  return named;
}
