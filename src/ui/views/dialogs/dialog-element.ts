import { css, html, nothing, type TemplateResult } from 'lit';
import { toSandboxError } from '../../../base/errors';
import { icon, iconStyles } from '../../elements/icon/icon';
import { enterDialog, isDialogEntry, leaveDialog } from '../../page-address';
import type { Store } from '../../store';
import { failureWords } from '../../store/failure-words';
import { StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles } from '../../styles/base';
import { text } from '../../text';
import { formText } from '../../text/forms';

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
  /** Said while what was asked for is being done. */
  readonly working?: string;
  /** Title of the message where that fails after the dialog was closed. */
  readonly failed?: string;
}

/**
 * Base of the dialogs: a native modal dialog, which keeps the focus inside and gives it back. Fires `end` when
 * it is closed, by whatever way. It stays, with all that was typed, until what it asks for is taken: what is wrong
 * with a field stands beside the field, which is `aria-invalid` then, and what fails is said at the foot.
 */
export abstract class DialogElement extends StrataElement {
  static override properties = { store: { attribute: false }, busy: { state: true }, failure: { state: true } };
  declare store: Store | undefined;
  /** Whether what was asked for is being done. */
  declare private busy: boolean;
  declare private failure: string;

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
        grid-template-columns: minmax(0, 1fr);
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
      .foot button {
        max-width: 100%;
        line-height: 1.2;
        white-space: normal;
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
      .said {
        padding: 0 var(--s3);
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
        .said,
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
    this.busy = false;
    this.failure = '';
  }

  protected abstract frame(store: Store): DialogFrame;

  /** Called by the button; the dialog closes when it gives true, and says what it throws. */
  protected submit(_store: Store): boolean | Promise<boolean> {
    return true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('popstate', this.#back);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('popstate', this.#back);
    // The next dialog, or the view that is gone to, takes its place in the history.
    queueMicrotask(() => {
      if (isDialogEntry(history.state) && this.store?.dialog.value === undefined) leaveDialog();
    });
  }

  protected override firstUpdated(): void {
    this.#dialog?.showModal();
    enterDialog();
    const find = (selector: string) => this.renderRoot.querySelector<HTMLElement>(selector);
    const first = find('[data-first]') ?? find('h2');
    first?.focus();
    // What it has is a proposal.
    if (first instanceof HTMLInputElement) first.select();
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const { heading, body, go, danger, blocked, other, working = formText.working } = this.frame(store);
    const otherWay = (): void => {
      this.close();
      other?.run();
    };
    return html`<dialog aria-labelledby="heading" @close=${() => this.dispatchEvent(new CustomEvent('end'))} @click=${this.#click}>
      <form novalidate @submit=${this.#submit} @input=${this.#edit}>
        <div class="head">
          <h2 id="heading" tabindex="-1">${heading}</h2>
          <button type="button" class="quiet icon" aria-label=${text.dialogs.close} @click=${() => this.close()}>${icon('close')}</button>
        </div>
        <div class="content">${body}</div>
        ${
          go === undefined
            ? nothing
            : html`<p class="said problem" role="alert">${this.failure}</p>
              <p class="said hint" role="status">${this.busy ? working : ''}</p>
              <div class="foot">
                <button type="button" @click=${() => this.close()}>${this.busy ? text.dialogs.close : text.dialogs.cancel}</button>
                ${other ? html`<button type="button" @click=${otherWay}>${other.label}</button>` : nothing}
                <button type="submit" class="filled ${danger ? 'danger' : ''}" ?disabled=${blocked ?? false} aria-busy=${this.busy}>${go}</button>
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

  readonly #submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { store } = this;
    if (!store || this.busy || this.frame(store).blocked) return;
    if (await this.#showWrong()) return;
    this.busy = true;
    this.failure = '';
    try {
      if (await this.submit(store)) this.close();
      else await this.#showWrong();
    } catch (error) {
      this.#tell(store, error);
    } finally {
      this.busy = false;
    }
  };

  /** Whether a field is wrong; whoever wanted to go on is led to it. */
  async #showWrong(): Promise<boolean> {
    await this.updateComplete;
    const wrong = this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]');
    wrong?.focus();
    return wrong !== null;
  }

  /** By a message of the page where the dialog was closed meanwhile. */
  #tell(store: Store, error: unknown): void {
    const failure = toSandboxError(error);
    if (this.#dialog?.open && this.isConnected) this.failure = failureWords(failure);
    else if (failure.code !== 'Canceled') store.report(this.frame(store).failed ?? this.frame(store).heading, error);
  }

  /** What failed was what was typed before. */
  readonly #edit = (): void => {
    this.failure = '';
  };

  /** Back closes the dialog; the view behind it stays. */
  readonly #back = (): void => {
    if (!isDialogEntry(history.state)) this.close();
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
