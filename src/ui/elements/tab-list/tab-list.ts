import { css, html } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { rovingIndex } from '../roving';

export interface Tab {
  readonly id: string;
  readonly label: string;
}

/**
 * Tabs with one tab stop. The panels are in here too, slotted by the tab's id, because ARIA's references
 * do not cross a shadow boundary. Fires `pick` with the tab's id.
 */
export class TabList extends StrataElement {
  static override properties = {
    tabs: { attribute: false },
    current: { attribute: false },
    label: { attribute: false },
  };
  declare tabs: readonly Tab[];
  declare current: string;
  declare label: string;

  static override styles = [
    baseStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
      }
      [role='tablist'] {
        display: flex;
        flex: none;
        gap: var(--s1);
        padding: 0 var(--s2);
        border-bottom: 1px solid var(--line);
      }
      [role='tab'] {
        min-height: 40px;
        padding: 0 var(--s1);
        border: 0;
        border-bottom: 2px solid transparent;
        margin-bottom: -1px;
        background: none;
        color: var(--muted);
        font: 500 var(--t2) / 1 var(--sans);
        cursor: pointer;
      }
      [role='tab']:hover {
        color: var(--text);
      }
      [aria-selected='true'] {
        border-bottom-color: var(--accent);
        color: var(--text);
      }
      [role='tab']:focus-visible {
        outline-offset: -3px;
      }
      [role='tabpanel'] {
        display: flex;
        flex: 1;
        flex-direction: column;
        min-height: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.tabs = [];
    this.current = '';
    this.label = '';
  }

  /** Puts the focus on the current tab. */
  focusTab(): void {
    this.renderRoot.querySelector<HTMLElement>('[aria-selected=true]')?.focus();
  }

  override render() {
    return html`
      <div role="tablist" aria-label=${this.label} @keydown=${this.#key}>
        ${this.tabs.map((tab) => {
          const selected = tab.id === this.current;
          return html`<button
            role="tab"
            id="tab-${tab.id}"
            aria-selected=${selected}
            aria-controls="panel"
            tabindex=${selected ? 0 : -1}
            @click=${() => this.#pick(tab.id)}
          >
            ${tab.label}
          </button>`;
        })}
      </div>
      <div role="tabpanel" id="panel" aria-labelledby="tab-${this.current}"><slot></slot></div>
    `;
  }

  readonly #key = (event: KeyboardEvent): void => {
    const at = this.tabs.findIndex((tab) => tab.id === this.current);
    const next = rovingIndex(event.key, at, this.tabs.length, 'horizontal');
    const tab = next === undefined ? undefined : this.tabs[next];
    if (!tab) return;
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>(`#tab-${CSS.escape(tab.id)}`)?.focus();
    this.#pick(tab.id);
  };

  #pick(id: string): void {
    this.dispatchEvent(new CustomEvent('pick', { detail: id }));
  }
}

define('strata-tab-list', TabList);
