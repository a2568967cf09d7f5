import type { Clock } from '../../base/clock';
import type { ContainerBook, ContainerEntry } from './container-book';
import type { ContainerVolumes } from './container-volumes';
import { endsWithin } from './ends-within';

/** What a host that is there no more may take to be heard of as ended, milliseconds. */
const lostMs = 10_000;

export interface RemovedHostOptions {
  readonly book: ContainerBook;
  readonly volumes: ContainerVolumes;
  readonly clock: Clock;
  /** Takes a container away with its anonymous volumes. */
  readonly remove: (entry: ContainerEntry) => Promise<void>;
}

/**
 * Containers and volumes that were on the disk of a host that was removed: they are there no more, and are told as gone. A
 * later host of that name has nothing of them, and nobody is to take its empty directories for what was lost.
 */
export async function forgetRemovedHost(
  host: string,
  { book, volumes, clock, remove }: RemovedHostOptions,
): Promise<void> {
  for (const entry of book.entries()) {
    if (entry.stored.placed !== host) continue;
    if (entry.run) await endsWithin(clock, entry.run.over, lostMs);
    await remove(entry);
  }
  await volumes.lose(host);
}
