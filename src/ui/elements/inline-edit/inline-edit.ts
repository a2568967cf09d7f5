import { css, html } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { icon, iconStyles } from '../icon/icon';

/** A text that can be changed where it stands. Fires `change-text` with the new one; Escape leaves the old. */
export class InlineEdit extends StrataElement {
  static override properties = {
    value: { attribute: false },
    label: { attribute: false },
    edit: { attribute: false },
    editing: { state: true },
  };
  declare value: string;
  /** Name of the field. */
  declare label: string;
  /** Name of the button. */
  declare edit: string;
  declare editing: boolean;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    css`
      :host {
        display: inline-flex;
        align-items: center;
        gap: 2px;
        min-width: 0;
        max-width: 100%;
      }
      .text {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      button.icon {
        flex: none;
        min-width: 28px;
        min-height: 28px;
        color: var(--muted);
        font-size: var(--t1);
      }
      input {
        width: 100%;
        min-width: 8ch;
        height: var(--control);
        padding: 0 var(--s1);
        border: 1px solid var(--line-strong);
        border-radius: var(--s0);
        background: var(--surface);
        color: var(--text);
        font: inherit;
      }
    `,
  ];

  constructor() {
    super();
    this.value = '';
    this.label = '';
    this.edit = '';
    this.editing = false;
  }

  override render() {
    if (!this.editing) {
      return html`<span class="text">${this.value}</span>
        <button class="quiet icon" aria-label="${this.edit}: ${this.value}" title=${this.edit} @click=${() => this.begin()}>${icon('edit')}</button>`;
    }
    return html`<input aria-label=${this.label} .value=${this.value} maxlength="120" @keydown=${this.#key} @blur=${this.#blur} />`;
  }

  async begin(): Promise<void> {
    this.editing = true;
    await this.updateComplete;
    this.renderRoot.querySelector('input')?.select();
  }

  readonly #key = (event: KeyboardEvent): void => {
    // Prevented, or the button that gets the focus would be pressed by the same key.
    if (event.key === 'Enter' || event.key === 'Escape') {
      event.preventDefault();
      void this.#end(event.key === 'Enter');
    }
    event.stopPropagation();
  };

  readonly #blur = (): void => {
    if (this.editing) void this.#end(true, false);
  };

  async #end(keep: boolean, refocus = true): Promise<void> {
    const text = this.renderRoot.querySelector('input')?.value ?? this.value;
    this.editing = false;
    if (keep && text.trim() !== this.value) this.dispatchEvent(new CustomEvent('change-text', { detail: text }));
    await this.updateComplete;
    if (refocus) this.renderRoot.querySelector('button')?.focus();
  }
}

define('strata-inline-edit', InlineEdit);
