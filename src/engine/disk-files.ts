import type { DiskGeneration, DiskSource, DiskStore, DriveKind } from '../api/disk';
import type { Operation } from '../api/operation';
import { SandboxError, throwIfAborted } from '../base/errors';
import { createDigester } from '../formats/digest';
import { mediumSizeMiB, recognizeMedium } from '../formats/disk-medium';
import { BlockPortClient } from '../rpc/block-port';

/** Bytes read and written at once. */
const pieceBytes = 512 * 1024;

/** A user's file, of which no more than a piece is in memory at a time. */
export interface DiskFile {
  readonly name: string;
  readonly content: Blob;
}

/** A file that was stored, and what it is. */
export interface StoredDiskFile {
  readonly drive: DriveKind;
  readonly sizeMiB: number;
  readonly source: DiskSource & { readonly generation: DiskGeneration };
}

/**
 * Users' disk images. Each is kept once, as a frozen generation of a disk that is deleted: machines get copy-on-write
 * disks that stand on it, so it stays as it was. It goes when no record names it any more.
 */
export class DiskFiles {
  readonly #disks: DiskStore;
  /** What records name now, and what there is besides: a file that was just stored. */
  readonly #named: () => readonly DiskSource[];
  readonly #fresh = new Map<DiskSource['digest'], DiskSource>();

  constructor(disks: DiskStore, named: () => readonly DiskSource[]) {
    this.#disks = disks;
    this.#named = named;
  }

  has({ digest }: DiskSource): boolean {
    return this.#all().some((each) => each.digest === digest && each.generation);
  }

  /** A stored file with that content. `NotFound` says which one has to be brought. */
  find({ name, digest }: DiskSource): DiskSource {
    const found = this.#all().find((each) => each.digest === digest && each.generation);
    if (found) return found;
    throw new SandboxError('NotFound', `The disk ${name} is not stored here: choose the file (${digest})`, {
      details: { name, digest },
    });
  }

  /**
   * Stores a file. Errors, with nothing left: `InvalidArgument` for what is no disk, `ResourceExhausted`, `Canceled`,
   * `Unavailable` when the store ends.
   */
  async store({ name, content }: DiskFile, operation: Operation = {}): Promise<StoredDiskFile> {
    const { drive } = await recognizeMedium(name, content.size, readerOf(content));
    const sizeMiB = mediumSizeMiB(drive, content.size);
    const { id } = await this.#disks.create({ sizeMiB });
    try {
      const digest = await this.#fill(id, { name, content }, operation);
      const known = this.#all().find((each) => each.digest === digest);
      const generation = known?.generation ?? (await this.#disks.freeze(id));
      const source = { name, digest, sizeBytes: content.size, generation };
      this.#fresh.set(digest, source);
      return { drive, sizeMiB, source };
    } finally {
      // Without a generation the whole disk goes.
      await this.#disks.delete(id);
    }
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

  /** Writes what is not zero, and hashes all of it. */
  async #fill(disk: string, { content }: DiskFile, { signal, onProgress }: Operation): Promise<DiskSource['digest']> {
    const digester = await createDigester();
    const client = new BlockPortClient(await this.#disks.open(disk));
    try {
      for (let at = 0; at < content.size; at += pieceBytes) {
        throwIfAborted(signal);
        onProgress?.({ phase: 'Storing the disk', done: at, total: content.size });
        const piece = new Uint8Array(await content.slice(at, at + pieceBytes).arrayBuffer());
        digester.update(piece);
        if (piece.some((byte) => byte !== 0)) await client.write(at, piece);
      }
      await client.flush();
      return digester.digest();
    } finally {
      await client.close();
    }
  }
}

function readerOf(content: Blob) {
  return async (offset: number, length: number): Promise<Uint8Array> =>
    new Uint8Array(await content.slice(offset, offset + length).arrayBuffer());
}
