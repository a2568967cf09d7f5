import type { FolderBackend } from './folder-backend';
import type { FolderChange } from './folder-records';

const never = new Promise<never>(() => {});

/**
 * A backend whose thread ends, as a worker does that is killed: in front of a write or right behind it, before anybody
 * has heard of it. From then on nobody hears anything. For tests.
 */
export class DyingFolderBackend implements FolderBackend {
  readonly #backend: FolderBackend;
  #left: number | undefined;
  #after = false;
  #failure: { readonly error: Error; readonly reached: () => void; readonly when: Promise<void> } | undefined;
  dead = false;

  constructor(backend: FolderBackend) {
    this.#backend = backend;
  }

  /** The write of that number, from 1, is the last: not done, or done `after` all. */
  dieAt(write: number, after: boolean): void {
    this.#left = write;
    this.#after = after;
  }

  /** The next write is refused, as soon as `when` says; resolves when it has begun. */
  failOnce(error: Error, when: Promise<void>): Promise<void> {
    return new Promise((reached) => {
      this.#failure = { error, reached, when };
    });
  }

  list: FolderBackend['list'] = () => this.#alive(() => this.#backend.list());
  load: FolderBackend['load'] = (folder) => this.#alive(() => this.#backend.load(folder));
  read: FolderBackend['read'] = (...chunk) => this.#alive(() => this.#backend.read(...chunk));
  remove: FolderBackend['remove'] = (folder) => this.#alive(() => this.#backend.remove(folder));

  async write(folder: string, change: FolderChange, lasting: boolean): Promise<void> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) {
      failure.reached();
      await failure.when;
      throw failure.error;
    }
    if (this.#left !== undefined) this.#left -= 1;
    const last = this.#left === 0;
    if (last && !this.#after) this.dead = true;
    await this.#alive(() => this.#backend.write(folder, change, lasting));
    if (last) this.dead = true;
    await this.#alive(async () => {});
  }

  #alive<T>(work: () => Promise<T>): Promise<T> {
    return this.dead ? never : work();
  }
}
