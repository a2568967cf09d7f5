import { css, html, nothing } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { type IconName, icon, iconStyles } from '../icon/icon';

/** One line of a menu. */
export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
  readonly icon?: IconName;
  readonly checked?: boolean;
  /** Something is lost by it. */
  readonly danger?: boolean;
}

/** The `detail` of a `pick` event: the item's id. */
export type PickEvent = CustomEvent<string>;

/** Where a menu opens: below this rectangle, or above it where there is no room. */
export type MenuPlace = Pick<DOMRect, 'left' | 'right' | 'top' | 'bottom'>;

/** Between a menu and the edge of the window, CSS pixels. */
const margin = 8;

/**
 * A menu over everything else, after the ARIA authoring practices: arrows, Home, End and letters move in it,
 * Escape and Tab close it. Fires `pick` with the item's id and `shut` when it closes, true when the focus
 * shall go back to where it came from.
 */
export class Menu extends StrataElement {
  static override properties = {
    label: { attribute: false },
    items: { attribute: false },
    open: { state: true },
  };
  declare label: string;
  declare items: readonly MenuItem[];
  declare open: boolean;

  static override styles = [
    baseStyles,
    iconStyles,
    css`
      [role='menu'] {
        position: fixed;
        inset: auto;
        width: max-content;
        min-width: 180px;
        max-width: calc(100vw - 2 * var(--s1));
        max-height: calc(100dvh - 2 * var(--s1));
        margin: 0;
        padding: var(--s0);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--raised);
        color: var(--text);
        box-shadow: var(--shadow);
        overflow-y: auto;
      }
      [role^='menuitem'] {
        display: flex;
        align-items: center;
        gap: var(--s1);
        min-height: 30px;
        padding: 5px 12px 5px var(--s1);
        border-radius: var(--s0);
        font: var(--t1) / 1.3 var(--sans);
        text-align: left;
        white-space: normal;
        cursor: pointer;
      }
      [role^='menuitem']:hover,
      [role^='menuitem']:focus {
        background: var(--hover);
      }
      [role^='menuitem']:focus-visible {
        outline-offset: -2px;
      }
      .words {
        display: grid;
        gap: 1px;
      }
      .icon {
        color: var(--muted);
      }
      .danger,
      .danger .icon {
        color: var(--bad);
      }
      .danger {
        margin-top: var(--s0);
      }
      .mark {
        width: 1.15em;
        margin-left: auto;
      }
      .detail {
        color: var(--muted);
        font-size: var(--t0);
      }
      @media (forced-colors: active) {
        [role^='menuitem']:focus,
        [role^='menuitem']:hover {
          background: Highlight;
          color: HighlightText;
          forced-color-adjust: none;
        }
      }
    `,
  ];

  #place: MenuPlace = { left: 0, right: 0, top: 0, bottom: 0 };
  #align: 'start' | 'end' = 'start';

  constructor() {
    super();
    this.label = '';
    this.items = [];
    this.open = false;
    this.addEventListener('focusout', (event) => {
      if (this.open && event.relatedTarget !== this) this.close(false);
    });
  }

  override render() {
    if (!this.open) return nothing;
    return html`<div role="menu" popover="manual" aria-label=${this.label} @keydown=${this.#key}>
      ${this.items.map((item) => this.#item(item))}
    </div>`;
  }

  #item(item: MenuItem) {
    return html`<div
      role=${item.checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
      aria-checked=${item.checked ?? nothing}
      class=${item.danger ? 'danger' : ''}
      tabindex="-1"
      data-id=${item.id}
      @click=${() => this.#pick(item)}
    >
      ${item.icon ? icon(item.icon) : nothing}
      <span class="words"><span>${item.label}</span>${item.detail ? html`<span class="detail">${item.detail}</span>` : nothing}</span>
      ${item.checked === undefined ? nothing : html`<span class="mark">${item.checked ? icon('done') : nothing}</span>`}
    </div>`;
  }

  async show(place: MenuPlace, align: 'start' | 'end' = 'start', focus: 'first' | 'last' = 'first'): Promise<void> {
    this.#place = place;
    this.#align = align;
    this.open = true;
    await this.updateComplete;
    const menu = this.renderRoot.querySelector<HTMLElement>('[role=menu]');
    if (!menu) return;
    menu.showPopover();
    this.#put(menu);
    this.#elements()
      .at(focus === 'first' ? 0 : -1)
      ?.focus();
  }

  /** `back`: the focus belongs where it was before. */
  close(back: boolean): void {
    if (!this.open) return;
    this.open = false;
    this.dispatchEvent(new CustomEvent('shut', { detail: back }));
  }

  /** Inside the window, whatever the place. */
  #put(menu: HTMLElement): void {
    const { width, height } = menu.getBoundingClientRect();
    const { left, right, top, bottom } = this.#place;
    const x = this.#align === 'start' ? left : right - width;
    const below = bottom + 4;
    const y = below + height > window.innerHeight - margin && top - height - 4 > margin ? top - height - 4 : below;
    menu.style.left = `${clamp(x, window.innerWidth - width)}px`;
    menu.style.top = `${clamp(y, window.innerHeight - height)}px`;
  }

  #pick(item: MenuItem): void {
    this.close(true);
    this.dispatchEvent(new CustomEvent('pick', { detail: item.id }));
  }

  readonly #key = (event: KeyboardEvent): void => {
    const elements = this.#elements();
    const at = elements.findIndex((element) => element.matches(':focus'));
    const item = this.items[at];
    if (event.key === 'Tab') {
      this.close(true);
      return;
    }
    if (event.key === 'Escape') this.close(true);
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
    const starts = (item: MenuItem): boolean => item.label.toLowerCase().startsWith(key.toLowerCase());
    const after = this.items.findIndex((item, index) => index > at && starts(item));
    const found = after < 0 ? this.items.findIndex(starts) : after;
    return found < 0 ? undefined : found;
  }

  #elements(): readonly HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>('[role^=menuitem]')];
  }
}

function clamp(at: number, most: number): number {
  return Math.max(margin, Math.min(at, most - margin));
}

define('strata-menu', Menu);

/** Asked by a row for its menu, at a place of the window; the page shows one for whatever asks. */
export interface MenuRequest {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly place: MenuPlace;
  readonly pick: (id: string) => void;
  /** Where the focus goes when the menu closes. */
  readonly back: HTMLOrSVGElement | undefined;
}

/** Fires a `menu` event that goes up to the page. */
export function requestMenu(from: HTMLElement, request: MenuRequest): void {
  from.dispatchEvent(new CustomEvent<MenuRequest>('menu', { detail: request, bubbles: true, composed: true }));
}

/** Whether a key asks for the menu of what has the focus: the menu key, or Shift+F10 where there is none. */
export function isMenuKey({ key, shiftKey }: KeyboardEvent): boolean {
  return key === 'ContextMenu' || (key === 'F10' && shiftKey);
}
