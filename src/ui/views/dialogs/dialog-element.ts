import { css, html, nothing, type TemplateResult } from 'lit';
import { icon, iconStyles } from '../../elements/icon/icon';
import type { Store } from '../../store';
import { StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles } from '../../styles/base';
import { text } from '../../text';

/** What stands around the content of a dialog. */
export interface DialogFrame {
  readonly heading: string;
  readonly body: TemplateResult;
  /** Words of the button that does it; none for a dialog that only shows something. */
  readonly go?: string;
  readonly danger?: boolean;
  /** Another way to go on; the dialog closes with it, too. */
  readonly other?: { readonly label: string; readonly run: () => void };
  readonly blocked?: boolean;
}

/**
 * Base of the dialogs: a native modal dialog, which keeps the focus inside and gives it back. Fires `end` when
 * it is closed, by whatever way.
 */
export abstract class DialogElement extends StrataElement {
  static override properties = { store: { attribute: false } };
  declare store: Store | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    css`
      dialog {
        width: min(520px, calc(100vw - 2 * var(--s1)));
        max-height: calc(100dvh - 2 * var(--s2));
        padding: 0;
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--raised);
        color: var(--text);
        box-shadow: var(--shadow);
        overflow: hidden;
      }
      dialog::backdrop {
        background: #00000080;
      }
      form {
        display: flex;
        flex-direction: column;
        max-height: calc(100dvh - 2 * var(--s2) - 2px);
      }
      .head {
        display: flex;
        flex: none;
        align-items: center;
        justify-content: space-between;
        gap: var(--s2);
        padding: var(--s2) var(--s2) 0 var(--s3);
      }
      h2 {
        min-width: 0;
        font-size: var(--t3);
        overflow-wrap: anywhere;
      }
      .content {
        display: grid;
        gap: var(--s2);
        padding: var(--s2) var(--s3);
        overflow-y: auto;
      }
      .foot {
        display: flex;
        flex: none;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: var(--s1);
        padding: 12px var(--s3) var(--s2);
      }
      button.danger {
        border-color: var(--bad);
        background: var(--bad);
        color: var(--bg);
      }
      button.danger:hover:not(:disabled) {
        border-color: var(--text);
        background: var(--bad);
      }
      .pair {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--s2);
      }
      @media (max-width: 480px) {
        .pair {
          grid-template-columns: 1fr;
        }
        .content,
        .foot {
          padding-right: var(--s2);
          padding-left: var(--s2);
        }
        .head {
          padding-left: var(--s2);
        }
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
  }

  protected abstract frame(store: Store): DialogFrame;

  /** Called by the button; the dialog closes when it gives true. */
  protected submit(_store: Store): boolean {
    return true;
  }

  protected override firstUpdated(): void {
    this.#dialog?.showModal();
    this.renderRoot.querySelector<HTMLElement>('[data-first]')?.focus();
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const { heading, body, go, danger, blocked, other } = this.frame(store);
    const otherWay = (): void => {
      this.close();
      other?.run();
    };
    return html`<dialog aria-labelledby="heading" @close=${() => this.dispatchEvent(new CustomEvent('end'))} @click=${this.#click}>
      <form novalidate @submit=${this.#submit}>
        <div class="head">
          <h2 id="heading">${heading}</h2>
          <button type="button" class="quiet icon" aria-label=${text.dialogs.close} @click=${() => this.close()}>${icon('close')}</button>
        </div>
        <div class="content">${body}</div>
        ${
          go === undefined
            ? nothing
            : html`<div class="foot">
                <button type="button" @click=${() => this.close()}>${text.dialogs.cancel}</button>
                ${other ? html`<button type="button" @click=${otherWay}>${other.label}</button>` : nothing}
                <button type="submit" class="filled ${danger ? 'danger' : ''}" ?disabled=${blocked ?? false}>${go}</button>
              </div>`
        }
      </form>
    </dialog>`;
  }

  close(): void {
    this.#dialog?.close();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    if (this.store && !this.frame(this.store).blocked && this.submit(this.store)) this.close();
  };

  /** A click beside the dialog closes it, as Escape does. */
  readonly #click = (event: MouseEvent): void => {
    if (event.target === this.#dialog) this.close();
  };
}

/** What was typed or chosen in a field. */
export function typedIn({ target }: Event): string {
  return target instanceof HTMLInputElement ||
    target instanceof HTMLSelectElement ||
    target instanceof HTMLTextAreaElement
    ? target.value
    : '';
}

/** A whole number from a field, or what it was before. */
export function countOf(event: Event, least: number, most: number): number {
  const value = Math.round(Number(typedIn(event)));
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : least;
}
