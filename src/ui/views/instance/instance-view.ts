import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { InstanceRecord } from '../../../engine/instance-record';
import { imageLabel } from '../../../engine/unikernel-library';
import '../../elements/inline-edit/inline-edit';
import '../../elements/instance-figures/instance-figures';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/menu-button/menu-button';
import type { PickEvent } from '../../elements/menu-button/menu-button';
import '../../elements/state-badge/state-badge';
import { formatRoute, type InstanceTab, instanceTabs } from '../../route';
import { ShownEntry } from '../../shown-entry';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import { type AskedAction, actionIcons, actionsOf, actOn, instanceMenu } from './instance-actions';
import { instanceViewStyles } from './instance-view.styles';

/** Actions with a button of their own; the menu has all. */
const shownActions: ReadonlySet<AskedAction> = new Set(['start', 'stop', 'pause', 'resume', 'snapshot', 'clone']);

/** What only some visits need comes when it is asked for. */
export const instanceParts: Partial<Record<InstanceTab, () => Promise<unknown>>> = {
  summary: () => import('./instance-summary'),
  stats: () => import('./instance-stats'),
  processes: () => import('./instance-processes'),
  files: () => import('./instance-files'),
  network: () => import('./instance-network'),
  inspect: () => import('./instance-inspect'),
  screen: () => import('../screen/screen-view'),
  ports: () => import('../ports/ports-view'),
  snapshots: () => import('../snapshots/snapshots-view'),
  log: () => import('../../elements/start-log/start-log'),
};

