import { html, nothing } from 'lit';
import { pageFolder } from '../../../engine/folders/page-folder';
import type { FolderShelf } from '../../files/folder-shelf';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, viewStyles } from '../../styles/base';
import { fileText } from '../../text/files';
import './file-browser';
import { filesViewStyles } from './files-view.styles';

/** The lab's shared folder, with what it may take and which machines have it. */
export class FilesView extends StrataElement {
  static override properties = { store: { attribute: false }, shelf: { state: true } };
  declare store: Store | undefined;
  declare private shelf: FolderShelf | undefined;

  static override styles = [baseStyles, viewStyles, filesViewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
  }

  override render() {
    const { shelf, store } = this;
    if (!store) return nothing;
    return html`
      <div class="top">
        <h2>${fileText.heading}</h2>
        ${this.#facts(store)}
      </div>
      ${shelf ? html`<strata-file-browser .shelf=${shelf}></strata-file-browser>` : nothing}
    `;
  }

  protected override updated(): void {
    if (this.store && !this.shelf) void this.#open(this.store);
  }

  async #open(store: Store): Promise<void> {
    const shelf = await store.parts.files.get();
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
}

define('strata-files-view', FilesView);
