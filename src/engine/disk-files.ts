import type { DiskSource, DiskStore } from '../api/disk';
import type { InstanceSpec } from '../api/instance';

/** A user's file, of which no more than a piece is in memory at a time. */
export interface DiskFile {
  readonly name: string;
  readonly content: Blob;
}

/**
 * Users' disk images. Each is kept once, as a frozen generation of a disk that is deleted: machines get copy-on-write
 * disks that stand on it, so it stays as it was. It goes when no record names it any more.
 */
export class DiskFiles {
  readonly #disks: DiskStore;
  readonly #named: () => readonly DiskSource[];
  /** Stored, and no record names them yet. */
  readonly #fresh = new Map<DiskSource['digest'], DiskSource>();

  /** `named`: what records name now. */
  constructor(disks: DiskStore, named: () => readonly DiskSource[]) {
    this.#disks = disks;
    this.#named = named;
  }

  /** A stored file with that content. */
  stored(digest: DiskSource['digest']): DiskSource | undefined {
    return this.#all().find((each) => each.digest === digest && each.generation);
  }

  /** A file that was just stored. */
  add(source: DiskSource): void {
    this.#fresh.set(source.digest, source);
  }

  /** A record names it now, or its machine could not be made. */
  settle({ digest }: DiskSource): void {
    const source = this.#fresh.get(digest);
    this.#fresh.delete(digest);
    if (source) this.release([source]);
  }

  /** Frees those of the files that nobody names any more. What cannot be freed now is freed when the lab is opened. */
  release(sources: readonly DiskSource[]): void {
    const kept = new Set(this.#all().map(({ digest }) => digest));
    for (const { digest, generation } of sources) {
      if (generation && !kept.has(digest)) this.#disks.deleteGeneration(generation).catch(() => {});
    }
  }

  #all(): readonly DiskSource[] {
    return [...this.#fresh.values(), ...this.#named()];
  }
}

/** The users' files that disks of these began as. */
export function diskSources(specs: readonly InstanceSpec[]): readonly DiskSource[] {
  return specs.flatMap(({ disks = [] }) => disks.flatMap(({ source }) => (source ? [source] : [])));
}
