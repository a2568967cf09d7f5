import type { Clock } from '../base/clock';
import { toDisposable } from '../base/lifecycle';
import { chunksOf, type Database, type IngestEntry } from './database';
import { randomId } from './random-id';

/** Where there are no Web Locks, an ingest this old is taken for abandoned. Its owner is told at its next write. */
const abandonedAfterMs = 60 * 60 * 1000;

const lockPrefix = 'strata-ingest-session:';

/** One open store. Others can tell whether it still lives. */
export interface Session {
  readonly id: string;
  /** The living sessions, this one among them; undefined where nobody can tell. */
  living(): Promise<ReadonlySet<string> | undefined>;
  end(): void;
}

/** Holds a Web Lock for as long as the session lasts; the browser lets go of it when the tab dies. */
export async function openSession(locks: LockManager | undefined): Promise<Session> {
  const id = randomId();
  if (!locks) return { id, living: async () => undefined, end: () => undefined };
  const release = await holdLock(locks, lockPrefix + id);
  return {
    id,
    async living() {
      const { held = [] } = await locks.query();
      return new Set(held.flatMap(({ name }) => (name?.startsWith(lockPrefix) ? [name.slice(lockPrefix.length)] : [])));
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
export function collectAbandoned(database: Database, session: Session, clock: Clock): Promise<number> {
  return database.use(async (connection) => {
    // In this order: an entry that appears after the first line belongs to a session that the second sees.
    const entries = await connection.getAll('ingests');
    const living = await session.living();
    const abandoned = entries.filter((entry) => isAbandoned(entry, living, clock));
    if (abandoned.length === 0) return 0;
    const transaction = connection.transaction(['ingests', 'chunks'], 'readwrite');
    const requests = abandoned.flatMap(({ content }) => [
      transaction.objectStore('chunks').delete(chunksOf(content)),
      transaction.objectStore('ingests').delete(content),
    ]);
    await Promise.all([...requests, transaction.done]);
    return abandoned.length;
  });
}

function isAbandoned(entry: IngestEntry, living: ReadonlySet<string> | undefined, clock: Clock): boolean {
  if (living) return !living.has(entry.session);
  return clock.now() - entry.startedAt > abandonedAfterMs;
}
