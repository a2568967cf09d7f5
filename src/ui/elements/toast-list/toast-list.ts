import { css, html, nothing } from 'lit';
import type { Toast } from '../../store/messages';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import { icon, iconStyles } from '../icon/icon';

/**
 * Messages in a corner, spoken as they come. Fires `dismiss` with a toast's id and `undo` with a toast. What it stands in has
 * their height as `--toasts`, so that views leave room below what they would cover.
 */
export class ToastList extends StrataElement {
  static override properties = { toasts: { attribute: false } };
  declare toasts: readonly Toast[];

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    css`
      :host {
        width: min(400px, calc(100vw - 2 * var(--s2)));
        pointer-events: none;
      }
      .toasts {
        display: grid;
        gap: var(--s1);
      }
      .toast {
        display: grid;
        grid-template-columns: auto 1fr auto;
        align-items: start;
        gap: var(--s1);
        padding: 12px;
        border: 1px solid var(--line);
        border-left: 3px solid var(--accent);
        border-radius: var(--radius);
        background: var(--raised);
        box-shadow: var(--shadow);
        pointer-events: auto;
      }
      .toast > .icon {
        margin-top: 2px;
        color: var(--accent);
      }
      .error {
        border-left-color: var(--bad);
      }
      .error > .icon {
        color: var(--bad);
      }
      strong {
        font-weight: 600;
        font-size: var(--t2);
      }
      p {
        margin-top: 2px;
        color: var(--muted);
        font-size: var(--t1);
        overflow-wrap: anywhere;
        white-space: pre-line;
      }
      .buttons {
        display: flex;
        gap: var(--s0);
        margin: -4px -4px 0 0;
      }
    `,
  ];

  constructor() {
    super();
    this.toasts = [];
  }

  override render() {
    return html`<div class="toasts" role="log" aria-live="polite" aria-relevant="additions" aria-label=${text.toasts.label}>
      ${this.toasts.map((toast) => this.#toast(toast))}
    </div>`;
  }

  protected override updated(): void {
    const root = this.getRootNode();
    if (!(root instanceof ShadowRoot)) return;
    const { style } = root.host as HTMLElement;
    if (this.toasts.length > 0) style.setProperty('--toasts', `${this.offsetHeight}px`);
    else style.removeProperty('--toasts');
  }

  #toast(toast: Toast) {
    return html`<div class="toast ${toast.tone}">
      ${icon(toast.tone === 'error' ? 'failed' : 'info')}
      <div>
        <strong>${toast.title}</strong>
        ${toast.body ? html`<p>${toast.body}</p>` : nothing}
      </div>
      <div class="buttons">
        ${toast.undo === undefined ? nothing : html`<button @click=${() => this.#fire('undo', toast)}>${toast.button ?? text.tasks.undo}</button>`}
        <button class="quiet icon" aria-label="${text.toasts.dismiss}: ${toast.title}" @click=${() => this.#fire('dismiss', toast.id)}>
          ${icon('close')}
        </button>
      </div>
    </div>`;
  }

  #fire(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

define('strata-toast-list', ToastList);
