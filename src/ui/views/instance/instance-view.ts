import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { InstancePhase } from '../../../api/instance';
import '../../elements/instance-figures/instance-figures';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/start-log/start-log';
import '../../elements/state-badge/state-badge';
import '../../elements/tab-list/tab-list';
import type { TabList } from '../../elements/tab-list/tab-list';
import '../../elements/terminal/terminal';
import type { InstanceRecord, LabAction } from '../../../engine/lab';
import type { TerminalElement } from '../../elements/terminal/terminal';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import { actionsByPhase } from './instance-actions';
import { instanceViewStyles } from './instance-view.styles';

const icons: Record<LabAction, IconName> = {
  start: 'start',
  stop: 'stop',
  kill: 'kill',
  pause: 'pause',
  resume: 'start',
  reset: 'reset',
  remove: 'remove',
};

const tabs = [
  { id: 'terminal', label: text.tabs.terminal },
  { id: 'log', label: text.tabs.log },
] as const;

const off: Partial<Record<InstancePhase, string>> = text.terminal.off;

/** One instance: what it is, what it does now, what can be done to it, and its terminal. */
export class InstanceView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    record: { attribute: false },
    scheme: { attribute: false },
    tab: { state: true },
  };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;
  declare scheme: 'light' | 'dark';
  declare private tab: string;

  static override styles = [baseStyles, buttonStyles, iconStyles, instanceViewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
    this.scheme = 'dark';
    this.tab = 'terminal';
  }

  /** Puts the focus into the terminal, where a person who made a machine wants to be. */
  async focusTerminal(): Promise<void> {
    await this.updateComplete;
    const terminal = this.renderRoot.querySelector<TerminalElement>('strata-terminal');
    await terminal?.updateComplete;
    terminal?.focus();
  }

  override render() {
    const { store, record } = this;
    if (!store || !record) return nothing;
    const removing = record.task?.action === 'remove';
    const { phase, exit, error } = record.state;
    const reason = error?.message ?? (phase === 'stopped' ? exit?.reason : undefined);
    return html`
      <header>
        <div class="name">
          <h2>${record.name}</h2>
          <strata-state-badge .phase=${phase} .removing=${removing}></strata-state-badge>
          <span class="kind">${describe(record)}</span>
        </div>
        <div class="actions" role="toolbar" aria-label="${text.actionsLabel} ${record.name}">
          ${removing ? this.#undo(record) : this.#buttons(phase, record)}
        </div>
        ${reason ? html`<p class=${phase === 'failed' ? 'reason bad' : 'reason'}>${reason}</p>` : nothing}
        ${phase === 'running' || phase === 'paused' ? this.#figures(store, record) : nothing}
      </header>
      <strata-tab-list .tabs=${tabs} .current=${this.tab} .label=${text.tabs.label} @pick=${(event: CustomEvent<string>) => this.#pick(event.detail)}>
        ${this.tab === 'terminal' ? this.#terminal(store, record) : this.#log(store, record)}
      </strata-tab-list>
    `;
  }

  #figures(store: Store, record: InstanceRecord) {
    return html`<strata-instance-figures
      .record=${record}
      .reading=${store.stats.value.get(record.id)}
      .now=${store.now.value}
    ></strata-instance-figures>`;
  }

  /** Keyed, so that a button never turns into another under a finger or in the middle of a transition. */
  #buttons(phase: InstancePhase, record: InstanceRecord) {
    return repeat(
      actionsByPhase[phase],
      (action) => action,
      (action) => this.#button(action, record),
    );
  }

  #button(action: LabAction, record: InstanceRecord) {
    const busy = record.task !== undefined && action !== 'kill' && action !== 'remove';
    const filled = action === 'start' || action === 'resume' ? 'filled' : '';
    return html`<button
      class=${filled}
      data-action=${action}
      title=${text.actionHints[action]}
      ?disabled=${busy}
      @click=${() => this.store?.act(action, record.id)}
    >
      ${icon(icons[action])}<span>${text.actions[action]}</span>
    </button>`;
  }

  #undo(record: InstanceRecord) {
    return html`<button class="filled" @click=${() => record.task && this.store?.cancel(record.task.id)}>${text.tasks.undo}</button>`;
  }

  #terminal(store: Store, record: InstanceRecord) {
    const { fontSize, screenReader } = store.settings.values.value;
    return html`<strata-terminal
      .source=${store.instance(record.id)}
      .label=${text.terminal.label(record.name)}
      .scheme=${this.scheme}
      .fontSize=${fontSize}
      .screenReader=${screenReader}
      .off=${off[record.state.phase]}
      @leave=${() => this.renderRoot.querySelector<TabList>('strata-tab-list')?.focusTab()}
      @font-size=${(event: CustomEvent<number>) => store.settings.change({ fontSize: event.detail })}
      @screen-reader=${(event: CustomEvent<boolean>) => store.settings.change({ screenReader: event.detail })}
    ></strata-terminal>`;
  }

  #log(store: Store, record: InstanceRecord) {
    const task = store.tasks.value.find(
      (each) => each.subject === record.name && (each.kind === 'start' || each.kind === 'reset'),
    );
    return html`<strata-start-log .record=${record} .task=${task} .source=${store.instance(record.id)}></strata-start-log>`;
  }

  #pick(tab: string): void {
    this.tab = tab;
  }
}

/** "64 MB, virtio devices". */
function describe({ spec }: InstanceRecord): string {
  const parts = [`${spec.memoryMiB} MB`, spec.devices === 'virtio' ? 'virtio devices' : 'emulated devices'];
  if (spec.containerHost) parts.push('container host');
  return parts.join(', ');
}

define('strata-instance-view', InstanceView);
