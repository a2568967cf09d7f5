import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { formatBytes } from '../../../base/bytes';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import { rovingIndex } from '../../elements/roving';
import { type FileRow, isWithin, joinPath, nameOfPath, parentPath } from '../../files/file-rows';
import type { FileShelf } from '../../files/file-shelf';
import { FolderShelf } from '../../files/folder-shelf';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, viewStyles } from '../../styles/base';
import { fileText } from '../../text/files';
import { fileBrowserStyles } from './file-browser.styles';
import './text-editor';
import type { TextEditor } from './text-editor';

/** What a name is asked for. */
type Naming = { readonly kind: 'file' | 'directory' } | { readonly kind: 'rename'; readonly path: string };

/**
 * Files, of the shared folder or of a guest: a tree after the ARIA authoring practices, with what can be done to them.
 * Enter opens, F2 renames, Delete deletes.
 */
export class FileBrowser extends StrataElement {
  static override properties = {
    shelf: { attribute: false },
    label: { attribute: false },
    current: { state: true },
    naming: { state: true },
    over: { state: true },
  };
  declare shelf: FileShelf | undefined;
  /** Of the tree: whose files these are. */
  declare label: string;
  /** Path of the file that is chosen. */
  declare private current: string | undefined;
  declare private naming: Naming | undefined;
  /** Files are held over the tree. */
  declare private over: boolean;
  /** What had the focus when a name was asked for. */
  #asker: HTMLElement | undefined;
  /** A name has been given, and what comes of it is not known yet. */
  #making = false;
  /** A row that is not there yet, and what had the focus when it was asked for. */
  #awaited: { readonly path: string; readonly from: HTMLElement | undefined } | undefined;

  static override styles = [baseStyles, buttonStyles, iconStyles, fieldStyles, viewStyles, fileBrowserStyles];

  constructor() {
    super();
    this.shelf = undefined;
    this.label = fileText.tree;
    this.current = undefined;
    this.naming = undefined;
    this.over = false;
  }

  override render() {
    const { shelf } = this;
    return shelf ? html`${this.#panel(shelf)} ${this.#editor(shelf)}` : nothing;
  }

