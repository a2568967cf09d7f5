import { type ReadonlySignal, signal } from '@preact/signals-core';
import { SandboxError } from '../../base/errors';
import { fileText } from '../text/files';
import type { EditableFolder } from './editable-folder';
import { type EditableText, parseText, serializeText } from './editable-text';

/** Bytes of a text that is edited here at most. */
const editLimit = 256 * 1024;

/** The editing of one file: what the file had when it was opened or saved, and what is to become of it. */
export class TextEdit {
  readonly path: string;
  /** What the field has. It is kept here, so that it outlives the field. */
  draft: string;
  #opened: EditableText;
  #saving: Promise<unknown> = Promise.resolve();
  readonly #overtaken = signal(false);

  constructor(path: string, opened: EditableText, draft: string = opened.text) {
    this.path = path;
    this.draft = draft;
    this.#opened = opened;
  }

  /** `InvalidArgument` for what is no text that can be edited, in words for people. */
  static async open(folder: EditableFolder, path: string): Promise<TextEdit> {
    const found = await folder.find(path);
    if (found?.target !== undefined) throw new SandboxError('InvalidArgument', fileText.isLink(found.target));
    const bytes = await readSmall(folder, path);
    const text = bytes && parseText(bytes);
    if (!text) throw new SandboxError('InvalidArgument', fileText.notText);
    return new TextEdit(path, text);
  }

  get unsaved(): boolean {
    return this.draft !== this.#opened.text;
  }
  /** The last saving found that somebody else had changed the file, and left it. */
  get overtaken(): ReadonlySignal<boolean> {
    return this.#overtaken;
  }

  /** Whether it came about: a file that is not as it was opened is left, unless that is `overwrite`. One after the other. */
  save(folder: EditableFolder, overwrite: boolean): Promise<boolean> {
    const saved = this.#saving.then(() => this.#save(folder, overwrite));
    this.#saving = saved.catch(() => {});
    return saved;
  }

  /** The same for a file that has moved. */
  movedTo(path: string): TextEdit {
    return new TextEdit(path, this.#opened, this.draft);
  }

  async #save(folder: EditableFolder, overwrite: boolean): Promise<boolean> {
    const next = { ...this.#opened, text: this.draft };
    this.#overtaken.value = !overwrite && !(await this.#isAsOpened(folder));
    if (this.#overtaken.value) return false;
    await folder.write(this.path, serializeText(next));
    this.#opened = next;
    return true;
  }

  async #isAsOpened(folder: EditableFolder): Promise<boolean> {
    const bytes = await readSmall(folder, this.path);
    const opened = serializeText(this.#opened);
    return bytes?.length === opened.length && opened.every((byte, at) => byte === bytes[at]);
  }
}

/** Undefined for what is no file, or too large. */
async function readSmall(folder: EditableFolder, path: string): Promise<Uint8Array | undefined> {
  const found = await folder.find(path);
  if (found?.kind !== 'file' || found.size > editLimit) return undefined;
  return new Uint8Array(await new Response(await folder.read(path)).arrayBuffer());
}
