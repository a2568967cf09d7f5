import { html, nothing } from 'lit';
import type { FolderInfo } from '../../../api/shared-folder';
import { formatBytes } from '../../../base/bytes';
import type { Dialog } from '../../dialog';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { scenarioText as words } from '../../text/scenarios';
import { DialogElement, type DialogFrame } from './dialog-element';

/** Asks before all that is in the lab is removed, says what stays, and whether shared folders are to stay. */
export class NewLabDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    dialog: { attribute: false },
    withFolders: { state: true },
    saves: { state: true },
  };
  declare dialog: Extract<Dialog, { readonly kind: 'new-lab' }> | undefined;
  declare private withFolders: boolean;
  /** Folders that are being saved. */
  declare private saves: number;

  constructor() {
    super();
    this.dialog = undefined;
    this.withFolders = false;
    this.saves = 0;
  }

  protected override frame(store: Store): DialogFrame {
    const { folders = [] } = this.dialog ?? {};
    return {
      heading: words.emptyTitle,
      go: words.empty,
      danger: true,
      blocked: this.saves > 0,
      body: html`<p>${words.emptyBody}</p>
        ${folders.length === 0 ? nothing : this.#folders(store, folders)}`,
    };
  }

  #folders(store: Store, folders: readonly FolderInfo[]) {
    return html`<fieldset>
      <legend>${words.emptyFolders}</legend>
      ${folders.map(
        ({ name, files, usedBytes }) => html`<p>${words.emptyFolder(name, files, formatBytes(usedBytes))}</p>
          <button type="button" @click=${() => void this.#save(store, name)}>${words.saveFolder(name)}</button>`,
      )}
      <label class="check">
        <input
          type="checkbox"
          .checked=${this.withFolders}
          @keydown=${keepAsking}
          @change=${({ target }: Event) => {
            this.withFolders = (target as HTMLInputElement).checked;
          }}
        />
        ${words.removeFolders}
      </label>
      <p class="hint">${words.removeFoldersHint}</p>
    </fieldset>`;
  }

  async #save(store: Store, name: string): Promise<void> {
    this.saves += 1;
    try {
      await (await store.parts.scenarios.get())?.saveFolder(name);
    } finally {
      this.saves -= 1;
    }
  }

  protected override submit(store: Store): boolean {
    const { dialog, withFolders } = this;
    void store.parts.scenarios.get().then(async (shelf) => {
      if (await shelf?.empty({ withFolders })) dialog?.next?.();
    });
    return true;
  }
}

/** Enter in a checkbox answers the question of its form, and whoever ticks one has not said yet that all is to go. */
function keepAsking(event: KeyboardEvent): void {
  if (event.key === 'Enter') event.preventDefault();
}

define('strata-new-lab-dialog', NewLabDialog);
