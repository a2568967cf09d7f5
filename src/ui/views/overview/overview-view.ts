import { css, html, nothing } from 'lit';
import type { InstancePhase } from '../../../api/instance';
import { formatBytes } from '../../../base/bytes';
import type { InstanceRecord } from '../../../engine/instance-record';
import '../../elements/empty-state/empty-state';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/sparkline/sparkline';
import '../../elements/state-badge/state-badge';
import { standardFlavor } from '../../flavors';
import { formatMemory, formatShare, formatTimeOfDay } from '../../format';
import { formatRoute } from '../../route';
import { type StatPoint, sumSeries } from '../../series';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';

const phases: readonly InstancePhase[] = ['running', 'starting', 'paused', 'stopping', 'stopped', 'created', 'failed'];

/** Tasks shown; the drawer has all. */
const recentTasks = 6;

/** The fleet at a glance. */
export class OverviewView extends StrataElement {
  static override properties = { store: { attribute: false } };
  declare store: Store | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    viewStyles,
    css`
      .cards {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(200px, 100%), 1fr));
        gap: var(--s2);
      }
      .card {
        display: grid;
        grid-template-rows: auto auto 1fr;
        gap: var(--s0);
        min-height: 148px;
        padding: var(--s2);
      }
      .card h3 {
        color: var(--muted);
        font-weight: 500;
        font-size: var(--t1);
      }
      .big {
        font-size: var(--t5);
        font-variant-numeric: tabular-nums;
        line-height: 1.2;
      }
      .detail {
        color: var(--muted);
        font-size: var(--t0);
      }
      strata-sparkline {
        align-self: end;
        margin-top: var(--s1);
      }
      .states {
        display: flex;
        flex-wrap: wrap;
        align-content: end;
        gap: 4px 12px;
      }
      .states li {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        font-size: var(--t1);
        font-variant-numeric: tabular-nums;
      }
      .lists {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr));
        align-items: start;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      .lists h3 {
        padding: 12px var(--s2);
        border-bottom: 1px solid var(--line);
      }
      .lists li {
        display: flex;
        align-items: center;
        gap: var(--s1);
        min-height: 40px;
        padding: 4px var(--s2);
        border-bottom: 1px solid var(--line);
        font-size: var(--t1);
      }
      .lists li:last-child {
        border-bottom: 0;
      }
      .lists .when {
        flex: none;
        margin-left: auto;
        color: var(--muted);
        font-size: var(--t0);
        font-variant-numeric: tabular-nums;
      }
      .what {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .succeeded {
        color: var(--good);
      }
      .failed {
        color: var(--bad);
      }
      .running {
        color: var(--busy);
      }
      .bad {
        overflow-wrap: anywhere;
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
    if (store.instances.value.length === 0) {
      return html`<strata-empty-state @launch=${() => this.dispatchEvent(new CustomEvent('launch', { detail: standardFlavor.draft }))}></strata-empty-state>`;
    }
    return html`
      <div class="top"><h2>${text.overview.heading}</h2></div>
      ${this.#cards(store)}
      <div class="lists">${this.#attention(store)}${this.#tasks(store)}</div>
    `;
  }

  #cards(store: Store) {
    const { overview, table } = text;
    const running = store.instances.value.filter(({ state }) => state.phase === 'running');
    const series = store.series.value;
    const total = sumSeries(running.map(({ id }) => series.get(id)?.points ?? []));
    const last = total.at(-1) ?? { cpu: 0, memory: 0, received: 0, sent: 0 };
    const given = running.reduce((sum, { spec }) => sum + spec.memoryMiB * 1024 * 1024, 0);
    const net = table.rate(formatBytes(last.received + last.sent));
    return html`<div class="cards">
      <section class="panel card">
        <h3>${overview.machines}</h3>
        <p class="big">${store.instances.value.length}</p>
        ${this.#states(store)}
      </section>
      ${this.#card(overview.cpu, formatShare(last.cpu), overview.cpuDetail(running.length), total, ({ cpu }) => cpu, running.length)}
      ${this.#card(overview.memory, formatMemory(last.memory), overview.memoryDetail(formatMemory(given)), total, ({ memory }) => memory, given)}
      ${this.#card(overview.network, net, overview.networkDetail, total, ({ received, sent }) => received + sent, undefined)}
    </div>`;
  }

  #card(
    heading: string,
    figure: string,
    detail: string,
    points: readonly StatPoint[],
    pick: (point: StatPoint) => number,
    max: number | undefined,
  ) {
    return html`<section class="panel card">
      <h3>${heading}</h3>
      <div>
        <p class="big">${figure}</p>
        <p class="detail">${detail}</p>
      </div>
      <strata-sparkline .values=${points.map(pick)} .max=${max} .label=${text.overview.chart(heading, figure)}></strata-sparkline>
    </section>`;
  }

  #states(store: Store) {
    const sleeps = ({ state, demand }: InstanceRecord): boolean => state.phase !== 'failed' && demand?.asleep === true;
    const awake = store.instances.value.filter((record) => !sleeps(record));
    const asleep = store.instances.value.length - awake.length;
    const count = (phase: InstancePhase): number => awake.filter(({ state }) => state.phase === phase).length;
    return html`<ul class="states">
      ${phases.map((phase) => (count(phase) === 0 ? nothing : html`<li>${count(phase)} <strata-state-badge .phase=${phase}></strata-state-badge></li>`))}
      ${asleep === 0 ? nothing : html`<li>${asleep} <strata-state-badge .asleep=${true}></strata-state-badge></li>`}
    </ul>`;
  }

  #attention(store: Store) {
    const failed = store.instances.value.filter(({ state }) => state.phase === 'failed');
    if (failed.length === 0) return nothing;
    return html`<section class="panel">
      <h3>${text.overview.attention}</h3>
      <ul>
        ${failed.map(
          ({ id, name, state }) => html`<li>
            <span class="failed">${icon('failed')}</span>
            <span class="bad"><a href=${formatRoute({ view: 'machine', id, tab: 'log' })}>${name}</a> ${state.error?.message ?? ''}</span>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  #tasks(store: Store) {
    const tasks = store.tasks.value.slice(0, recentTasks);
    return html`<section class="panel">
      <h3>${text.overview.recent}</h3>
      ${tasks.length === 0 ? html`<p class="none">${text.overview.noTasks}</p>` : nothing}
      <ul>
        ${tasks.map(
          (task) => html`<li>
            <span class=${task.state}>${icon(({ running: 'busy', succeeded: 'done', failed: 'failed', canceled: 'close' } as const)[task.state])}</span>
            <span class="what">${text.actions[task.kind]} ${task.subject}</span>
            <span class="unseen">${text.tasks.states[task.state]}</span>
            <span class="when">${formatTimeOfDay(task.startedAt)}</span>
          </li>`,
        )}
      </ul>
    </section>`;
  }
}

define('strata-overview-view', OverviewView);
