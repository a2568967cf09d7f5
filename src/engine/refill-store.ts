import { SandboxError } from '../base/errors';
import type { Autosave } from './autosave';
import type { DiskBook } from './disk-book';
import { type RewriteOptions, rewriteRecords } from './rewrite-records';

export interface RefillOptions extends RewriteOptions {
  readonly autosave: Autosave;
  readonly book: DiskBook;
}

/**
 * Fills a store that was only in memory and has begun again with nothing: with the records, and with what was saved for
 * a reload. Returns what people have to know: `DataLoss` names snapshots and volumes that are gone.
 */
export async function refillStore(options: RefillOptions): Promise<SandboxError | undefined> {
  const { fleet, autosave, book } = options;
  const lost = await rewriteRecords(options);
  // What was saved for a reload is gone: it is saved again, however little has changed since.
  for (const entry of fleet.entries()) autosave.forget(entry);
  const named = [...lost.filter(({ automatic }) => !automatic), ...book.forgetAll()].map(({ name }) => `"${name}"`);
  if (named.length === 0) return undefined;
  const message = `Snapshots and volumes were kept in memory only and are lost, since the store had to be started again: ${named.join(', ')}`;
  return new SandboxError('DataLoss', message);
}