  #panel(shelf: FileShelf) {
    const rows = shelf.rows.value;
    const row = rows.find(({ path }) => path === this.current);
    return html`<section
      class="panel ${this.over ? 'over' : ''}"
      aria-label=${this.label}
      @dragover=${(event: DragEvent) => this.#dragOver(event)}
      @dragleave=${() => {
        this.over = false;
      }}
      @drop=${(event: DragEvent) => this.#drop(shelf, event)}
    >
      ${this.#tools(shelf, row)} ${this.#nameForm(shelf, row)}
      ${rows.length === 0 ? html`<div class="none" role="status">${this.#none(shelf)}</div>` : this.#tree(shelf, rows)}
    </section>`;
  }

  #none(shelf: FileShelf) {
    const { value: status } = shelf.status;
    if (status === 'reading') return html`<p>${fileText.reading}</p>`;
    if (status === 'failed') {
      return html`<p>${fileText.notRead}</p><button @click=${() => shelf.refresh()}>${fileText.retry}</button>`;
    }
    const detail = shelf instanceof FolderShelf ? fileText.emptyDetail : fileText.emptyGuestDetail;
    return html`<p>${fileText.empty}</p><p>${detail}</p>`;
  }

  #tools(shelf: FileShelf, row: FileRow | undefined) {
    const into = directoryOf(row);
    const tool = (name: IconName, label: string, act: () => void, able = true) =>
      html`<button ?disabled=${!able} @click=${act}>${icon(name)}${label}</button>`;
    const ask = (naming: Naming) => (): void => void this.#askName(naming);
    return html`<div class="tools" role="toolbar" aria-label=${fileText.tools}>
      ${tool('plus', fileText.newFile, ask({ kind: 'file' }))}
      ${tool('plus', fileText.newDirectory, ask({ kind: 'directory' }))}
      ${this.#fileTool('upload', fileText.upload, true, (files) => void shelf.upload(into, files))}
      ${tool('download', fileText.download, () => row && shelf.download(row.path), row?.entry.kind === 'file')}
      ${tool('edit', fileText.rename, () => row && ask({ kind: 'rename', path: row.path })(), row !== undefined)}
      ${tool('remove', fileText.remove, () => row && this.#remove(shelf, row), row !== undefined)}
      ${
        shelf instanceof FolderShelf
          ? html`${tool('download', fileText.exportTar, () => shelf.exportTar())}
            ${this.#fileTool('unpack', fileText.importTar, false, (files) => files.forEach((file) => shelf.importTar(into, file)))}`
          : tool('reset', fileText.refresh, () => shelf.refresh())
      }
    </div>`;
  }

  #fileTool(id: string, label: string, several: boolean, bring: (files: readonly File[]) => void) {
    const chosen = ({ target }: Event): void => {
      const field = target as HTMLInputElement;
      const files = [...(field.files ?? [])];
      field.value = '';
      bring(files);
    };
    const pick = (): void => this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.click();
    return html`<button @click=${pick}>${icon('upload')}${label}</button>
      <input id=${id} type="file" ?multiple=${several} aria-label=${label} @change=${chosen} />`;
  }

  #nameForm(shelf: FileShelf, row: FileRow | undefined) {
    const { naming } = this;
    if (!naming) return nothing;
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const name = String(new FormData(event.target as HTMLFormElement).get('name') ?? '').trim();
      void this.#name(shelf, naming, directoryOf(row), name);
    };
    const leave = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') void this.#endNaming();
    };
    return html`<form class="name" @submit=${submit} @keydown=${leave}>
      <label class="field"><span>${fileText.name}</span>
        <input name="name" required maxlength="255" @input=${checkFileName} autocomplete="off" spellcheck="false" .value=${naming.kind === 'rename' ? nameOfPath(naming.path) : ''} />
      </label>
      <button class="filled">${fileText.set[naming.kind]}</button>
      <button type="button" @click=${() => this.#endNaming()}>${fileText.cancel}</button>
    </form>`;
  }

  async #askName(naming: Naming): Promise<void> {
    this.#asker = this.#focused;
    this.naming = naming;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>('form.name input')?.select();
  }

  /** A name that could not be had stays, to be made another. */
  async #name(shelf: FileShelf, naming: Naming, directory: string, name: string): Promise<void> {
    if (this.#making) return;
    this.#making = true;
    const made = await this.#make(shelf, naming, directory, name);
    this.#making = false;
    if (!made) return;
    if (this.naming === naming) await this.#endNaming();
    if (naming.kind === 'file') await this.#focusEditor();
    else await this.#await(joinPath(naming.kind === 'rename' ? parentPath(naming.path) : directory, name));
  }

  #make(shelf: FileShelf, naming: Naming, directory: string, name: string): Promise<boolean> {
    if (naming.kind === 'rename') return shelf.rename(naming.path, name);
    return naming.kind === 'file' ? shelf.makeFile(directory, name) : shelf.makeDirectory(directory, name);
  }

  async #endNaming(): Promise<void> {
    this.naming = undefined;
    await this.updateComplete;
    if (this.#asker?.isConnected) this.#asker.focus();
    else await this.#pick(undefined);
  }

  #tree(shelf: FileShelf, rows: readonly FileRow[]) {
    const stop = rows.some(({ path }) => path === this.current) ? this.current : rows[0]?.path;
    return html`<div role="tree" aria-label=${this.label} @keydown=${(event: KeyboardEvent) => this.#key(shelf, rows, event)}>
      ${repeat(
        rows,
        ({ path }) => path,
        (row) => this.#row(shelf, row, row.path === stop),
      )}
    </div>`;
  }

  #row(shelf: FileShelf, row: FileRow, stop: boolean) {
    const { path, entry, level, position, siblings, expanded } = row;
    const isDirectory = entry.kind === 'directory';
    // An inline style that is data would need the policy's leave; a property of the element does not.
    return html`<div
      role="treeitem"
      aria-level=${level}
      aria-posinset=${position}
      aria-setsize=${siblings}
      aria-expanded=${isDirectory ? expanded : nothing}
      aria-selected=${path === this.current}
      tabindex=${stop ? 0 : -1}
      data-path=${path}
      .style=${`padding-left: ${(level - 1) * 16}px`}
      @click=${() => this.#click(shelf, row)}
      @dblclick=${() => !isDirectory && this.#edit(shelf, path)}
    >
      <span class="twist">${isDirectory ? icon('chevron') : nothing}</span>
      <span class="file">${entry.name}</span>
      <span class="more">${entry.target === undefined ? (isDirectory ? nothing : formatBytes(entry.size)) : fileText.linkTo(entry.target)}</span>
    </div>`;
  }

  #editor(shelf: FileShelf) {
    const { value: edit } = shelf.edited;
    if (!edit) return nothing;
    const close = (): void => {
      shelf.closeEditor();
      void this.#pick(edit.path);
    };
    return html`<strata-text-editor .shelf=${shelf} .edit=${edit} @close=${close}></strata-text-editor>`;
  }

  async #edit(shelf: FileShelf, path: string): Promise<void> {
    if (await shelf.edit(path)) await this.#focusEditor();
  }

  async #focusEditor(): Promise<void> {
    await this.updateComplete;
    const editor = this.renderRoot.querySelector<TextEditor>('strata-text-editor');
    await editor?.updateComplete;
    editor?.focus();
  }

  /** The focus goes to what is beside it, unless it has gone elsewhere meanwhile. */
  async #remove(shelf: FileShelf, row: FileRow): Promise<void> {
    const from = this.#focused;
    const rows = shelf.rows.value;
    const rest = rows.filter(({ path }) => !isWithin(path, row.path));
    const at = rows.indexOf(row);
    if (!(await shelf.remove(row.path))) return;
    if (this.#focused && this.#focused !== from) return;
    const next = rest[at] ?? rest[at - 1];
    if (next) await this.#pick(next.path);
    else this.#focusTools();
  }

  #click(shelf: FileShelf, { path, entry, expanded }: FileRow): void {
    if (entry.kind === 'directory') shelf.setOpen(path, !expanded);
    void this.#pick(path);
  }

  #key(shelf: FileShelf, rows: readonly FileRow[], event: KeyboardEvent): void {
    const focused = event.target instanceof HTMLElement ? event.target.dataset['path'] : undefined;
    const at = rows.findIndex(({ path }) => path === focused);
    const row = rows[at];
    if (!row) return;
    if (!this.#act(shelf, row, rows[at + 1], event.key)) {
      const next = rovingIndex(event.key, at, rows.length, 'vertical');
      if (next === undefined) return;
      void this.#pick(rows[next]?.path);
    }
    event.preventDefault();
  }

  /** Whether the key means something to the row. */
  #act(shelf: FileShelf, row: FileRow, next: FileRow | undefined, key: string): boolean {
    const { path, entry, expanded } = row;
    const isDirectory = entry.kind === 'directory';
    if (key === 'Enter' || key === ' ') isDirectory ? this.#click(shelf, row) : void this.#edit(shelf, path);
    else if (key === 'F2') void this.#askName({ kind: 'rename', path });
    else if (key === 'Delete') void this.#remove(shelf, row);
    else if (key === 'ArrowRight' && isDirectory)
      expanded ? void this.#pick(next?.path ?? path) : shelf.setOpen(path, true);
    else if (key === 'ArrowLeft') this.#fold(shelf, row);
    else return false;
    return true;
  }

  /** Closes a directory that is open; from any other row it leads to the one that it is in. */
  #fold(shelf: FileShelf, { path, expanded }: FileRow): void {
    if (expanded) shelf.setOpen(path, false);
    else if (parentPath(path) !== '/') void this.#pick(parentPath(path));
  }

  /** Chooses a row; where there is none such, the focus goes to the row that Tab leads to, or to the tools. */
  async #pick(path: string | undefined): Promise<void> {
    if (path !== undefined) this.current = path;
    await this.updateComplete;
    const row = path === undefined ? null : this.#rowOf(path);
    const stop = row ?? this.renderRoot.querySelector<HTMLElement>('[role="treeitem"][tabindex="0"]');
    if (stop) stop.focus();
    else this.#focusTools();
  }

  #focusTools(): void {
    this.renderRoot.querySelector<HTMLElement>('.tools button')?.focus();
  }

  /** Chooses a row that comes soon, unless the focus goes elsewhere meanwhile. */
  async #await(path: string): Promise<void> {
    this.#awaited = { path, from: this.#focused };
    this.requestUpdate();
    await this.updateComplete;
  }

  protected override updated(): void {
    const awaited = this.#awaited;
    if (!awaited || !this.#rowOf(awaited.path)) return;
    this.#awaited = undefined;
    if (!this.#focused || this.#focused === awaited.from) void this.#pick(awaited.path);
  }

  #rowOf(path: string): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);
  }

  /** What has the focus: of this element or, if that is elsewhere in the page, of the page. */
  get #focused(): HTMLElement | undefined {
    const { activeElement } = this.renderRoot as ShadowRoot;
    const focused = activeElement ?? document.activeElement;
    return focused instanceof HTMLElement && focused !== document.body ? focused : undefined;
  }

  #dragOver(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = true;
  }

  /** The page itself takes what is dropped elsewhere for a disk or a program. */
  #drop(shelf: FileShelf, event: DragEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.over = false;
    const path = (event.target as HTMLElement).closest<HTMLElement>('[data-path]')?.dataset['path'];
    const row = shelf.rows.value.find((each) => each.path === path);
    void shelf.upload(directoryOf(row), [...(event.dataTransfer?.files ?? [])]);
  }
}

/** Where something new goes. */
function directoryOf(row: FileRow | undefined): string {
  if (!row) return '/';
  return row.entry.kind === 'directory' ? row.path : parentPath(row.path);
}

/** The browser's own words for what does not match a pattern tell nobody what is wrong. */
function checkFileName({ target }: Event): void {
  if (target instanceof HTMLInputElement) target.setCustomValidity(/[\\/]/.test(target.value) ? fileText.noSlash : '');
}

define('strata-file-browser', FileBrowser);
