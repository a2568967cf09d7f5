import type { ContainerEntry } from './container-book';

/** One after the other: what changes whether a container runs. */
export function inTurn<T>(entry: ContainerEntry, work: () => Promise<T>): Promise<T> {
  const turn = entry.work.then(work, work);
  entry.work = turn.catch(() => undefined);
  return turn;
}
