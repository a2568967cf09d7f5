import { css, html, nothing, type TemplateResult } from 'lit';
import type { ContainerInspect } from '../../../api/container';
import type { InstanceRecord } from '../../../engine/instance-record';
import { PolicyWatch } from '../../containers/policy-watch';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/state-badge/state-badge';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { aboutStyles } from '../../styles/about';
import { baseStyles, buttonStyles, tableStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { containerText } from '../../text/containers';
import { orchestrationText } from '../../text/orchestration';
import { actionsOf, actOn } from '../instance/instance-actions';

const healthIcons: Readonly<Record<string, IconName>> = {
  healthy: 'running',
  unhealthy: 'failed',
  starting: 'busy',
};

/** How often docker checks where nothing else was said, nanoseconds. */
const usualInterval = 30e9;

/** What is kept going by itself: containers by their policies and checks, unikernels by whoever wants something of them. */
export class OrchestrationView extends StrataElement {
  static override properties = { store: { attribute: false }, watch: { state: true } };
  declare store: Store | undefined;
  declare private watch: PolicyWatch | undefined;
  #opening = false;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    tableStyles,
    viewStyles,
    aboutStyles,
    css`
      .health {
        display: inline-flex;
        align-items: baseline;
        gap: 4px;
        color: var(--off);
        font-weight: 500;
        font-size: var(--t0);
      }
      .health .icon {
        align-self: center;
      }
      .healthy {
        color: var(--good);
      }
      .unhealthy {
        color: var(--bad);
      }
      .starting {
        color: var(--busy);
      }
      .said {
        max-width: 320px;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      tbody tr:last-child > * {
        border-bottom: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.watch = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watch?.dispose();
    this.watch = undefined;
  }

  protected override updated(): void {
    if (this.store && !this.watch && this.isConnected) void this.#open(this.store);
  }

  override render() {
    const { store, watch } = this;
    if (!store) return nothing;
    const { heading, about, restarts, checks, activators } = orchestrationText;
    const facts = watch?.facts.value;
    return html`
      <div class="top"><h2>${heading}</h2></div>
      <p class="about">${about}</p>
      ${panel(restarts, this.#restarts(facts))} ${panel(checks, this.#checks(facts))}
      ${panel(activators, this.#activators(store))}
    `;
  }

  async #open(store: Store): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    const shelf = await store.parts.containers.get();
    this.#opening = false;
    if (shelf && this.isConnected) this.watch ??= new PolicyWatch(shelf.engine);
  }

  #restarts(facts: readonly ContainerInspect[] | undefined) {
    if (!facts) return note(orchestrationText.loading);
    if (facts.length === 0) return note(orchestrationText.noContainers);
    const { restartColumns: columns, restarts } = orchestrationText;
    return table(
      restarts,
      [columns.name, columns.policy, columns.state, columns.count],
      facts.map(
        (each) => html`<tr>
          ${containerLink(each)}
          <td data-label=${columns.policy}>${orchestrationText.policy(each.HostConfig.RestartPolicy ?? { Name: 'no' })}</td>
          <td>${containerText.states[each.State.Status]}</td>
          <td data-label=${columns.count}>${each.RestartCount}</td>
        </tr>`,
      ),
    );
  }

  #checks(facts: readonly ContainerInspect[] | undefined) {
    if (!facts) return note(orchestrationText.loading);
    const checked = facts.filter(({ Config }) => testOf(Config.Healthcheck?.Test) !== undefined);
    if (checked.length === 0) return note(orchestrationText.noChecks);
    const { checkColumns: columns, checks } = orchestrationText;
    return table(
      checks,
      [columns.name, columns.test, columns.every, columns.health, columns.streak, columns.last],
      checked.map((each) => this.#check(each)),
    );
  }

  #check(container: ContainerInspect) {
    const { Config, State } = container;
    const { Status, FailingStreak, Log } = State.Health ?? { Status: 'none', FailingStreak: 0, Log: [] };
    const last = Log.at(-1);
    const { checkColumns: columns } = orchestrationText;
    const said = last ? orchestrationText.said(last.ExitCode, last.Output.trim()) : orchestrationText.never;
    return html`<tr>
      ${containerLink(container)}
      <td class="mono said" data-label=${columns.test} title=${testOf(Config.Healthcheck?.Test)}>${testOf(Config.Healthcheck?.Test)}</td>
      <td data-label=${columns.every}>${orchestrationText.seconds((Config.Healthcheck?.Interval || usualInterval) / 1e9)}</td>
      <td><span class="health ${Status}">${icon(healthIcons[Status] ?? 'off')}${orchestrationText.health[Status]}</span></td>
      <td data-label=${columns.streak}>${FailingStreak}</td>
      <td class="said" data-label=${columns.last} title=${said}>${said}</td>
    </tr>`;
  }

  #activators(store: Store) {
    const watched = store.instances.value.filter(({ spec }) => spec.kind === 'unikernel' && spec.onDemand);
    if (watched.length === 0) return note(orchestrationText.noActivators);
    const { activatorColumns: columns, activators } = orchestrationText;
    return table(
      activators,
      [columns.name, columns.state, columns.idle, columns.wakes, columns.last, columns.act],
      watched.map((record) => this.#activator(store, record)),
    );
  }

  #activator(store: Store, record: InstanceRecord) {
    const { id, name, spec, state, task, demand } = record;
    const idleMs = (spec.kind === 'unikernel' && spec.onDemand?.idleMs) || 0;
    const { never, seconds, milliseconds, activatorColumns: columns } = orchestrationText;
    const actions = actionsOf(record).filter((action) => action === 'start' || action === 'stop');
    return html`<tr>
      <th scope="row"><a href=${formatRoute({ view: 'machine', id, tab: 'summary' })}>${name}</a></th>
      <td><strata-state-badge .phase=${state.phase} .action=${task?.action} .asleep=${demand?.asleep}></strata-state-badge></td>
      <td data-label=${columns.idle}>${seconds(idleMs / 1000)}</td>
      <td data-label=${columns.wakes}>${demand?.wakes ?? never}</td>
      <td data-label=${columns.last}>${demand?.lastWakeMs === undefined ? never : milliseconds(demand.lastWakeMs)}</td>
      <td>
        ${actions.map(
          (action) =>
            html`<button class="quiet" aria-label="${text.actions[action]} ${name}" @click=${() => actOn(store, record, action)}>${icon(action)}${text.actions[action]}</button>`,
        )}
      </td>
    </tr>`;
  }
}

function panel(heading: string, body: TemplateResult) {
  return html`<section class="panel"><h3>${heading}</h3>${body}</section>`;
}

function note(words: string) {
  return html`<p class="none">${words}</p>`;
}

function table(label: string, columns: readonly string[], rows: readonly TemplateResult[]) {
  return html`<div class="scroll cards" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead>
        <tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr>
      </thead>
      <tbody>${rows}</tbody>
    </table>
  </div>`;
}

function containerLink({ Id, Name }: ContainerInspect) {
  return html`<th scope="row"><a href=${formatRoute({ view: 'container', id: Id, tab: 'logs' })}>${Name.replace(/^\//, '')}</a></th>`;
}

/** The command of a check in one line; undefined where there is none. */
function testOf(test: readonly string[] | undefined): string | undefined {
  const [kind, ...words] = test ?? [];
  return kind === undefined || kind === 'NONE' ? undefined : words.join(' ');
}

define('strata-orchestration-view', OrchestrationView);
