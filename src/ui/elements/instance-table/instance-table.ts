import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { InstanceId } from '../../../api/instance';
import { formatBytes } from '../../../base/bytes';
import type { InstanceRecord } from '../../../engine/instance-record';
import { formatMemory, formatShare, formatUptime } from '../../format';
import { formatRoute } from '../../route';
import type { StatSeries } from '../../series';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, tableStyles } from '../../styles/base';
import { text } from '../../text';
import { icon, iconStyles } from '../icon/icon';
import { isMenuKey } from '../menu/menu';
import { rovingIndex } from '../roving';
import '../state-badge/state-badge';
import { type Column, columns, type InstanceRow, instanceRows, type Order } from './instance-rows';
import { instanceTableStyles } from './instance-table.styles';

/** Below this width the rows are cards, CSS pixels. */
const narrowWidth = 640;

/** What a row wants: the menu of an instance, at the place of what asked for it. */
export interface RowMenu {
  readonly id: InstanceId;
  readonly place: DOMRect;
  readonly back: HTMLElement;
}

const numeric: ReadonlySet<Column> = new Set(['cpu', 'memory', 'received', 'sent', 'uptime']);

/**
 * The instances as a table, or as cards where it is narrow. Arrows move from name to name. Fires `choose` with
 * the ids that are selected and `row-menu` with a {@link RowMenu}.
 */
export class InstanceTable extends StrataElement {
  static override properties = {
    instances: { attribute: false },
    series: { attribute: false },
    now: { attribute: false },
    chosen: { attribute: false },
    order: { state: true },
    filter: { state: true },
    narrow: { state: true },
  };
  declare instances: readonly InstanceRecord[];
  declare series: ReadonlyMap<InstanceId, StatSeries>;
  declare now: number;
  declare chosen: ReadonlySet<InstanceId>;
  declare private order: Order;
  declare private filter: string;
  declare private narrow: boolean;

  static override styles = [baseStyles, buttonStyles, iconStyles, tableStyles, instanceTableStyles];

