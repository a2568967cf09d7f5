import { signal } from '@preact/signals-core';
import { css, html, nothing, type TemplateResult } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { InstanceRecord } from '../../../engine/instance-record';
import { estimateStorage, type StorageEstimate } from '../../../storage/quota';
import { formatMemory, formatShare } from '../../format';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, tableStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { tabText } from '../../text/tab';

const mebibyte = 1024 * 1024;

/** How old what the browser says of storage may be, milliseconds. */
const estimateMs = 5000;

/** What everything stands on: the tab, with its workers, its memory, its storage, and other tabs that help. */
export class TabView extends StrataElement {
  static override properties = { store: { attribute: false } };
  declare store: Store | undefined;
  readonly #storage = signal<StorageEstimate | undefined>(undefined);
  #estimatedAt = 0;

  static override styles = [
    baseStyles,
    tableStyles,
    viewStyles,
    css`
      .about {
        max-width: 90ch;
        margin-bottom: var(--s2);
        color: var(--muted);
        font-size: var(--t1);
      }
      .grid {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(360px, 100%), 1fr));
        align-items: start;
        gap: var(--s2);
        margin-bottom: var(--s2);
      }
      .panel > h3 {
        padding: 12px var(--s2);
        border-bottom: 1px solid var(--line);
      }
      dl {
        display: grid;
        grid-template-columns: minmax(110px, 1fr) minmax(0, 1fr);
        gap: 8px var(--s2);
        padding: var(--s2);
        font-size: var(--t1);
      }
      dt {
        color: var(--muted);
      }
      dd {
        font-variant-numeric: tabular-nums;
        text-align: right;
      }
      .panel ul {
        display: grid;
        gap: var(--s0);
        padding: var(--s2);
        font-size: var(--t1);
      }
      tbody tr:last-child > * {
        border-bottom: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    this.#estimate(store.now.value);
    return html`
      <div class="top"><h2>${tabText.heading}</h2></div>
      <p class="about">${tabText.about}</p>
      <div class="grid">
        ${panel(tabText.processor, this.#processor(store))} ${panel(tabText.memory, this.#memory(store))}
        ${panel(tabText.storage, this.#stored(store))} ${panel(tabText.hosts, this.#hosts(store))}
      </div>
      ${panel(tabText.list, this.#workers(store))}
    `;
  }

  /** With the page's clock, which stands while nobody sees the page. */
  #estimate(now: number): void {
    if (now - this.#estimatedAt < estimateMs) return;
    this.#estimatedAt = now;
    void estimateStorage().then((estimate) => {
      this.#storage.value = estimate;
    });
  }

  #processor(store: Store) {
    const cores = navigator.hardwareConcurrency;
    const used = running(store).reduce((sum, { id }) => sum + (store.series.value.get(id)?.points.at(-1)?.cpu ?? 0), 0);
    return facts([
      [tabText.cores, `${cores}`],
      [tabText.used, tabText.ofCores(used.toFixed(2), cores)],
      [tabText.isolation, crossOriginIsolated ? tabText.isolated : tabText.notIsolated],
    ]);
  }

  #memory(store: Store) {
    // Not in all browsers (W3C Device Memory).
    const { deviceMemory } = navigator as Navigator & { readonly deviceMemory?: number };
    const given = running(store).reduce((sum, { spec }) => sum + spec.memoryMiB * mebibyte, 0);
    return facts([
      [tabText.device, deviceMemory === undefined ? tabText.unknown : tabText.deviceGiB(deviceMemory)],
      [tabText.given, formatMemory(given)],
    ]);
  }

  #stored(store: Store) {
    const estimate = this.#storage.value;
    return facts([
      [tabText.stored, estimate ? formatBytes(estimate.usage) : tabText.unknown],
      [tabText.quota, estimate ? formatBytes(estimate.quota) : tabText.unknown],
      [tabText.lasting, store.storage.value.persistent ? tabText.lasts : tabText.lastsNot],
    ]);
  }

  #hosts({ hosts }: Store) {
    if (hosts.length === 0) return html`<p class="none">${tabText.noHosts}</p>`;
    return html`<ul>${hosts.map(({ label }) => html`<li>${label}</li>`)}</ul>`;
  }

  #workers(store: Store) {
    const all = running(store);
    if (all.length === 0) return html`<p class="none">${tabText.none}</p>`;
    const { columns } = tabText;
    const shared = all.filter(({ spec }) => spec.kind === 'unikernel');
    const own = all.filter(({ spec }) => spec.kind !== 'unikernel');
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${tabText.list}>
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.worker}</th>
            <th scope="col">${columns.runs}</th>
            <th scope="col" class="number">${columns.cpu}</th>
            <th scope="col" class="number">${columns.memory}</th>
          </tr>
        </thead>
        <tbody>
          ${own.map((record) => this.#row(store, tabText.own[record.spec.kind], [record]))}
          ${shared.length === 0 ? nothing : this.#row(store, tabText.own.unikernel, shared)}
        </tbody>
      </table>
    </div>`;
  }

  #row(store: Store, worker: string, records: readonly InstanceRecord[]) {
    const points = records.flatMap(({ id }) => store.series.value.get(id)?.points.at(-1) ?? []);
    const sum = (key: 'cpu' | 'memory'): number => points.reduce((total, point) => total + point[key], 0);
    // Of a program of WASI nothing is known but what it may have.
    const known = points.length > 0;
    const given = records.reduce((total, { spec }) => total + spec.memoryMiB * mebibyte, 0);
    return html`<tr>
      <th scope="row">${worker}</th>
      <td>
        ${records.map(
          ({ id, name }, index) =>
            html`${index > 0 ? ', ' : nothing}<a href=${formatRoute({ view: 'machine', id, tab: 'summary' })}>${name}</a>`,
        )}
      </td>
      <td class="number">${known ? formatShare(sum('cpu')) : text.figures.unknown}</td>
      <td class="number">${known ? formatBytes(sum('memory')) : formatMemory(given)}</td>
    </tr>`;
  }
}

function running(store: Store): readonly InstanceRecord[] {
  return store.instances.value.filter(({ state }) => state.phase === 'running');
}

function panel(heading: string, body: TemplateResult) {
  return html`<section class="panel"><h3>${heading}</h3>${body}</section>`;
}

function facts(rows: readonly (readonly [what: string, value: string])[]) {
  return html`<dl>${rows.map(([what, value]) => html`<dt>${what}</dt><dd>${value}</dd>`)}</dl>`;
}

define('strata-tab-view', TabView);
