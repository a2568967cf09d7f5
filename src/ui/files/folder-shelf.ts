import { computed, type ReadonlySignal, signal } from '@preact/signals-core';
import type { FolderEntry, FolderInfo, SharedFolder, SharedFolders } from '../../api/shared-folder';
import type { Clock } from '../../base/clock';
import type { Lab } from '../../engine/lab';
import { saveFile } from '../save-file';
import { fileText } from '../text/files';
import { type FileRow, fileRows, joinPath, nameOfPath, parentPath, trash } from './file-rows';

/** The folder that the page shows and machines mount. */
export const pageFolder = 'shared';

/** Bytes of a text that is edited here at most. */
const editLimit = 256 * 1024;

/** How long what was deleted can be had back, milliseconds; a little longer than the message that offers it. */
const trashMs = 11_000;

export interface FolderShelfOptions {
  readonly lab: Pick<Lab, 'tasks'>;
  readonly clock: Clock;
  readonly report: (title: string, error: unknown) => void;
  readonly announce: (message: string) => void;
  readonly offerUndo: (title: string, undo: () => void) => void;
}

/** A text that is being edited. */
export interface EditedText {
  readonly path: string;
  readonly text: string;
}

/** The lab's shared folder as the page shows it: signals that follow its changes, and what can be done with it. */
export class FolderShelf {
  readonly #options: FolderShelfOptions;
  readonly #folders: SharedFolders;
  readonly #folder: SharedFolder;
  readonly #listed = signal<ReadonlyMap<string, readonly FolderEntry[]>>(new Map([['/', []]]));
  readonly #info = signal<FolderInfo | undefined>(undefined);
  readonly #edited = signal<EditedText | undefined>(undefined);
  readonly #rows = computed(() => fileRows(this.#listed.value));
  #deleted = 0;

  private constructor(options: FolderShelfOptions, folders: SharedFolders, folder: SharedFolder) {
    this.#options = options;
    this.#folders = folders;
    this.#folder = folder;
    folder.changes((paths) => void this.#follow(paths));
  }

  /** Makes the folder where there is none. */
  static async open(folders: SharedFolders, options: FolderShelfOptions): Promise<FolderShelf> {
    const known = await folders.list();
    if (!known.some(({ name }) => name === pageFolder)) await folders.create(pageFolder);
    const shelf = new FolderShelf(options, folders, await folders.open(pageFolder));
    // What a page that ended had deleted is not asked for any more.
    await shelf.#folder.remove(trash).catch(() => {});
    await shelf.#follow(['/']);
    return shelf;
  }

  get rows(): ReadonlySignal<readonly FileRow[]> {
    return this.#rows;
  }
  get info(): ReadonlySignal<FolderInfo | undefined> {
    return this.#info;
  }
  get edited(): ReadonlySignal<EditedText | undefined> {
    return this.#edited;
  }

  setOpen(path: string, open: boolean): void {
    if (open) this.#attempt(fileText.failed.read(path), () => this.#list(path));
    else this.#listed.value = new Map([...this.#listed.value].filter(([each]) => each !== path));
  }

  makeFile(path: string): void {
    this.#attempt(fileText.failed.make(path), async () => {
      await this.#folder.write(path, new Uint8Array(0));
      this.#edited.value = { path, text: '' };
    });
  }

  makeDirectory(path: string): void {
    this.#attempt(fileText.failed.make(path), () => this.#folder.makeDirectory(path));
  }

  rename(path: string, name: string): void {
    const next = joinPath(parentPath(path), name);
    if (next !== path) this.#attempt(fileText.failed.rename(path), () => this.#folder.rename(path, next));
  }

  /** It can be had back for a moment. */
  remove(path: string): void {
    this.#attempt(fileText.failed.remove(path), async () => {
      this.#deleted += 1;
      const place = joinPath(trash, String(this.#deleted));
      await this.#folder.makeDirectory(trash);
      await this.#folder.rename(path, place);
      const emptied = this.#options.clock.after(trashMs, () => {
        this.#attempt(fileText.failed.remove(path), () => this.#folder.remove(place));
      });
      this.#options.offerUndo(fileText.removed(nameOfPath(path)), () => {
        emptied.dispose();
        this.#attempt(fileText.failed.rename(path), () => this.#folder.rename(place, path));
      });
    });
  }

  upload(directory: string, files: readonly File[]): void {
    for (const file of files) {
      const path = joinPath(directory, file.name);
      const task = { kind: 'load', subject: file.name, cancelable: true } as const;
      this.#options.lab.tasks.run(task, (operation) => this.#folder.write(path, file.stream(), operation));
    }
  }

  download(path: string): void {
    this.#attempt(fileText.failed.read(path), async () => {
      await saveFile({ name: nameOfPath(path), stream: await this.#folder.read(path) }, () => {});
    });
  }

  exportTar(): void {
    this.#attempt(fileText.failed.saveAll, () =>
      saveFile({ name: `${pageFolder}.tar`, stream: this.#folder.exportTar() }, () => {}),
    );
  }

  importTar(directory: string, file: File): void {
    const task = { kind: 'load', subject: file.name, cancelable: true } as const;
    this.#options.lab.tasks.run(task, (operation) => this.#folder.importTar(file.stream(), directory, operation));
  }

  /** Shows a text to be edited, or says that it is none. */
  edit(path: string): void {
    this.#attempt(fileText.failed.read(path), async () => {
      const found = await this.#folder.find(path);
      const text = found && found.size <= editLimit ? await this.#readText(path) : undefined;
      if (text === undefined) this.#options.announce(fileText.notText);
      this.#edited.value = text === undefined ? undefined : { path, text };
    });
  }

  save(path: string, text: string): void {
    this.#attempt(fileText.failed.write(path), async () => {
      await this.#folder.write(path, new TextEncoder().encode(text));
      this.#options.announce(fileText.saved(path));
    });
  }

  closeEditor(): void {
    this.#edited.value = undefined;
  }

  async #readText(path: string): Promise<string | undefined> {
    const bytes = await new Response(await this.#folder.read(path)).arrayBuffer();
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return undefined;
    }
  }

  async #list(path: string): Promise<void> {
    const entries = await this.#folder.list(path);
    this.#listed.value = new Map([...this.#listed.value, [path, entries]]);
  }

  /** Whatever of it is shown is read again. */
  async #follow(paths: readonly string[]): Promise<void> {
    const all = paths.includes('/') && paths.length === 1;
    const touched = new Set(paths.flatMap((path) => [path, parentPath(path)]));
    for (const path of [...this.#listed.value.keys()]) {
      if (!all && !touched.has(path)) continue;
      await this.#list(path).catch(() => path !== '/' && this.setOpen(path, false));
    }
    const found = await this.#folders.list().catch(() => []);
    this.#info.value = found.find(({ name }) => name === pageFolder);
  }

  #attempt(failure: string, work: () => Promise<unknown>): void {
    void work().catch((error: unknown) => this.#options.report(failure, error));
  }
}
