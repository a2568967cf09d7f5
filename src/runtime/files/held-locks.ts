import type { FileLock, InodeNumber } from '../../api/file-tree';

/** A lock as it is saved with a machine; an end of -1 is "to the end of the file". */
export type SavedLock = readonly [
  inode: number,
  exclusive: number,
  start: number,
  end: number,
  client: string,
  process: number,
];

/** The byte-range locks that one client was granted: it has them still when its machine is restored. */
export class HeldLocks {
  #locks: readonly (readonly [InodeNumber, FileLock])[] = [];

  values(): readonly (readonly [InodeNumber, FileLock])[] {
    return this.#locks;
  }

  add(inode: InodeNumber, lock: FileLock): void {
    this.remove(inode, lock);
    this.#locks = [...this.#locks, [inode, lock]];
  }

  /** What of the owner's locks is in the range; one around it becomes two. */
  remove(inode: InodeNumber, { start, end, owner }: Omit<FileLock, 'exclusive'>): void {
    this.#locks = this.#locks.flatMap(([locked, lock]) => {
      const isOther = locked !== inode || lock.owner.client !== owner.client || lock.owner.process !== owner.process;
      if (isOther || lock.end <= start || end <= lock.start) return [[locked, lock] as const];
      const before = lock.start < start ? [[locked, { ...lock, end: start }] as const] : [];
      return lock.end > end ? [...before, [locked, { ...lock, start: end }] as const] : before;
    });
  }

  save(): readonly SavedLock[] {
    return this.#locks.map(([inode, { exclusive, start, end, owner }]) => {
      return [inode, Number(exclusive), start, Number.isFinite(end) ? end : -1, owner.client, owner.process];
    });
  }

  static restore(saved: readonly SavedLock[]): HeldLocks {
    const held = new HeldLocks();
    held.#locks = saved.map(([inode, exclusive, start, end, client, process]) => {
      const lock = { exclusive: exclusive === 1, start, end: end < 0 ? Number.POSITIVE_INFINITY : end };
      return [inode, { ...lock, owner: { client, process } }];
    });
    return held;
  }
}
