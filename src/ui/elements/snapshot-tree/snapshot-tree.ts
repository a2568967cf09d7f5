import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { SnapshotId, SnapshotRecord } from '../../../api/snapshot';
import { formatBytes } from '../../../base/bytes';
import { formatDateTime } from '../../format';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { snapshotText } from '../../text/snapshots';
import { icon, iconStyles } from '../icon/icon';
import { isMenuKey } from '../menu/menu';
import { rovingIndex } from '../roving';
import { type SnapshotRow, snapshotRows } from './snapshot-rows';

/** What a line of the tree wants its menu for, and where. */
export interface SnapshotMenu {
  readonly id: SnapshotId;
  readonly place: DOMRect;
  readonly back: HTMLElement;
}

/**
 * Snapshots as a tree, after the ARIA authoring practices (tree view): up and down move, right opens and goes
 * in, left closes and goes out. Fires `pick` with an id and `row-menu` with a {@link SnapshotMenu}.
 */
export class SnapshotTree extends StrataElement {
  static override properties = {
    records: { attribute: false },
    label: { attribute: false },
    current: { attribute: false },
    here: { attribute: false },
    machines: { attribute: false },
    closed: { state: true },
  };
  declare records: readonly SnapshotRecord[];
  declare label: string;
  declare current: SnapshotId | undefined;
  /** What the machine stands on, where the tree is one machine's. */
  declare here: SnapshotId | undefined;
  /** Says whose a snapshot is, where the tree has those of several machines. */
  declare machines: ((record: SnapshotRecord) => string) | undefined;
  declare private closed: ReadonlySet<SnapshotId>;