/** One instance: what it is, what it does now, what can be done to it. Its terminals are in the dock below. */
export class InstanceView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    record: { attribute: false },
    tab: { attribute: false },
  };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;
  declare tab: InstanceTab;

  static override styles = [baseStyles, buttonStyles, iconStyles, instanceViewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
    this.tab = 'terminal';
    this.addController(new ShownEntry(this));
  }

  override render() {
    const { store, record } = this;
    if (!store || !record) return nothing;
    const { phase } = record.state;
    const reason = reasonOf(record);
    return html`
      <header>
        <div class="name">
          <h2 tabindex="-1">
            <strata-inline-edit
              .value=${record.name}
              .label=${text.machine.nameLabel}
              .edit=${text.machine.rename}
              @change-text=${(event: CustomEvent<string>) => store.rename(record.id, event.detail)}
            ></strata-inline-edit>
          </h2>
          <strata-state-badge .phase=${phase} .action=${record.task?.action} .asleep=${record.demand?.asleep}></strata-state-badge>
          <span class="kind">${describe(record)}</span>
        </div>
        <div class="actions" role="toolbar" aria-label="${text.actionsLabel} ${record.name}">${this.#buttons(store, record)}</div>
        ${reason ? html`<p class=${phase === 'failed' ? 'reason bad' : 'reason'}>${reason}${phase === 'failed' ? html`. ${(record.demand ? text.unikernels.demand : record.spec.kind === 'vm' ? text.machine : text.unikernels).nextFailed}` : nothing}</p>` : nothing}
        ${
          phase === 'running' || phase === 'paused'
            ? html`<strata-instance-figures .record=${record} .reading=${store.stats.value.get(record.id)} .now=${store.now.value}></strata-instance-figures>`
            : nothing
        }
      </header>
      <nav aria-label=${text.machine.views}>
        ${instanceTabs
          .filter((tab) => hasTab(record, tab))
          .map(
            (tab) =>
              html`<a href=${formatRoute({ view: 'machine', id: record.id, tab })} aria-current=${tab === this.tab ? 'page' : nothing}>${text.machine.tabs[tab]}</a>`,
          )}
      </nav>
      ${this.tab === 'terminal' ? nothing : html`<div class="view">${this.#view(store, record)}</div>`}
    `;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('tab')) return;
    instanceParts[this.tab]?.().catch((error: unknown) => this.store?.report(text.notLoaded, error));
  }

  #view(store: Store, record: InstanceRecord) {
    if (this.tab === 'summary')
      return html`<strata-instance-summary
        tabindex="0"
        role="region"
        aria-label="${text.machine.tabs.summary}: ${record.name}"
        .store=${store}
        .record=${record}
      ></strata-instance-summary>`;
    if (this.tab === 'stats')
      return html`<strata-instance-stats .store=${store} .record=${record}></strata-instance-stats>`;
    if (this.tab === 'processes')
      return html`<strata-instance-processes .store=${store} .record=${record} .now=${store.now.value}></strata-instance-processes>`;
    if (this.tab === 'files')
      return html`<strata-instance-files .store=${store} .record=${record}></strata-instance-files>`;
    if (this.tab === 'network')
      return html`<strata-instance-network .store=${store} .record=${record}></strata-instance-network>`;
    if (this.tab === 'inspect') return html`<strata-instance-inspect .record=${record}></strata-instance-inspect>`;
    if (this.tab === 'screen') return html`<strata-screen-view .store=${store} .record=${record}></strata-screen-view>`;
    if (this.tab === 'ports') return html`<strata-ports-view .store=${store} .record=${record}></strata-ports-view>`;
    if (this.tab === 'snapshots')
      return html`<strata-snapshots-view .store=${store} .instance=${record.id}></strata-snapshots-view>`;
    const starts = new Set(['start', 'reset', 'restore', 'recover', 'clone']);
    const task = store.tasks.value.find((each) => each.subject === record.name && starts.has(each.kind));
    return html`<strata-start-log .record=${record} .task=${task} .source=${store.instance(record.id)}></strata-start-log>`;
  }

  /** Keyed, so that a button never turns into another under a finger or in the middle of a transition. */
  #buttons(store: Store, record: InstanceRecord) {
    const { task } = record;
    if (task?.action === 'remove') {
      return html`<button class="filled" @click=${() => store.cancel(task.id)}>${text.tasks.undo}</button>`;
    }
    const able = actionsOf(record);
    const shown = able.filter((action) => shownActions.has(action));
    return html`
      ${repeat(
        shown.length > 0 ? shown : able,
        (action) => action,
        (action) => this.#button(store, record, action),
      )}
      <strata-menu-button
        .label=${`${text.more}: ${text.table.menu(record.name)}`}
        .words=${text.more}
        .align=${'end'}
        .items=${instanceMenu(store, record).filter(({ id }) => id !== 'open')}
        @pick=${(event: PickEvent) => actOn(store, record, event.detail)}
      ></strata-menu-button>
    `;
  }

  #button(store: Store, record: InstanceRecord, action: AskedAction) {
    const filled = action === 'start' || action === 'resume' ? 'filled' : '';
    return html`<button class=${filled} data-action=${action} title=${text.actionHints[action]} @click=${() => actOn(store, record, action)}>
      ${icon(actionIcons[action])}<span>${text.actions[action]}</span>
    </button>`;
  }
}

function hasTab({ abilities }: InstanceRecord, tab: InstanceTab): boolean {
  if (tab === 'snapshots') return abilities.has('checkpoint');
  if (tab === 'processes' || tab === 'files') return abilities.has('exec');
  return tab !== 'screen' || abilities.has('screen');
}

/** Why it does not run, and what has to happen so that it does. */
function reasonOf({ state: { phase, exit, error }, demand }: InstanceRecord): string | undefined {
  if (error) return error.message;
  if (!demand?.asleep) return phase === 'stopped' ? exit?.reason : undefined;
  const { demand: words } = text.unikernels;
  const own = exit && exit.code !== 0 ? `${exit.reason}. ` : '';
  return `${own}${words.sleeps} ${words.wakes(demand.wakes, demand.lastWakeMs)}`.trim();
}

/** "64 MB, virtio devices, 10.0.0.2". */
function describe({ spec, nics }: InstanceRecord): string {
  const addresses = nics.map(({ address }) => address);
  const { kinds } = text.machine;
  if (spec.kind !== 'vm') return [kinds[spec.kind], imageLabel(spec.image), ...addresses].join(', ');
  const parts: string[] = [`${spec.memoryMiB} MB`, kinds[spec.devices]];
  if (spec.containerHost) parts.push(kinds.host);
  if (spec.firmware) parts.push(kinds.ownDisks);
  return [...parts, ...addresses].join(', ');
}

define('strata-instance-view', InstanceView);
