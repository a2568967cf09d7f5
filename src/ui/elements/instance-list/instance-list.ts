import { css, html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { InstanceId } from '../../../api/instance';
import type { InstanceRecord } from '../../../engine/instance-record';
import type { StatReading } from '../../../engine/stat-sampler';
import { formatMemory, formatShare, formatUptime } from '../../format';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { text } from '../../text';
import { isMenuKey } from '../menu/menu';
import { rovingIndex } from '../roving';
import '../state-badge/state-badge';

/** The instances, one of them selected. Fires `pick` with an id and `row-menu` for its menu. */
export class InstanceList extends StrataElement {
  static override properties = {
    instances: { attribute: false },
    stats: { attribute: false },
    selectedId: { attribute: false },
    now: { attribute: false },
  };
  declare instances: readonly InstanceRecord[];
  declare stats: ReadonlyMap<InstanceId, StatReading>;
  declare selectedId: InstanceId | undefined;
  declare now: number;

  static override styles = [
    baseStyles,
    css`
      [role='listbox'] {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 2px;
        padding: 2px;
      }
      [role='option'] {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 4px;
        padding: var(--s1) 12px;
        border-left: 3px solid transparent;
        border-radius: var(--radius);
        cursor: pointer;
      }
      [role='option']:hover {
        background: var(--hover);
      }
      [aria-selected='true'],
      [aria-selected='true']:hover {
        border-left-color: var(--accent);
        background: var(--selected);
      }
      .top,
      .figures {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--s1);
      }
      strata-state-badge {
        flex: none;
      }
      .name {
        overflow: hidden;
        font-weight: 600;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .figures {
        color: var(--muted);
        font-size: var(--t0);
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      [role='option']:focus-visible {
        outline-offset: -1px;
      }
      @media (forced-colors: active) {
        [role='option'] {
          border-left-color: Canvas;
        }
        [aria-selected='true'] {
          border-left-color: Highlight;
        }
      }
      .none {
        padding: var(--s1) 12px;
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.instances = [];
    this.stats = new Map();
    this.selectedId = undefined;
    this.now = 0;
  }

  override render() {
    if (this.instances.length === 0) return html`<p class="none">${text.list.empty}</p>`;
    const stop = this.instances.find(({ id }) => id === this.selectedId) ?? this.instances[0];
    return html`<div role="listbox" aria-label=${text.list.heading} @keydown=${this.#key}>
      ${this.instances.map((record) => {
        const running = record.state.phase === 'running';
        // Time passes for those alone that run; of a hundred others nothing is looked at again every second.
        const seen = [record, record === stop, record.id === this.selectedId, running && this.stats.get(record.id)];
        return guard([...seen, running && this.now], () => this.#row(record, record === stop));
      })}
    </div>`;
  }

  #row(record: InstanceRecord, stop: boolean) {
    const selected = record.id === this.selectedId;
    return html`<div
      role="option"
      aria-selected=${selected}
      tabindex=${stop ? 0 : -1}
      data-id=${record.id}
      @click=${() => this.#pick(record.id)}
      @contextmenu=${(event: MouseEvent) => this.#contextMenu(event, record.id)}
    >
      <div class="top">
        <span class="name" title=${record.name}>${record.name}</span>
        <strata-state-badge .phase=${record.state.phase} .action=${record.task?.action} .asleep=${record.demand?.asleep}></strata-state-badge>
      </div>
      <div class="figures">${this.#figures(record)}</div>
    </div>`;
  }

  #figures(record: InstanceRecord) {
    const total = formatMemory(record.spec.memoryMiB * 1024 * 1024);
    if (record.state.phase !== 'running') return html`<span>${total}</span>`;
    const reading = this.stats.get(record.id);
    const share = reading?.cpuShare;
    const memory = reading ? text.list.memory(formatMemory(reading.sample.memory.used), total) : total;
    return html`
      <span>${text.figures.cpu} ${share === undefined ? text.figures.unknown : formatShare(share)}</span>
      <span>${memory}</span>
      ${record.runningSince === undefined ? nothing : html`<span>${formatUptime(this.now - record.runningSince)}</span>`}
    `;
  }

  readonly #key = (event: KeyboardEvent): void => {
    const focused = event.target instanceof HTMLElement ? event.target.dataset['id'] : undefined;
    const at = this.instances.findIndex((record) => record.id === focused);
    const here = this.instances[at];
    if (here && (isMenuKey(event) || event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      if (isMenuKey(event)) this.#menu(here.id);
      else this.#pick(here.id);
      return;
    }
    const next = rovingIndex(event.key, at, this.instances.length, 'vertical');
    const record = next === undefined ? undefined : this.instances[next];
    if (!record) return;
    event.preventDefault();
    this.#pick(record.id);
    this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(record.id)}"]`)?.focus();
  };

  #contextMenu(event: MouseEvent, id: InstanceId): void {
    event.preventDefault();
    this.#menu(id, new DOMRect(event.clientX, event.clientY));
  }

  #menu(id: InstanceId, place?: DOMRect): void {
    const back = this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
    if (!back) return;
    const detail = { id, place: place ?? back.getBoundingClientRect(), back };
    this.dispatchEvent(new CustomEvent('row-menu', { detail }));
  }

  #pick(id: InstanceId): void {
    this.dispatchEvent(new CustomEvent('pick', { detail: id }));
  }
}

define('strata-instance-list', InstanceList);