  static override styles = [
    baseStyles,
    iconStyles,
    css`
      [role='tree'] {
        padding: var(--s0);
      }
      [role='treeitem'] {
        display: flex;
        align-items: center;
        gap: var(--s1);
        min-height: 36px;
        padding: 0 var(--s1);
        border-radius: var(--radius);
        font-size: var(--t1);
        cursor: pointer;
      }
      [role='treeitem']:hover {
        background: var(--hover);
      }
      [role='treeitem'][aria-selected='true'] {
        background: var(--selected);
      }
      [role='treeitem']:focus-visible {
        outline-offset: -2px;
      }
      .lines {
        display: flex;
        flex: none;
        align-self: stretch;
      }
      .lines span {
        position: relative;
        width: 18px;
      }
      .lines .through::before,
      .lines .elbow::before {
        position: absolute;
        top: 0;
        bottom: 0;
        left: 8px;
        border-left: 1px solid var(--line-strong);
        content: '';
      }
      .lines .elbow.last::before {
        bottom: 50%;
      }
      .lines .elbow::after {
        position: absolute;
        top: 50%;
        right: 0;
        left: 8px;
        border-top: 1px solid var(--line-strong);
        content: '';
      }
      .twist {
        flex: none;
        display: inline-grid;
        place-items: center;
        width: 16px;
        color: var(--muted);
      }
      .twist .icon {
        transition: transform var(--quick);
      }
      [aria-expanded='false'] .twist .icon {
        transform: rotate(-90deg);
      }
      .name {
        overflow: hidden;
        font-weight: 600;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .aside {
        overflow: hidden;
        color: var(--muted);
        font-size: var(--t0);
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .here {
        display: inline-flex;
        flex: none;
        align-items: center;
        gap: 4px;
        color: var(--good);
        font-size: var(--t0);
      }
      .facts {
        flex: none;
        margin-left: auto;
        color: var(--muted);
        font-size: var(--t0);
        font-variant-numeric: tabular-nums;
      }
      @media (max-width: 720px) {
        .time {
          display: none;
        }
      }
      @media (forced-colors: active) {
        [role='treeitem'][aria-selected='true'] {
          outline: 2px solid Highlight;
          outline-offset: -2px;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.records = [];
    this.label = '';
    this.current = undefined;
    this.here = undefined;
    this.machines = undefined;
    this.closed = new Set();
  }

  override render() {
    const rows = snapshotRows(this.records, this.closed);
    const stop = rows.some(({ record }) => record.id === this.current) ? this.current : rows[0]?.record.id;
    return html`<div role="tree" aria-label=${this.label} @keydown=${this.#key}>
      ${repeat(
        rows,
        ({ record }) => record.id,
        (row) => this.#row(row, row.record.id === stop),
      )}
    </div>`;
  }

  #row(row: SnapshotRow, stop: boolean) {
    const { record } = row;
    const machine = this.machines?.(record);
    return html`<div
      role="treeitem"
      aria-level=${row.level}
      aria-posinset=${row.position}
      aria-setsize=${row.siblings}
      aria-expanded=${row.children > 0 ? row.expanded : nothing}
      aria-selected=${record.id === this.current}
      tabindex=${stop ? 0 : -1}
      data-id=${record.id}
      @click=${(event: Event) => this.#click(event, row)}
      @contextmenu=${(event: MouseEvent) => this.#contextMenu(event, record.id)}
    >
      <span class="lines" aria-hidden="true">${row.lines.slice(1).map((more, index, all) => linePart(more, index === all.length - 1))}</span>
      <span class="twist">${row.children > 0 ? icon('chevron') : icon('snapshot')}</span>
      <span class="name">${record.name}</span>
      ${machine ? html`<span class="aside">${machine}</span>` : nothing}
      ${record.id === this.here ? html`<span class="here">${icon('here')}${snapshotText.now}</span>` : nothing}
      <span class="facts"><span class="time">${formatDateTime(record.createdAt)}, </span>${formatBytes(record.size)}</span>
    </div>`;
  }

  readonly #key = (event: KeyboardEvent): void => {
    const rows = snapshotRows(this.records, this.closed);
    const focused = event.target instanceof HTMLElement ? event.target.dataset['id'] : undefined;
    const at = rows.findIndex(({ record }) => record.id === focused);
    const row = rows[at];
    if (!row) return;
    const { id } = row.record;
    if (isMenuKey(event)) this.#menu(id);
    else if (event.key === 'Enter' || event.key === ' ') this.#pick(id);
    else if (event.key === 'ArrowRight') this.#goIn(row, rows[at + 1]);
    else if (event.key === 'ArrowLeft') this.#goOut(row);
    else {
      const next = rovingIndex(event.key, at, rows.length, 'vertical');
      if (next === undefined) return;
      this.#pick(rows[next]?.record.id);
    }
    event.preventDefault();
  };

  #goIn(row: SnapshotRow, next: SnapshotRow | undefined): void {
    if (row.children === 0) return;
    if (!row.expanded) this.#setClosed(row.record.id, false);
    else this.#pick(next?.record.id);
  }

  #goOut(row: SnapshotRow): void {
    if (row.expanded) this.#setClosed(row.record.id, true);
    else this.#pick(row.parent);
  }

  #click(event: Event, row: SnapshotRow): void {
    const { target } = event;
    if (row.children > 0 && target instanceof Element && target.closest('.twist')) {
      this.#setClosed(row.record.id, row.expanded);
    } else this.#pick(row.record.id);
  }

  #setClosed(id: SnapshotId, closed: boolean): void {
    const rest = [...this.closed].filter((each) => each !== id);
    this.closed = new Set(closed ? [...rest, id] : rest);
  }

  async #pick(id: SnapshotId | undefined): Promise<void> {
    if (id === undefined) return;
    this.dispatchEvent(new CustomEvent('pick', { detail: id }));
    await this.updateComplete;
    this.#item(id)?.focus();
  }

  #contextMenu(event: MouseEvent, id: SnapshotId): void {
    event.preventDefault();
    this.#menu(id, new DOMRect(event.clientX, event.clientY));
  }

  #menu(id: SnapshotId, place?: DOMRect): void {
    const back = this.#item(id);
    if (!back) return;
    const detail: SnapshotMenu = { id, place: place ?? back.getBoundingClientRect(), back };
    this.dispatchEvent(new CustomEvent('row-menu', { detail }));
  }

  #item(id: SnapshotId): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
  }
}

/** One column of the lines that join parents and children. */
function linePart(more: boolean, own: boolean) {
  if (own) return html`<span class="elbow ${more ? '' : 'last'}"></span>`;
  return html`<span class=${more ? 'through' : ''}></span>`;
}

define('strata-snapshot-tree', SnapshotTree);
