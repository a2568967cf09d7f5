import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { FolderEntry } from '../../api/shared-folder';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { Lab } from '../../engine/lab';
import { randomId } from '../../storage/random-id';
import type { Question } from '../ask-in-turn';
import { saveFile } from '../save-file';
import { fileText } from '../text/files';
import type { EditableFolder } from './editable-folder';
import { type FileRow, fileRows, isWithin, joinPath, nameOfPath, parentPath } from './file-rows';
import { otherName } from './other-name';
import { TextEdit } from './text-edit';

/** How long what was deleted can be had back, milliseconds; a little longer than the message that offers it. */
const trashMs = 11_000;

export interface FileShelfOptions {
  readonly tasks: Pick<Lab['tasks'], 'run'>;
  readonly clock: Clock;
  readonly report: (title: string, error: unknown) => void;
  readonly announce: (message: string) => void;
  readonly offerUndo: (title: string, undo: () => void) => void;
  /** As of `askInTurn`. */
  readonly ask: (question: Question<UploadAnswer>, signal?: AbortSignal) => Promise<UploadAnswer | undefined>;
  /** A directory in which what was deleted lives for a moment. Absent: it does so where it was, under another name. */
  readonly trash?: string;
}

/** What becomes of files that are brought, where others have their names. */
type UploadAnswer = 'replace' | 'keep-both';

/** Whether there is something to show. */
type ShelfStatus = 'reading' | 'read' | 'failed';

/**
 * Files as the page shows them: signals that follow their changes, and what can be done with them. What cannot be done is
 * told, and resolves with false.
 */
