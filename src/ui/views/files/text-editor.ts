import { html, nothing } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { FileShelf } from '../../files/file-shelf';
import type { TextEdit } from '../../files/text-edit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, viewStyles } from '../../styles/base';
import { fileText } from '../../text/files';
import { textEditorStyles } from './text-editor.styles';

/** The text of a file, to be changed and saved. Fires `close` when its user wants no more of it. */
export class TextEditor extends StrataElement {
  static override properties = {
    shelf: { attribute: false },
    edit: { attribute: false },
    unsaved: { state: true },
  };
  declare shelf: FileShelf | undefined;
  declare edit: TextEdit | undefined;
  declare private unsaved: boolean;

  static override styles = [baseStyles, buttonStyles, fieldStyles, viewStyles, textEditorStyles];

  constructor() {
    super();
    this.shelf = undefined;
    this.edit = undefined;
    this.unsaved = false;
  }

  override focus(): void {
    this.renderRoot.querySelector('textarea')?.focus();
  }

  protected override willUpdate(): void {
    this.unsaved = this.edit?.unsaved ?? false;
  }

  override render() {
    const { shelf, edit } = this;
    if (!shelf || !edit) return nothing;
    const label = fileText.editor(edit.path);
    // A field of its own for each: one that is given another text keeps what was typed where both texts are equal.
    return keyed(
      edit,
      html`<section class="panel" aria-label=${label} @keydown=${(event: KeyboardEvent) => this.#key(shelf, edit, event)}>
        <header><h3>${edit.path}</h3><span role="status">${this.unsaved ? fileText.unsaved : nothing}</span></header>
        <textarea aria-label=${label} spellcheck="false" .value=${edit.draft} @input=${(event: Event) => this.#type(edit, event)}></textarea>
        <footer>
          <button class="filled" @click=${() => this.#save(shelf, edit)}>${fileText.save}</button>
          ${this.unsaved && !edit.overtaken.value ? this.#discard(shelf, edit, fileText.discard) : nothing}
          <button @click=${() => this.dispatchEvent(new Event('close'))}>${fileText.close}</button>
        </footer>
        <div role="alert">${edit.overtaken.value ? this.#overtaken(shelf, edit) : nothing}</div>
      </section>`,
    );
  }

  #overtaken(shelf: FileShelf, edit: TextEdit) {
    return html`<p>${fileText.overtaken(edit.path)}</p>
      <footer>
        <button @click=${() => this.#save(shelf, edit, true)}>${fileText.overwrite}</button>
        ${this.#discard(shelf, edit, fileText.openAnew)}
      </footer>`;
  }

  #discard(shelf: FileShelf, edit: TextEdit, label: string) {
    const discard = async (): Promise<void> => {
      await shelf.discard(edit);
      await this.updateComplete;
      this.focus();
    };
    return html`<button @click=${discard}>${label}</button>`;
  }

  async #save(shelf: FileShelf, edit: TextEdit, overwrite = false): Promise<void> {
    await shelf.save(edit, overwrite);
    this.requestUpdate();
    // The button that was pressed may be gone with what it was about.
    await this.updateComplete;
    if (overwrite && this.edit === edit) this.focus();
  }

  #type(edit: TextEdit, { target }: Event): void {
    edit.draft = (target as HTMLTextAreaElement).value;
    this.unsaved = edit.unsaved;
  }

  #key(shelf: FileShelf, edit: TextEdit, event: KeyboardEvent): void {
    if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void this.#save(shelf, edit);
  }
}

define('strata-text-editor', TextEditor);
