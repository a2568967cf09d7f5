import { css, html, nothing } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { type IconName, icon, iconStyles } from '../icon/icon';
import '../menu/menu';
import type { Menu, MenuItem } from '../menu/menu';

export type { MenuItem, PickEvent } from '../menu/menu';

/**
 * A button with a menu. Fires `pick` with the item's id. With `main` it is a split button, whose larger half
 * fires `main`; with `words` the button has them beside its picture.
 */
export class MenuButton extends StrataElement {
  static override properties = {
    main: { attribute: false },
    words: { attribute: false },
    label: { attribute: false },
    icon: { attribute: false },
    items: { attribute: false },
    align: { attribute: false },
    open: { state: true },
  };
  /** Text of the larger half; undefined for a plain menu button. */
  declare main: string | undefined;
  declare words: string | undefined;
  declare label: string;
  declare icon: IconName;
  declare items: readonly MenuItem[];
  declare align: 'start' | 'end';
  declare private open: boolean;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    css`
      :host {
        display: inline-flex;
      }
      .main {
        flex: 1;
        min-width: 0;
        border-radius: var(--radius) 0 0 var(--radius);
        line-height: 1.1;
        white-space: normal;
      }
      .main + .opener {
        margin-left: 1px;
        border-radius: 0 var(--radius) var(--radius) 0;
      }
      .main:focus-visible,
      .opener:focus-visible {
        z-index: 1;
      }
    `,
  ];

  constructor() {
    super();
    this.main = undefined;
    this.words = undefined;
    this.label = '';
    this.icon = 'chevron';
    this.items = [];
    this.align = 'start';
    this.open = false;
  }

  override render() {
    const look = this.main !== undefined ? 'filled icon' : this.words !== undefined ? '' : 'quiet icon';
    return html`
      ${this.main === undefined ? nothing : html`<button class="main filled" @click=${this.#clickMain}>${icon('plus')}${this.main}</button>`}
      <button
        class="opener ${look}"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-label=${this.label}
        title=${this.label}
        @pointerdown=${this.#keepFocus}
        @click=${() => this.#toggle()}
        @keydown=${this.#openerKey}
      >
        ${icon(this.icon)}${this.words ?? nothing}
      </button>
      <strata-menu .label=${this.label} .items=${this.items} @pick=${this.#pick} @shut=${this.#shut}></strata-menu>
    `;
  }

  readonly #clickMain = (): void => {
    this.dispatchEvent(new CustomEvent('main'));
  };

  /** While the menu is open a press on the button closes it: it must not first close by losing the focus. */
  readonly #keepFocus = (event: Event): void => {
    if (this.open) event.preventDefault();
  };

  readonly #pick = (event: CustomEvent<string>): void => {
    this.dispatchEvent(new CustomEvent('pick', { detail: event.detail }));
  };

  readonly #shut = ({ detail: back }: CustomEvent<boolean>): void => {
    this.open = false;
    if (back) this.renderRoot.querySelector<HTMLElement>('.opener')?.focus();
  };

  #toggle(focus: 'first' | 'last' = 'first'): void {
    const menu = this.renderRoot.querySelector<Menu>('strata-menu');
    if (this.open) menu?.close(true);
    else {
      this.open = true;
      void menu?.show(this.getBoundingClientRect(), this.align, focus);
    }
  }

  readonly #openerKey = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    if (!this.open) this.#toggle(event.key === 'ArrowDown' ? 'first' : 'last');
  };
}

define('strata-menu-button', MenuButton);