export class FileShelf implements Disposable {
  readonly #options: FileShelfOptions;
  readonly #folder: EditableFolder;
  readonly #listed = signal<ReadonlyMap<string, readonly FolderEntry[]>>(new Map());
  readonly #failed = signal(false);
  readonly #hidden: Signal<ReadonlySet<string>>;
  readonly #edited = signal<TextEdit | undefined>(undefined);
  /** By their paths: the one that is shown, and those that are not saved. */
  readonly #edits = new Map<string, TextEdit>();
  readonly #rows = computed(() => fileRows(this.#listed.value, this.#hidden.value));
  readonly #status = computed((): ShelfStatus => {
    if (this.#listed.value.has('/')) return 'read';
    return this.#failed.value ? 'failed' : 'reading';
  });
  readonly #listening: Disposable;
  /** Uploads begin one after the other: each sees the names that those before it have given. */
  #uploading: Promise<unknown> = Promise.resolve();
  /** What is being written, by its path, and when that ends. */
  readonly #written = new Map<string, Promise<void>>();

  constructor(options: FileShelfOptions, folder: EditableFolder) {
    this.#options = options;
    this.#folder = folder;
    this.#hidden = signal(new Set(options.trash === undefined ? [] : [options.trash]));
    this.#listening = folder.changes((paths) => void this.#follow(paths));
  }

  get rows(): ReadonlySignal<readonly FileRow[]> {
    return this.#rows;
  }
  get status(): ReadonlySignal<ShelfStatus> {
    return this.#status;
  }
  get edited(): ReadonlySignal<TextEdit | undefined> {
    return this.#edited;
  }

  /** Reads again all that is open. */
  refresh(): Promise<boolean> {
    this.#failed.value = false;
    return this.#attempt(fileText.failed.read('/'), async () => {
      try {
        await this.#list('/');
      } catch (error) {
        this.#failed.value = true;
        throw error;
      }
      await this.#listAgain((path) => path !== '/');
    });
  }

  dispose(): void {
    this.#listening.dispose();
  }

  setOpen(path: string, open: boolean): void {
    if (open) void this.#attempt(fileText.failed.read(path), () => this.#list(path));
    else this.#listed.value = new Map([...this.#listed.value].filter(([each]) => each !== path));
  }

  makeFile(directory: string, name: string): Promise<boolean> {
    return this.#attempt(fileText.failed.make(name), async () => {
      const path = await this.#freePath(directory, name);
      await this.#folder.write(path, new Uint8Array(0));
      this.#show(new TextEdit(path, { text: '', lineBreak: '\n', byteOrderMark: false }));
    });
  }

  makeDirectory(directory: string, name: string): Promise<boolean> {
    return this.#attempt(fileText.failed.make(name), async () =>
      this.#folder.makeDirectory(await this.#freePath(directory, name)),
    );
  }

  async rename(path: string, name: string): Promise<boolean> {
    if (name === nameOfPath(path)) return true;
    return this.#attempt(fileText.failed.rename(path), async () => {
      const next = await this.#freePath(parentPath(path), name);
      await this.#folder.rename(path, next);
      this.#moveEdits(path, next);
    });
  }

  /** It can be had back for a moment. */
  remove(path: string): Promise<boolean> {
    return this.#attempt(fileText.failed.remove(path), async () => {
      const { trash } = this.#options;
      // Named at random: what was deleted before may be there still, and so may what another page deleted.
      const place = joinPath(trash ?? parentPath(path), `.strata-deleted-${randomId()}`);
      if (trash !== undefined) await this.#folder.makeDirectory(trash);
      await this.#hide(place, () => this.#folder.rename(path, place));
      const { value } = this.#edited;
      if (value && isWithin(value.path, path)) this.closeEditor();
      this.#offerBack(path, place);
    });
  }

  /** Where names are taken it is asked first, once for all: nothing is written before the answer. */
  upload(directory: string, files: readonly File[]): Promise<boolean> {
    const begun = this.#uploading.then(() =>
      this.#attempt(fileText.failed.upload(directory), () => this.#beginUpload(directory, files)),
    );
    this.#uploading = begun;
    return begun;
  }

  download(path: string): void {
    void this.#attempt(fileText.failed.read(path), async () => {
      await saveFile({ name: nameOfPath(path), stream: await this.#folder.read(path) }, () => {});
    });
  }

  /** Shows a text to be edited: as it was left, where it was left unsaved. */
  edit(path: string): Promise<boolean> {
    return this.#attempt(fileText.failed.edit(path), async () => {
      const left = this.#edits.get(path);
      this.#show(left?.unsaved ? left : await TextEdit.open(this.#folder, path));
    });
  }

  /** A file that somebody else has changed meanwhile is left as it is, unless that is to `overwrite`. */
  save(edit: TextEdit, overwrite = false): Promise<boolean> {
    return this.#attempt(fileText.failed.write(edit.path), async () => {
      if (await edit.save(this.#folder, overwrite)) this.#options.announce(fileText.saved(edit.path));
    });
  }

  /** Shows the file as it is, without what was not saved. */
  discard({ path }: TextEdit): Promise<boolean> {
    this.#edits.delete(path);
    this.#edited.value = undefined;
    return this.edit(path);
  }

  /** What is not saved is there when the file is edited again. */
  closeEditor(): void {
    this.#show(undefined);
  }

  /** What was typed into the same file while this one was read is kept, and shown. */
  #show(opened: TextEdit | undefined): void {
    const left = opened && this.#edits.get(opened.path);
    const edit = left?.unsaved ? left : opened;
    const { value: last } = this.#edited;
    if (last && !last.unsaved) this.#edits.delete(last.path);
    if (edit) this.#edits.set(edit.path, edit);
    this.#edited.value = edit;
  }

  async #beginUpload(directory: string, files: readonly File[]): Promise<void> {
    const given = await this.#takenNames(directory);
    const names = new Set<string>();
    for (const { name } of files) {
      if (given.has(name)) names.add(name);
      given.add(name);
    }
    const answer = names.size === 0 ? 'replace' : await this.#askToReplace(directory, [...names]);
    if (answer === 'keep-both') await this.#uploadBeside(directory, files);
    else if (answer === 'replace') for (const file of files) this.#write(directory, file, file.name);
  }

  #askToReplace(directory: string, names: readonly string[]): Promise<UploadAnswer | undefined> {
    return this.#options.ask((answer) => {
      const replace = (): void => answer('replace');
      const keepBoth = (): void => answer('keep-both');
      return { kind: 'replace-files', directory, names, replace, keepBoth };
    });
  }

  /** Those whose names are taken get others; of those that have one name the first has it. */
  async #uploadBeside(directory: string, files: readonly File[]): Promise<void> {
    const taken = await this.#takenNames(directory);
    const wanted = new Set(files.map(({ name }) => name));
    for (const file of files) {
      let { name } = file;
      for (let number = 2; taken.has(name) || (name !== file.name && wanted.has(name)); number += 1) {
        name = otherName(file.name, number);
      }
      taken.add(name);
      this.#write(directory, file, name);
    }
  }

  /** Names in a directory, and those that files have which are being written there. */
  async #takenNames(directory: string): Promise<Set<string>> {
    // Before it is listed: what is written by then is in the list.
    const written = [...this.#written.keys()].filter((path) => parentPath(path) === directory);
    const listed = await this.#folder.list(directory);
    return new Set([...written.map(nameOfPath), ...listed.map(({ name }) => name)]);
  }

  #write(directory: string, file: File, name: string): void {
    const path = joinPath(directory, name);
    const before = this.#written.get(path);
    const task = { kind: 'load', subject: name, cancelable: true } as const;
    const { finished } = this.#options.tasks.run(task, async (operation) => {
      // The file that was brought last is the one that stays.
      await before;
      await this.#folder.write(path, file.stream(), operation);
    });
    const ended = finished
      .catch(() => {})
      .then(() => {
        if (this.#written.get(path) === ended) this.#written.delete(path);
      });
    this.#written.set(path, ended);
  }

  #moveEdits(from: string, to: string): void {
    for (const edit of [...this.#edits.values()].filter(({ path }) => isWithin(path, from))) {
      const moved = edit.movedTo(to + edit.path.slice(from.length));
      this.#edits.delete(edit.path);
      this.#edits.set(moved.path, moved);
      if (this.#edited.value === edit) this.#edited.value = moved;
    }
  }

  #offerBack(path: string, place: string): void {
    const { clock, offerUndo } = this.#options;
    const emptied = clock.after(trashMs, () => {
      void this.#attempt(fileText.failed.remove(path), async () => {
        // It has gone where all of the folder has.
        if (await this.#folder.find(place)) await this.#hide(place, () => this.#folder.remove(place));
      });
    });
    offerUndo(fileText.removed(nameOfPath(path)), () => {
      emptied.dispose();
      void this.#bringBack(path, place);
    });
  }

  async #bringBack(path: string, place: string): Promise<void> {
    const isBack = await this.#attempt(fileText.failed.bringBack(path), async () =>
      this.#folder.rename(place, await this.#freePath(parentPath(path), nameOfPath(path))),
    );
    if (isBack) return;
    // Something else has its name, say: it is not lost before that has given way.
    if (await this.#folder.find(place).catch(() => true)) this.#offerBack(path, place);
  }

  /** Nobody is shown what is there, unless the work fails: then it is seen where it is. */
  async #hide(place: string, work: () => Promise<void>): Promise<void> {
    this.#hidden.value = new Set([...this.#hidden.value, place]);
    try {
      await work();
    } catch (error) {
      this.#hidden.value = new Set([...this.#hidden.value].filter((each) => each !== place));
      throw error;
    }
  }

  /** A path for something new. `InvalidArgument` for what is no name, `AlreadyExists`. */
  async #freePath(directory: string, name: string): Promise<string> {
    if (/^\.{0,2}$|\//.test(name)) throw new SandboxError('InvalidArgument', fileText.noName(name));
    const path = joinPath(directory, name);
    if (await this.#folder.find(path)) throw new SandboxError('AlreadyExists', fileText.exists(path));
    return path;
  }

  async #list(path: string): Promise<void> {
    const entries = await this.#folder.list(path);
    this.#listed.value = new Map([...this.#listed.value, [path, entries]]);
  }

  /** Whatever of it is shown is read again. */
  #follow(paths: readonly string[]): Promise<void> {
    const all = paths.includes('/') && paths.length === 1;
    const touched = new Set(paths.flatMap((path) => [path, parentPath(path)]));
    return this.#listAgain((path) => all || touched.has(path));
  }

  async #listAgain(isWanted: (path: string) => boolean): Promise<void> {
    for (const path of [...this.#listed.value.keys()].filter(isWanted)) {
      await this.#list(path).catch(() => path !== '/' && this.setOpen(path, false));
    }
  }

  async #attempt(failure: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.report(failure, error);
      return false;
    }
  }
}
