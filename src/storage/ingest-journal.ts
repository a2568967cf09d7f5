import type { Clock } from '../base/clock';
import { toDisposable } from '../base/lifecycle';
import { chunksOf, type Database, type IngestEntry } from './database';
import { randomId } from './random-id';
import { writeToEnd } from './write-transaction';

/** Where there are no Web Locks, an ingest this old is taken for abandoned. Its owner is told at its next write. */
const abandonedAfterMs = 60 * 60 * 1000;

const lockPrefix = 'strata-ingest-session:';

/** One open store. Others can tell whether it still lives. */
export interface Session {
  readonly id: string;
  /** The lock that it holds while it lives; undefined where there are none. */
  readonly lock: string | undefined;
  /** The living sessions, this one among them; undefined where nobody can tell. */
  living(): Promise<ReadonlySet<string> | undefined>;
  end(): void;
}

/** Holds a Web Lock for as long as the session lasts; the browser lets go of it when the tab dies. */
export async function openSession(locks: LockManager | undefined): Promise<Session> {
  const id = randomId();
  if (!locks) return { id, lock: undefined, living: async () => undefined, end: () => undefined };
  const lock = lockPrefix + id;
  const release = await holdLock(locks, lock);
  return {
    id,
    lock,
    async living() {
      const { held = [] } = await locks.query();
      // Who waits for a session's end may hold its lock too, shared and for a moment, after it.
      const owned = held.filter(({ name, mode }) => name?.startsWith(lockPrefix) && mode === 'exclusive');
      return new Set(owned.map(({ name = '' }) => name.slice(lockPrefix.length)));
    },
    end: toDisposable(release).dispose,
  };
}

/** Resolves, once the lock is held, with what releases it. */
function holdLock(locks: LockManager, name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    locks.request(name, () => new Promise<void>((release) => resolve(() => release()))).catch(reject);
  });
}

/** Removes the chunks and the entries of ingests that nobody is going to finish. Returns how many there were. */
export async function collectAbandoned(database: Database, session: Session, clock: Clock): Promise<number> {
  // In this order: an entry that appears after the first line belongs to a session that the second sees.
  const entries = await database.read('ingests', (ingests) => ingests.getAll());
  const living = await session.living();
  const abandoned = entries.filter((entry) => isAbandoned(entry, living, clock));
  if (abandoned.length === 0) return 0;
  await writeToEnd(database, ['ingests', 'chunks'], {}, (transaction) =>
    abandoned.flatMap(({ content }) => [
      transaction.objectStore('chunks').delete(chunksOf(content)),
      transaction.objectStore('ingests').delete(content),
    ]),
  );
  return abandoned.length;
}

function isAbandoned(entry: IngestEntry, living: ReadonlySet<string> | undefined, clock: Clock): boolean {
  if (living) return !living.has(entry.session);
  return clock.now() - entry.startedAt > abandonedAfterMs;
}