  readonly #observer = new ResizeObserver(([entry]) => {
    this.narrow = (entry?.contentRect.width ?? narrowWidth) < narrowWidth;
  });

  constructor() {
    super();
    this.instances = [];
    this.series = new Map();
    this.now = 0;
    this.chosen = new Set();
    this.order = { column: 'name', descending: false };
    this.filter = '';
    this.narrow = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  override render() {
    const rows = instanceRows(this.instances, this.series, this.now, this.order, this.filter);
    return html`
      <div class="bar">
        <input
          type="search"
          aria-label=${text.table.filter}
          placeholder=${text.table.filter}
          @input=${(event: Event) => {
            if (event.target instanceof HTMLInputElement) this.filter = event.target.value;
          }}
        />
        <slot></slot>
      </div>
      ${rows.length === 0 ? html`<p class="empty">${text.table.noMatch}</p>` : this.narrow ? this.#cards(rows) : this.#table(rows)}
    `;
  }

  #table(rows: readonly InstanceRow[]) {
    const all = rows.every(({ record }) => this.chosen.has(record.id));
    const some = rows.some(({ record }) => this.chosen.has(record.id));
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${text.table.label}>
      <table>
        <thead>
          <tr>
            <td class="tight">
              <input
                type="checkbox"
                aria-label=${text.table.selectAll}
                .checked=${all}
                .indeterminate=${some && !all}
                @change=${() => this.#choose(all ? [] : rows.map(({ record }) => record.id))}
              />
            </td>
            ${columns.map((column) => this.#head(column))}
            <td class="tight"></td>
          </tr>
        </thead>
        <tbody @keydown=${this.#key}>
          ${repeat(
            rows,
            ({ record }) => record.id,
            (row) => this.#row(row),
          )}
        </tbody>
      </table>
    </div>`;
  }

  #head(column: Column) {
    const sorted = this.order.column === column;
    const direction = sorted ? (this.order.descending ? 'descending' : 'ascending') : 'none';
    return html`<th scope="col" class=${numeric.has(column) ? 'number' : ''} aria-sort=${direction}>
      <button class="quiet sort" @click=${() => this.#sort(column)}>
        ${text.table.columns[column]}${sorted ? icon(this.order.descending ? 'descending' : 'ascending') : nothing}
      </button>
    </th>`;
  }

  #row(row: InstanceRow) {
    const { record } = row;
    const chosen = this.chosen.has(record.id);
    const { unknown } = text.figures;
    return html`<tr class=${chosen ? 'chosen' : ''} data-id=${record.id} @contextmenu=${(event: MouseEvent) => this.#contextMenu(event, record.id)}>
      <td class="tight">${this.#checkbox(record)}</td>
      <th scope="row">${this.#link(record)}</th>
      <td>${this.#badge(record)}</td>
      <td class="number">${row.cpu === undefined ? unknown : formatShare(row.cpu)}</td>
      <td class="number">${this.#memory(row)}</td>
      <td class="number">${row.received === undefined ? unknown : text.table.rate(formatBytes(row.received))}</td>
      <td class="number">${row.sent === undefined ? unknown : text.table.rate(formatBytes(row.sent))}</td>
      <td class="mono">${row.address ?? unknown}</td>
      <td class="number">${row.uptime === undefined ? unknown : formatUptime(row.uptime)}</td>
      <td class="tight">${this.#menuButton(record)}</td>
    </tr>`;
  }

  #cards(rows: readonly InstanceRow[]) {
    return html`<ul class="cards" @keydown=${this.#key}>
      ${repeat(
        rows,
        ({ record }) => record.id,
        (row) => this.#card(row),
      )}
    </ul>`;
  }

  #card(row: InstanceRow) {
    const { record } = row;
    return html`<li class=${this.chosen.has(record.id) ? 'chosen' : ''} data-id=${record.id} @contextmenu=${(event: MouseEvent) => this.#contextMenu(event, record.id)}>
      <div class="line">${this.#checkbox(record)}${this.#link(record)}${this.#badge(record)}${this.#menuButton(record)}</div>
      <div class="line figures">
        ${row.cpu === undefined ? nothing : html`<span>${text.figures.cpu} ${formatShare(row.cpu)}</span>`}
        <span>${this.#memory(row)}</span>
        ${row.address === undefined ? nothing : html`<span class="mono">${row.address}</span>`}
        ${row.uptime === undefined ? nothing : html`<span>${formatUptime(row.uptime)}</span>`}
      </div>
    </li>`;
  }

  #checkbox({ id, name }: InstanceRecord) {
    return html`<input type="checkbox" aria-label=${text.table.select(name)} .checked=${this.chosen.has(id)} @change=${() => this.#toggle(id)} />`;
  }

  #link({ id, name }: InstanceRecord) {
    return html`<a href=${formatRoute({ view: 'machine', id, tab: 'terminal' })} title=${name}>${name}</a>`;
  }

  #badge({ state, task, demand }: InstanceRecord) {
    return html`<strata-state-badge .phase=${state.phase} .action=${task?.action} .asleep=${demand?.asleep}></strata-state-badge>`;
  }

  #memory({ record, memory }: InstanceRow): string {
    const total = formatMemory(record.spec.memoryMiB * 1024 * 1024);
    return memory === undefined ? total : text.list.memory(formatMemory(memory), total);
  }

  #menuButton({ id, name }: InstanceRecord) {
    return html`<button
      class="quiet icon"
      aria-haspopup="menu"
      aria-label=${text.table.menu(name)}
      title=${text.more}
      @click=${(event: Event) => this.#menu(event, id)}
    >
      ${icon('more')}
    </button>`;
  }

  readonly #key = (event: KeyboardEvent): void => {
    const links = [...this.renderRoot.querySelectorAll<HTMLElement>('a')];
    const rows = links.map((link) => link.closest<HTMLElement>('[data-id]'));
    const { target } = event;
    const at = rows.findIndex((row) => row !== null && target instanceof Node && row.contains(target));
    const id = rows[at]?.dataset['id'];
    if (id !== undefined && isMenuKey(event)) this.#menu(event, id);
    else if (id !== undefined && event.key === ' ' && target instanceof HTMLAnchorElement) this.#toggle(id);
    else {
      const next = rovingIndex(event.key, at, links.length, 'vertical');
      if (next === undefined) return;
      links[next]?.focus();
    }
    event.preventDefault();
  };

  #contextMenu(event: MouseEvent, id: InstanceId): void {
    event.preventDefault();
    const back = this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] a`);
    if (back) this.#fire('row-menu', { id, place: new DOMRect(event.clientX, event.clientY), back });
  }

  #menu({ target, currentTarget }: Event, id: InstanceId): void {
    const back = currentTarget instanceof HTMLButtonElement ? currentTarget : target;
    if (back instanceof HTMLElement) this.#fire('row-menu', { id, place: back.getBoundingClientRect(), back });
  }

  #sort(column: Column): void {
    const { order } = this;
    this.order = {
      column,
      descending: order.column === column ? !order.descending : column !== 'name' && numeric.has(column),
    };
  }

  #toggle(id: InstanceId): void {
    const { chosen } = this;
    this.#choose(chosen.has(id) ? [...chosen].filter((each) => each !== id) : [...chosen, id]);
  }

  #choose(ids: readonly InstanceId[]): void {
    this.#fire('choose', ids);
  }

  #fire(type: string, detail: RowMenu | readonly InstanceId[]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

define('strata-instance-table', InstanceTable);
