import { css, html, nothing } from 'lit';
import type { InstanceId } from '../../../api/instance';
import type { SnapshotId, SnapshotRecord } from '../../../api/snapshot';
import { formatBytes } from '../../../base/bytes';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/inline-edit/inline-edit';
import { type MenuItem, requestMenu } from '../../elements/menu/menu';
import '../../elements/snapshot-tree/snapshot-tree';
import type { SnapshotMenu } from '../../elements/snapshot-tree/snapshot-tree';
import { formatDateTime, formatMemory } from '../../format';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { snapshotText } from '../../text/snapshots';

type SnapshotAction = 'restore' | 'clone' | 'export' | 'delete';

const icons: Readonly<Record<SnapshotAction, IconName>> = {
  restore: 'reset',
  clone: 'clone',
  export: 'download',
  delete: 'remove',
};

/** The tree of snapshots, of one instance or of all, with what is known of the one that is selected. */
export class SnapshotsView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    instance: { attribute: false },
    current: { state: true },
  };
  declare store: Store | undefined;
  /** Shows this instance's snapshots only; all when undefined. */
  declare instance: InstanceId | undefined;
  declare private current: SnapshotId | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    viewStyles,
    css`
      .columns {
        display: grid;
        grid-template-columns: minmax(0, 3fr) minmax(260px, 2fr);
        align-items: start;
        gap: var(--s2);
      }
      .details {
        display: grid;
        gap: var(--s2);
        padding: var(--s2);
      }
      .details h3 {
        font-size: var(--t3);
      }
      .details > p {
        color: var(--muted);
      }
      dl {
        display: grid;
        grid-template-columns: max-content 1fr;
        gap: 6px var(--s2);
        font-size: var(--t1);
      }
      dt {
        color: var(--muted);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
      }
      .danger {
        color: var(--bad);
      }
      input[type='file'] {
        display: none;
      }
      @media (max-width: 900px) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.instance = undefined;
    this.current = undefined;
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const records = this.#records(store);
    return html`
      ${this.#top(store)}
      ${records.length === 0 ? this.#none() : this.#columns(store, records)}
    `;
  }

  #records(store: Store): readonly SnapshotRecord[] {
    // What the page keeps for a reload is its own business.
    const all = store.snapshots.value.filter(({ automatic }) => !automatic);
    if (this.instance === undefined) return all;
    const here = store.instances.value.find(({ id }) => id === this.instance)?.snapshot;
    const own = new Set(all.filter(({ instance }) => instance === this.instance).map(({ id }) => id));
    // What a clone stands on belongs to its tree, with everything before it.
    const known = new Map(all.map((record) => [record.id, record]));
    for (const start of [...own, here]) {
      for (let id = start; id !== undefined && known.has(id); id = known.get(id)?.parent) {
        if (id !== start && own.has(id)) break;
        own.add(id);
      }
    }
    return all.filter(({ id }) => own.has(id));
  }

  #top(store: Store) {
    const snapshots = snapshotText;
    const record = store.instances.value.find(({ id }) => id === this.instance);
    const able = record && !record.task && (record.state.phase === 'running' || record.state.phase === 'paused');
    return html`<div class="top">
      <h2>${snapshots.heading}</h2>
      <div class="buttons">
        ${
          this.instance === undefined
            ? html`<button title=${snapshots.importHint} @click=${() => this.renderRoot.querySelector('input')?.click()}>${icon('upload')}${snapshots.import}</button>
                <input type="file" aria-label=${snapshots.importHint} @change=${this.#import} />`
            : nothing
        }
        ${
          record
            ? html`<button class="filled" ?disabled=${!able} @click=${() => store.ask({ kind: 'snapshot', id: record.id })}>
                ${icon('snapshot')}${snapshots.take}
              </button>`
            : nothing
        }
      </div>
    </div>`;
  }

  #none() {
    return html`<div class="panel none"><p>${snapshotText.none}</p><p>${snapshotText.noneDetail}</p></div>`;
  }

  #columns(store: Store, records: readonly SnapshotRecord[]) {
    const snapshots = snapshotText;
    const machine = store.instances.value.find(({ id }) => id === this.instance);
    const current = records.find(({ id }) => id === this.current);
    return html`<div class="columns">
      <div class="panel">
        <strata-snapshot-tree
          .records=${records}
          .label=${machine ? snapshots.treeOf(machine.name) : snapshots.tree}
          .current=${this.current}
          .here=${machine?.snapshot}
          .machines=${this.instance === undefined ? (record: SnapshotRecord) => snapshots.of(record.spec.name) : undefined}
          @pick=${(event: CustomEvent<SnapshotId>) => {
            this.current = event.detail;
          }}
          @row-menu=${(event: CustomEvent<SnapshotMenu>) => this.#menu(store, event.detail)}
        ></strata-snapshot-tree>
      </div>
      <section class="panel details" aria-label=${snapshots.details}>
        ${current ? this.#details(store, current) : html`<p>${snapshots.pick}</p>`}
      </section>
    </div>`;
  }

  #details(store: Store, record: SnapshotRecord) {
    const snapshots = snapshotText;
    const { id, name, notes, createdAt, size, spec, disks } = record;
    return html`
      <h3>
        <strata-inline-edit
          .value=${name}
          .label=${snapshots.name}
          .edit=${text.machine.rename}
          @change-text=${(event: CustomEvent<string>) => store.snapshotVerbs.describe(id, { name: event.detail })}
        ></strata-inline-edit>
      </h3>
      <dl>
        <dt>${snapshots.machine}</dt>
        <dd>${spec.name}</dd>
        <dt>${snapshots.time}</dt>
        <dd>${formatDateTime(createdAt)}</dd>
        <dt>${snapshots.size}</dt>
        <dd>${snapshots.sizeDetail(formatBytes(size))}</dd>
        <dt>${snapshots.memory}</dt>
        <dd>${formatMemory(spec.memoryMiB * 1024 * 1024)}</dd>
        <dt>${snapshots.disks}</dt>
        <dd>${snapshots.diskCount(disks.length)}</dd>
      </dl>
      <label class="field">
        <span>${snapshots.notes}</span>
        <textarea rows="4" maxlength="4000" .value=${notes} @change=${(event: Event) => this.#noted(store, record, event)}></textarea>
      </label>
      <div class="buttons" role="toolbar" aria-label="${snapshots.actions} ${name}">
        ${this.#actions(store, record).map(
          (
            action,
          ) => html`<button class=${action === 'delete' ? 'danger' : ''} title=${snapshots[`${action}Hint`]} @click=${() => this.#act(store, record, action)}>
            ${icon(icons[action])}${snapshots[action]}
          </button>`,
        )}
      </div>
      ${this.#target(store, record) ? nothing : html`<p class="hint">${snapshots.restoreGone}</p>`}
    `;
  }

  /** The machine that a restore would put back: the one in view, else the one it was taken of. */
  #target(store: Store, { instance }: SnapshotRecord) {
    const id = this.instance ?? instance;
    return store.instances.value.find((each) => each.id === id);
  }

  #actions(store: Store, record: SnapshotRecord): readonly SnapshotAction[] {
    const target = this.#target(store, record);
    return [...(target && !target.task ? (['restore'] as const) : []), 'clone', 'export' as const, 'delete'];
  }

  #act(store: Store, record: SnapshotRecord, action: string): void {
    const snapshots = snapshotText;
    const { id, name } = record;
    const target = this.#target(store, record);
    if (action === 'clone') store.ask({ kind: 'clone', source: { snapshot: id }, name });
    else if (action === 'export') store.snapshotVerbs.export(id);
    else if (action === 'delete') {
      store.ask({
        kind: 'confirm',
        title: snapshots.deleteTitle(name),
        body: snapshots.deleteBody,
        action: snapshots.delete,
        run: () => store.snapshotVerbs.delete(id),
      });
    } else if (action === 'restore' && target) {
      store.ask({
        kind: 'confirm',
        title: snapshots.restoreTitle(target.name, name),
        body: snapshots.restoreBody,
        action: snapshots.restore,
        run: () => store.snapshotVerbs.restore(target.id, id),
      });
    }
  }

  #menu(store: Store, { id, place, back }: SnapshotMenu): void {
    const record = store.snapshots.value.find((each) => each.id === id);
    if (!record) return;
    this.current = id;
    const items: readonly MenuItem[] = this.#actions(store, record).map((action) => ({
      id: action,
      label: snapshotText[action],
      icon: icons[action],
      ...(action === 'delete' && { danger: true }),
    }));
    const pick = (picked: string): void => this.#act(store, record, picked);
    requestMenu(this, { label: text.table.menu(record.name), items, place, back, pick });
  }

  #noted(store: Store, { id }: SnapshotRecord, { target }: Event): void {
    if (target instanceof HTMLTextAreaElement) store.snapshotVerbs.describe(id, { notes: target.value });
  }

  readonly #import = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return;
    const [file] = target.files ?? [];
    if (file) this.store?.snapshotVerbs.import(file);
    // So that the same file can be chosen again.
    target.value = '';
  };
}

define('strata-snapshots-view', SnapshotsView);
