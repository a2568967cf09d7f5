import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { Operation } from '../../api/operation';
import type { FolderInfo, ReplacedFiles, SharedFolder, SharedFolders } from '../../api/shared-folder';
import { SandboxError, throwIfAborted } from '../../base/errors';
import { pageFolder } from '../../engine/folders/page-folder';
import { saveFile } from '../save-file';
import { fileText } from '../text/files';
import { FileShelf, type FileShelfOptions } from './file-shelf';
import { trash } from './folder-trash';

export type FolderShelfOptions = Omit<FileShelfOptions, 'trash'>;

/** The lab's shared folder as the page shows it: its files, and what can be done with all of them. */
export class FolderShelf extends FileShelf {
  readonly #options: FolderShelfOptions;
  readonly #folders: SharedFolders;
  readonly #folder: SharedFolder;
  readonly #info = signal<FolderInfo | undefined>(undefined);
  #unpacked: Promise<unknown> = Promise.resolve();

  private constructor(options: FolderShelfOptions, folders: SharedFolders, folder: SharedFolder) {
    super({ ...options, trash }, folder);
    this.#options = options;
    this.#folders = folders;
    this.#folder = folder;
    folder.changes(() => void this.#readInfo());
  }

  /** Makes the folder where there is none. */
  static async open(folders: SharedFolders, options: FolderShelfOptions): Promise<FolderShelf> {
    const known = await folders.list();
    if (!known.some(({ name }) => name === pageFolder)) await folders.create(pageFolder);
    const shelf = new FolderShelf(options, folders, await folders.open(pageFolder));
    // What a page that ended had deleted is not asked for any more.
    await shelf.#folder.remove(trash).catch(() => {});
    void shelf.refresh();
    await shelf.#readInfo();
    return shelf;
  }

  get info(): ReadonlySignal<FolderInfo | undefined> {
    return this.#info;
  }

  exportTar(): void {
    saveFile({ name: `${pageFolder}.tar`, stream: this.#folder.exportTar() }, () => {}).catch((error: unknown) =>
      this.#options.report(fileText.failed.saveAll, error),
    );
  }

  /**
   * Where something would be replaced it is asked first: nothing is written before the answer. One tar after the other: each
   * sees what those before it have brought.
   */
  importTar(directory: string, file: File): void {
    const before = this.#unpacked;
    const task = { kind: 'load', subject: file.name, cancelable: true } as const;
    const { finished } = this.#options.tasks.run(task, async (operation) => {
      await before;
      await this.#unpack(directory, file, operation);
    });
    this.#unpacked = finished.catch(() => {});
  }

  async #unpack(directory: string, file: File, { signal, onProgress }: Required<Operation>): Promise<void> {
    const operation: Operation = { signal, onProgress: (told) => onProgress({ ...told, total: file.size }) };
    throwIfAborted(signal);
    const replaced = await this.#folder.findReplaced(file.stream(), directory, operation);
    if (replaced.paths.length > 0) await this.#askToReplace(directory, replaced, signal);
    throwIfAborted(signal);
    await this.#folder.importTar(file.stream(), directory, operation);
  }

  async #askToReplace(directory: string, { paths: names, more }: ReplacedFiles, signal: AbortSignal): Promise<void> {
    const given = await this.#options.ask(
      (answer) => ({ kind: 'replace-files', directory, names, more, replace: () => answer('replace') }),
      signal,
    );
    if (given !== 'replace') throw new SandboxError('Canceled', fileText.notUnpacked);
  }

  async #readInfo(): Promise<void> {
    const found = await this.#folders.list().catch(() => []);
    this.#info.value = found.find(({ name }) => name === pageFolder);
  }
}
