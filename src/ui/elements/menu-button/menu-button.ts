import { css, html, nothing } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { type IconName, icon, iconStyles } from '../icon/icon';

/** One line of a menu. */
export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
  readonly checked?: boolean;
}

/** The `detail` of a `pick` event: the item's id. */
export type PickEvent = CustomEvent<string>;

/**
 * A button with a menu, after the ARIA authoring practices (menu button): arrows, Home, End, Escape, and
 * letters move in it. With `main` it is a split button, whose larger half fires `main`.
 */
export class MenuButton extends StrataElement {
  static override properties = {
    main: { attribute: false },
    label: { attribute: false },
    icon: { attribute: false },
    items: { attribute: false },
    align: { attribute: false },
    open: { state: true },
  };
  /** Text of the larger half; undefined for a plain menu button. */
  declare main: string | undefined;
  declare label: string;
  declare icon: IconName;
  declare items: readonly MenuItem[];
  declare align: 'start' | 'end';
  declare open: boolean;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    css`
      :host {
        position: relative;
        display: inline-flex;
      }
      .main {
        flex: 1;
        border-radius: var(--radius) 0 0 var(--radius);
      }
      .main + .opener {
        margin-left: 1px;
        border-radius: 0 var(--radius) var(--radius) 0;
      }
      .main:focus-visible,
      .opener:focus-visible {
        z-index: 1;
      }
      [role='menu'] {
        position: absolute;
        z-index: 20;
        top: calc(100% + var(--s0));
        width: max-content;
        min-width: 100%;
        max-width: calc(100vw - 2 * var(--s1));
        padding: var(--s0);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--raised);
        box-shadow: var(--shadow);
      }
      .start {
        left: 0;
      }
      .end {
        right: 0;
      }
      @media (max-width: 720px) {
        .start {
          right: 0;
          left: auto;
        }
      }
      [role^='menuitem'] {
        display: grid;
        gap: 2px;
        padding: var(--s1) 12px;
        border-radius: var(--s0);
        font: var(--t1) / 1.3 var(--sans);
        cursor: pointer;
      }
      [role^='menuitem']:hover,
      [role^='menuitem']:focus {
        background: var(--hover);
      }
      [role^='menuitem']:focus-visible {
        outline-offset: -2px;
      }
      [aria-checked='true'] {
        background: var(--selected);
      }
      .detail {
        color: var(--muted);
        font-size: var(--t0);
      }
    `,
  ];

  constructor() {
    super();
    this.label = '';
    this.main = undefined;
    this.icon = 'chevron';
    this.items = [];
    this.align = 'start';
    this.open = false;
    this.addEventListener('focusout', (event) => {
      if (!(event.relatedTarget instanceof Node && this.contains(event.relatedTarget))) this.open = false;
    });
  }

  override render() {
    const filled = this.main === undefined ? 'quiet' : 'filled';
    return html`
      ${this.main === undefined ? nothing : html`<button class="main filled" @click=${this.#clickMain}>${icon('plus')}${this.main}</button>`}
      <button
        class="opener icon ${filled}"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-label=${this.label}
        title=${this.label}
        @click=${() => this.#toggle()}
        @keydown=${this.#openerKey}
      >
        ${icon(this.icon)}
      </button>
      ${this.open ? this.#menu() : nothing}
    `;
  }

  #menu() {
    return html`<div role="menu" class=${this.align} aria-label=${this.label} @keydown=${this.#menuKey}>
      ${this.items.map(
        (item) => html`<div
          role=${item.checked === undefined ? 'menuitem' : 'menuitemradio'}
          aria-checked=${item.checked ?? nothing}
          tabindex="-1"
          @click=${() => this.#pick(item)}
        >
          <span>${item.label}</span>${item.detail ? html`<span class="detail">${item.detail}</span>` : nothing}
        </div>`,
      )}
    </div>`;
  }

  readonly #clickMain = (): void => {
    this.dispatchEvent(new CustomEvent('main'));
  };

  #pick(item: MenuItem): void {
    this.#close();
    this.dispatchEvent(new CustomEvent('pick', { detail: item.id }));
  }

  #close(): void {
    this.open = false;
    this.renderRoot.querySelector<HTMLElement>('.opener')?.focus();
  }

  async #toggle(focus: 'first' | 'last' = 'first'): Promise<void> {
    this.open = !this.open;
    await this.updateComplete;
    this.#elements()
      .at(focus === 'first' ? 0 : -1)
      ?.focus();
  }

  readonly #openerKey = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    if (!this.open) void this.#toggle(event.key === 'ArrowDown' ? 'first' : 'last');
  };

  readonly #menuKey = (event: KeyboardEvent): void => {
    const elements = this.#elements();
    const at = elements.findIndex((element) => element.matches(':focus'));
    const item = this.items[at];
    if (event.key === 'Tab') {
      this.open = false;
      return;
    }
    if (event.key === 'Escape') this.#close();
    else if ((event.key === 'Enter' || event.key === ' ') && item) this.#pick(item);
    else {
      const next = this.#nextIndex(event.key, at);
      if (next === undefined) return;
      elements.at(next % elements.length)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };

  #nextIndex(key: string, at: number): number | undefined {
    if (key === 'ArrowDown') return at + 1;
    if (key === 'ArrowUp') return at - 1;
    if (key === 'Home') return 0;
    if (key === 'End') return -1;
    if (key.length !== 1) return undefined;
    const found = this.items.findIndex((item) => item.label.toLowerCase().startsWith(key.toLowerCase()));
    return found < 0 ? undefined : found;
  }

  #elements(): readonly HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>('[role^=menuitem]')];
  }
}

define('strata-menu-button', MenuButton);
