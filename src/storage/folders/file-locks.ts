import type { FileLock, InodeNumber, LockOwner } from '../../api/file-tree';

/** Byte-range locks of the files of a folder, as fcntl(2) has them: advisory, and of a process. */
export class FileLocks {
  readonly #locks = new Map<InodeNumber, readonly FileLock[]>();

  /** False when another owner's lock is in the way. What the owner had there before is replaced. */
  lock(inode: InodeNumber, lock: FileLock): boolean {
    if (this.find(inode, lock)) return false;
    this.unlock(inode, lock);
    this.#set(inode, [...this.#of(inode), lock]);
    return true;
  }

  unlock(inode: InodeNumber, { start, end, owner }: Omit<FileLock, 'exclusive'>): void {
    const left = this.#of(inode).flatMap((each) => {
      if (!isSame(each.owner, owner) || each.end <= start || end <= each.start) return [each];
      const before = each.start < start ? [{ ...each, end: start }] : [];
      return each.end > end ? [...before, { ...each, start: end }] : before;
    });
    this.#set(inode, left);
  }

  /** A lock of another owner that would be in the way. */
  find(inode: InodeNumber, { start, end, owner, exclusive }: FileLock): FileLock | undefined {
    return this.#of(inode).find(
      (each) => !isSame(each.owner, owner) && each.start < end && start < each.end && (each.exclusive || exclusive),
    );
  }

  /** All that owners with such a client have. */
  releaseAll(isTheirs: (client: string) => boolean): void {
    for (const [inode, locks] of this.#locks) {
      this.#set(
        inode,
        locks.filter(({ owner }) => !isTheirs(owner.client)),
      );
    }
  }

  #of(inode: InodeNumber): readonly FileLock[] {
    return this.#locks.get(inode) ?? [];
  }

  #set(inode: InodeNumber, locks: readonly FileLock[]): void {
    if (locks.length > 0) this.#locks.set(inode, locks);
    else this.#locks.delete(inode);
  }
}

function isSame(a: LockOwner, b: LockOwner): boolean {
  return a.client === b.client && a.process === b.process;
}
