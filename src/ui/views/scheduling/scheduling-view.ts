import { signal } from '@preact/signals-core';
import { css, html, nothing } from 'lit';
import type { ContainerHost } from '../../../api/container-host';
import type { PlacementDecision } from '../../../api/placement';
import { formatBytes } from '../../../base/bytes';
import { type Disposable, DisposableStore } from '../../../base/lifecycle';
import type { InstanceRecord } from '../../../engine/instance-record';
import type { ContainerShelf } from '../../containers/container-shelf';
import '../../elements/state-badge/state-badge';
import { formatTimeOfDay } from '../../format';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { aboutStyles } from '../../styles/about';
import { baseStyles, tableStyles, viewStyles } from '../../styles/base';
import { schedulingText } from '../../text/scheduling';

/** How old the memory of hosts may be, milliseconds. */
const memoryMs = 3000;

type Memory = Awaited<ReturnType<ContainerHost['memory']>>;

/** Where containers were put and why, and the hosts that there are to choose from. */
export class SchedulingView extends StrataElement {
  static override properties = { store: { attribute: false }, shelf: { state: true } };
  declare store: Store | undefined;
  declare private shelf: ContainerShelf | undefined;
  readonly #decisions = signal<readonly PlacementDecision[]>([]);
  readonly #hosts = signal<readonly ContainerHost[]>([]);
  readonly #memory = signal<ReadonlyMap<string, Memory>>(new Map());
  #following: Disposable | undefined;
  #measuredAt = 0;

  static override styles = [
    baseStyles,
    tableStyles,
    viewStyles,
    aboutStyles,
    css`
      .why {
        min-width: 260px;
        padding-block: 6px;
        white-space: normal;
      }
      tbody tr:last-child > * {
        border-bottom: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#following?.dispose();
    this.#following = undefined;
  }

  protected override updated(): void {
    if (this.store && !this.shelf) void this.#open(this.store);
    if (this.shelf && this.isConnected) this.#following ??= this.#follow(this.shelf);
  }

  override render() {
    const { store, shelf } = this;
    if (!store) return nothing;
    this.#measure(store.now.value);
    const { heading, about, hosts, decisions } = schedulingText;
    return html`
      <div class="top"><h2>${heading}</h2></div>
      <p class="about">${about}</p>
      <section class="panel"><h3>${hosts}</h3>${this.#hostTable(store, shelf)}</section>
      <section class="panel"><h3>${decisions}</h3>${this.#decisionTable(store, shelf)}</section>
    `;
  }

  async #open(store: Store): Promise<void> {
    const shelf = await store.parts.containers.get();
    if (this.store === store) this.shelf = shelf;
  }

  #follow({ engine }: ContainerShelf): Disposable {
    const following = new DisposableStore();
    const show = (decisions: readonly PlacementDecision[]): void => {
      this.#decisions.value = decisions;
    };
    const showHosts = (hosts: readonly ContainerHost[]): void => {
      this.#hosts.value = [...hosts];
    };
    following.add(engine.placements.changed(show));
    following.add(engine.hosts.changed(showHosts));
    show(engine.placements.list());
    showHosts(engine.hosts.hosts);
    return following;
  }

  /** With the page's clock, which stands while nobody sees the page. */
  #measure(now: number): void {
    const hosts = this.#hosts.value;
    if (hosts.length === 0 || now - this.#measuredAt < memoryMs) return;
    this.#measuredAt = now;
    for (const host of hosts) {
      host.memory().then(
        (memory) => {
          this.#memory.value = new Map(this.#memory.value).set(host.instance, memory);
        },
        // It has ended in this moment, which the list tells.
        () => {},
      );
    }
  }

  #hostTable(store: Store, shelf: ContainerShelf | undefined) {
    const machines = store.instances.value.filter(({ spec }) => spec.kind === 'vm' && spec.containerHost);
    if (machines.length === 0) return html`<p class="none">${schedulingText.noHosts}</p>`;
    const { hostColumns: columns, hosts } = schedulingText;
    return html`<div class="scroll cards" tabindex="0" role="region" aria-label=${hosts}>
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.name}</th>
            <th scope="col">${columns.state}</th>
            <th scope="col">${columns.networks}</th>
            <th scope="col" class="number">${columns.containers}</th>
            <th scope="col" class="number">${columns.memory}</th>
          </tr>
        </thead>
        <tbody>
          ${machines.map((machine) => this.#host(machine, shelf))}
        </tbody>
      </table>
    </div>`;
  }

  #host({ id, name, state, demand, nics }: InstanceRecord, shelf: ContainerShelf | undefined) {
    const host = this.#hosts.value.find(({ instance }) => instance === id);
    const placed = shelf?.containers.value.filter(({ Id }) => shelf.engine.placements.hostOf(Id) === name) ?? [];
    const memory = host && this.#memory.value.get(id);
    const networks = host?.networks ?? nics.map(({ network }) => network);
    const { hostColumns: columns } = schedulingText;
    return html`<tr>
      <th scope="row"><a href=${formatRoute({ view: 'machine', id, tab: 'summary' })}>${name}</a></th>
      <td><strata-state-badge .phase=${state.phase} .asleep=${demand?.asleep}></strata-state-badge></td>
      <td data-label=${columns.networks}>${networks.join(', ') || schedulingText.unknown}</td>
      <td class="number" data-label=${columns.containers}>${placed.length}</td>
      <td class="number" data-label=${columns.memory}>${memory ? schedulingText.of(formatBytes(memory.availableBytes), formatBytes(memory.totalBytes)) : schedulingText.unknown}</td>
    </tr>`;
  }

  #decisionTable(store: Store, shelf: ContainerShelf | undefined) {
    const decisions = this.#decisions.value;
    if (decisions.length === 0) return html`<p class="none">${schedulingText.noDecisions}</p>`;
    const { columns, decisions: label } = schedulingText;
    return html`<div class="scroll cards" tabindex="0" role="region" aria-label=${label}>
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.at}</th>
            <th scope="col">${columns.container}</th>
            <th scope="col">${columns.host}</th>
            <th scope="col">${columns.reason}</th>
          </tr>
        </thead>
        <tbody>
          ${decisions.map((decision) => this.#decision(store, shelf, decision))}
        </tbody>
      </table>
    </div>`;
  }

  #decision(store: Store, shelf: ContainerShelf | undefined, { at, container, name, host, reason }: PlacementDecision) {
    const there = shelf?.containers.value.some(({ Id }) => Id === container);
    const machine = store.instances.value.find((each) => each.name === host);
    return html`<tr>
      <td>${formatTimeOfDay(at)}</td>
      <th scope="row">
        ${
          there
            ? html`<a href=${formatRoute({ view: 'container', id: container, tab: 'logs' })}>${name}</a>`
            : html`${name} <span class="muted">${schedulingText.gone}</span>`
        }
      </th>
      <td>${machine ? html`<a href=${formatRoute({ view: 'machine', id: machine.id, tab: 'summary' })}>${host}</a>` : host}</td>
      <td class="why">${schedulingText.reason(reason)}</td>
    </tr>`;
  }
}

define('strata-scheduling-view', SchedulingView);
