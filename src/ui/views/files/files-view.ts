import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { formatBytes } from '../../../base/bytes';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import { rovingIndex } from '../../elements/roving';
import { type FileRow, joinPath, nameOfPath, parentPath } from '../../files/file-rows';
import { type EditedText, type FolderShelf, pageFolder } from '../../files/folder-shelf';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, viewStyles } from '../../styles/base';
import { fileText } from '../../text/files';
import { filesViewStyles } from './files-view.styles';

/** What a name is asked for. */
type Naming = { readonly kind: 'file' | 'directory' } | { readonly kind: 'rename'; readonly path: string };

/**
 * The lab's shared folder: a tree after the ARIA authoring practices, with what can be done to its files. Enter opens,
 * F2 renames, Delete deletes.
 */
export class FilesView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { state: true },
    current: { state: true },
    naming: { state: true },
    over: { state: true },
  };
  declare store: Store | undefined;
  declare private shelf: FolderShelf | undefined;
  /** Path of the file that is chosen. */
  declare private current: string | undefined;
  declare private naming: Naming | undefined;
  /** Files are held over the tree. */
  declare private over: boolean;

  static override styles = [baseStyles, buttonStyles, iconStyles, fieldStyles, viewStyles, filesViewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.current = undefined;
    this.naming = undefined;
    this.over = false;
  }

  override render() {
    const { shelf, store } = this;
    if (!store) return nothing;
    return html`
      <div class="top">
        <h2>${fileText.heading}</h2>
        ${this.#facts(store)}
      </div>
      ${shelf ? html`${this.#panel(shelf)} ${this.#editor(shelf, shelf.edited.value)}` : nothing}
    `;
  }

  protected override updated(): void {
    if (this.store && !this.shelf) void this.#open(this.store);
  }

  async #open(store: Store): Promise<void> {
    const shelf = await store.folderShelf();
    if (this.store === store) this.shelf = shelf;
  }

  #facts(store: Store) {
    const users = store.instances.value.filter(
      ({ spec }) =>
        spec.kind === 'vm' && spec.shares?.some((share) => 'folder' in share && share.folder === pageFolder),
    );
    const info = this.shelf?.info.value;
    return html`<div class="facts" role="status">
      ${info ? html`<span>${fileText.usage(info.usedBytes, info.quotaBytes)}</span>` : nothing}
      <span title=${fileText.usersHint}>${fileText.users(users.map(({ name }) => name))}</span>
    </div>`;
  }

  #panel(shelf: FolderShelf) {
    const rows = shelf.rows.value;
    const row = rows.find(({ path }) => path === this.current);
    return html`<section
      class="panel ${this.over ? 'over' : ''}"
      aria-label=${fileText.tree}
      @dragover=${(event: DragEvent) => this.#dragOver(event)}
      @dragleave=${() => {
        this.over = false;
      }}
      @drop=${(event: DragEvent) => this.#drop(shelf, event)}
    >
      ${this.#tools(shelf, row)} ${this.#nameForm(shelf, row)}
      ${rows.length === 0 ? html`<div class="none"><p>${fileText.empty}</p><p>${fileText.emptyDetail}</p></div>` : this.#tree(shelf, rows)}
    </section>`;
  }

  #tools(shelf: FolderShelf, row: FileRow | undefined) {
    const into = directoryOf(row);
    const tool = (name: IconName, label: string, act: () => void, able = true) =>
      html`<button ?disabled=${!able} @click=${act}>${icon(name)}${label}</button>`;
    const ask = (naming: Naming) => (): void => void this.#askName(naming);
    return html`<div class="tools" role="toolbar" aria-label=${fileText.tools}>
      ${tool('plus', fileText.newFile, ask({ kind: 'file' }))}
      ${tool('plus', fileText.newDirectory, ask({ kind: 'directory' }))}
      ${this.#fileTool('upload', fileText.upload, true, (files) => shelf.upload(into, files))}
      ${tool('download', fileText.download, () => row && shelf.download(row.path), row?.entry.kind === 'file')}
      ${tool('edit', fileText.rename, () => row && ask({ kind: 'rename', path: row.path })(), row !== undefined)}
      ${tool('remove', fileText.remove, () => row && shelf.remove(row.path), row !== undefined)}
      ${tool('download', fileText.exportTar, () => shelf.exportTar())}
      ${this.#fileTool('unpack', fileText.importTar, false, (files) => files.forEach((file) => shelf.importTar(into, file)))}
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

  #nameForm(shelf: FolderShelf, row: FileRow | undefined) {
    const { naming } = this;
    if (!naming) return nothing;
    const end = (): void => {
      this.naming = undefined;
    };
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const name = String(new FormData(event.target as HTMLFormElement).get('name') ?? '').trim();
      if (naming.kind === 'rename') shelf.rename(naming.path, name);
      else if (naming.kind === 'file') shelf.makeFile(joinPath(directoryOf(row), name));
      else shelf.makeDirectory(joinPath(directoryOf(row), name));
      end();
    };
    const leave = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') end();
    };
    return html`<form class="name" @submit=${submit} @keydown=${leave}>
      <label class="field"><span>${fileText.name}</span>
        <input name="name" required maxlength="255" pattern="[^\\/]+" autocomplete="off" spellcheck="false" .value=${naming.kind === 'rename' ? nameOfPath(naming.path) : ''} />
      </label>
      <button class="filled">${fileText.set[naming.kind]}</button>
      <button type="button" @click=${end}>${fileText.cancel}</button>
    </form>`;
  }

  async #askName(naming: Naming): Promise<void> {
    this.naming = naming;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>('form.name input')?.select();
  }

  #tree(shelf: FolderShelf, rows: readonly FileRow[]) {
    const stop = rows.some(({ path }) => path === this.current) ? this.current : rows[0]?.path;
    return html`<div role="tree" aria-label=${fileText.tree} @keydown=${(event: KeyboardEvent) => this.#key(shelf, rows, event)}>
      ${repeat(
        rows,
        ({ path }) => path,
        (row) => this.#row(shelf, row, row.path === stop),
      )}
    </div>`;
  }

  #row(shelf: FolderShelf, row: FileRow, stop: boolean) {
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
      @dblclick=${() => !isDirectory && shelf.edit(path)}
    >
      <span class="twist">${isDirectory ? icon('chevron') : nothing}</span>
      <span class="file">${entry.name}</span>
      <span class="more">${entry.target === undefined ? (isDirectory ? nothing : formatBytes(entry.size)) : fileText.linkTo(entry.target)}</span>
    </div>`;
  }

  #editor(shelf: FolderShelf, edited: EditedText | undefined) {
    if (!edited) return nothing;
    const save = (): void => {
      const field = this.renderRoot.querySelector<HTMLTextAreaElement>('.editor textarea');
      if (field) shelf.save(edited.path, field.value);
    };
    const key = (event: KeyboardEvent): void => {
      if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      save();
    };
    return html`<section class="panel editor" aria-label=${fileText.editor(edited.path)} @keydown=${key}>
      <header><h3>${edited.path}</h3></header>
      <textarea aria-label=${fileText.editor(edited.path)} spellcheck="false" .value=${edited.text}></textarea>
      <footer>
        <button class="filled" @click=${save}>${fileText.save}</button>
        <button @click=${() => shelf.closeEditor()}>${fileText.close}</button>
      </footer>
    </section>`;
  }

  #click(shelf: FolderShelf, { path, entry, expanded }: FileRow): void {
    if (entry.kind === 'directory') shelf.setOpen(path, !expanded);
    void this.#pick(path);
  }

  #key(shelf: FolderShelf, rows: readonly FileRow[], event: KeyboardEvent): void {
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
  #act(shelf: FolderShelf, row: FileRow, next: FileRow | undefined, key: string): boolean {
    const { path, entry, expanded } = row;
    const isDirectory = entry.kind === 'directory';
    if (key === 'Enter' || key === ' ') isDirectory ? this.#click(shelf, row) : shelf.edit(path);
    else if (key === 'F2') void this.#askName({ kind: 'rename', path });
    else if (key === 'Delete') shelf.remove(path);
    else if (key === 'ArrowRight' && isDirectory) expanded ? void this.#pick(next?.path) : shelf.setOpen(path, true);
    else if (key === 'ArrowLeft') expanded ? shelf.setOpen(path, false) : void this.#pick(parentPath(path));
    else return false;
    return true;
  }

  async #pick(path: string | undefined): Promise<void> {
    if (path === undefined || path === '/') return;
    this.current = path;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`)?.focus();
  }

  #dragOver(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = true;
  }

  /** The page itself takes what is dropped elsewhere for a disk or a program. */
  #drop(shelf: FolderShelf, event: DragEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.over = false;
    const path = (event.target as HTMLElement).closest<HTMLElement>('[data-path]')?.dataset['path'];
    const row = shelf.rows.value.find((each) => each.path === path);
    shelf.upload(directoryOf(row), [...(event.dataTransfer?.files ?? [])]);
  }
}

/** Where something new goes. */
function directoryOf(row: FileRow | undefined): string {
  if (!row) return '/';
  return row.entry.kind === 'directory' ? row.path : parentPath(row.path);
}

define('strata-files-view', FilesView);
