import { css, html, nothing } from 'lit';
import type { DropReason, FdbEntry, NetworkSpec, PortStatus } from '../../../api/network';
import { formatBytes } from '../../../base/bytes';
import type { Disposable } from '../../../base/lifecycle';
import type { NetworkStatus } from '../../../engine/networks';
import { icon, iconStyles } from '../../elements/icon/icon';
import { formatCount } from '../../format';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, tableStyles, viewStyles } from '../../styles/base';
import { egressText } from '../../text/egress';
import { networkText } from '../../text/network';

/** The network that is always there. */
const permanent = 'default';

/** Networks with their ports, counters and MAC tables, live. */
export class NetworksView extends StrataElement {
  static override properties = { store: { attribute: false } };
  declare store: Store | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    tableStyles,
    viewStyles,
    css`
      .panel {
        margin-bottom: var(--s2);
      }
      .panel > header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s0) var(--s2);
        padding: 12px;
        border-bottom: 1px solid var(--line);
      }
      header .muted {
        font-size: var(--t1);
      }
      header button.icon {
        margin-left: auto;
      }
      .egress {
        padding: 0 var(--s0);
        text-decoration: underline;
        text-underline-offset: 3px;
        white-space: normal;
      }
      h4 {
        margin: 0;
        padding: 12px 12px 4px;
        font-weight: 500;
        font-size: var(--t1);
      }
      .split {
        display: grid;
        grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
      }
      .split > div + div {
        border-left: 1px solid var(--line);
      }
      .note {
        padding: 4px 12px 12px;
        color: var(--muted);
        font-size: var(--t1);
      }
      .state {
        display: inline-flex;
        align-items: baseline;
        gap: 4px;
        font-size: var(--t0);
        font-weight: 500;
      }
      .state .icon {
        align-self: center;
      }
      .up {
        color: var(--good);
      }
      .down {
        color: var(--off);
      }
      .drops {
        color: var(--warn);
        padding-block: 4px;
        font-size: var(--t0);
        white-space: normal;
      }
      tbody tr:last-child > * {
        border-bottom: 0;
      }
      td,
      tbody th {
        height: 36px;
      }
      .split td:not(.mono),
      .split tbody th {
        /* Long names would put what was dropped out of view. */
        white-space: normal;
      }
      @media (max-width: 1100px) {
        .split {
          grid-template-columns: minmax(0, 1fr);
        }
        .split > div + div {
          border-top: 1px solid var(--line);
          border-left: 0;
        }
      }
    `,
  ];

  #watch: Disposable | undefined;

  constructor() {
    super();
    this.store = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch?.dispose();
    this.#watch = undefined;
  }

  protected override updated(): void {
    if (this.isConnected) this.#watch ??= this.store?.watchWire();
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const networks = networkText;
    const status = store.networkStatus.value;
    return html`
      <div class="top">
        <h2>${networks.heading}</h2>
        <button class="filled" @click=${() => store.ask({ kind: 'new-network' })}>${icon('plus')}${networks.create}</button>
      </div>
      ${store.networks.value.map((network) => this.#network(store, network, status))}
    `;
  }

  #network(store: Store, { name, subnet, mtu, egress, engineApi }: NetworkSpec, status: NetworkStatus | undefined) {
    const networks = networkText;
    const ports = status?.ports.filter((port) => port.network === name) ?? [];
    const fdb = status?.fdb.filter((entry) => entry.network === name) ?? [];
    return html`<section class="panel" aria-label="${networks.name} ${name}">
      <header>
        <h3>${name}</h3>
        <span class="muted">${networks.subnet} <span class="mono">${subnet}</span></span>
        <span class="muted">${networks.mtu} ${mtu}</span>
        <span class="muted">${networks.portCount(ports.length)}</span>
        <button class="quiet egress" title=${egressText.change(name)} @click=${() => store.ask({ kind: 'egress', network: name })}>
          ${egressText.label}: ${egressText.of(egress)}${engineApi ? ` · ${egressText.engineApi}` : nothing}
        </button>
        ${
          name === permanent
            ? nothing
            : html`<button class="quiet icon" aria-label=${networks.remove(name)} title=${networks.remove(name)} @click=${() => store.networkVerbs.remove(name)}>${icon('remove')}</button>`
        }
      </header>
      <div class="split">
        <div>
          <h4>${networks.ports}</h4>
          ${!status ? html`<p class="note">${networks.waiting}</p>` : ports.length === 0 ? html`<p class="note">${networks.noPorts}</p>` : this.#ports(name, ports)}
        </div>
        <div>
          <h4>${networks.fdb}</h4>
          ${fdb.length === 0 ? html`<p class="note">${networks.noFdb}</p>` : this.#fdb(name, fdb, ports)}
        </div>
      </div>
    </section>`;
  }

  #ports(network: string, ports: readonly PortStatus[]) {
    const networks = networkText;
    const { columns } = networks;
    return html`<div class="scroll cards" tabindex="0" role="region" aria-label=${networks.label(network)}>
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.port}</th>
            <th scope="col">${columns.state}</th>
            <th scope="col">${columns.queue}</th>
            <th scope="col" class="number">${columns.received}</th>
            <th scope="col" class="number">${columns.sent}</th>
            <th scope="col">${columns.drops}</th>
          </tr>
        </thead>
        <tbody>
          ${ports.map((port) => this.#port(port))}
        </tbody>
      </table>
    </div>`;
  }

  #port({ id, label, up, asleep, queuedFrames, queuedBytes, counters }: PortStatus) {
    const networks = networkText;
    const instance = id.split('/')[0] ?? '';
    const { columns } = networks;
    const { rxFrames, rxBytes, txFrames, txBytes } = counters;
    return html`<tr>
      <th scope="row">${label === gatewayLabel ? networks.gateway : html`<a href=${formatRoute({ view: 'machine', id: instance, tab: 'summary' })}>${label}</a>`}</th>
      <td><span class="state ${up ? 'up' : 'down'}">${icon(up ? 'running' : asleep ? 'asleep' : 'off')}${up ? networks.up : asleep ? networks.asleep : networks.down}</span></td>
      <td data-label=${columns.queue}>${networks.queue(queuedFrames, formatBytes(queuedBytes))}</td>
      <td class="number" data-label=${columns.received} title=${formatBytes(rxBytes)}>${networks.frames(formatCount(rxFrames))}, ${formatBytes(rxBytes)}</td>
      <td class="number" data-label=${columns.sent} title=${formatBytes(txBytes)}>${networks.frames(formatCount(txFrames))}, ${formatBytes(txBytes)}</td>
      <td data-label=${columns.drops}>${this.#drops(counters.drops)}</td>
    </tr>`;
  }

  #drops(drops: PortStatus['counters']['drops']) {
    const networks = networkText;
    const reasons = Object.keys(networks.reasons) as DropReason[];
    const counted = reasons.filter((reason) => drops[reason] > 0);
    if (counted.length === 0) return html`<span class="muted">${networks.noDrops}</span>`;
    const parts = counted.map((reason) => `${formatCount(drops[reason])} ${networks.reasons[reason]}`);
    return html`<span class="drops">${parts.join(', ')}</span>`;
  }

  #fdb(network: string, fdb: readonly FdbEntry[], ports: readonly PortStatus[]) {
    const { fdbColumns, fdbLabel, age } = networkText;
    const labels = new Map(ports.map(({ id, label }) => [id, label]));
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${fdbLabel(network)}>
      <table>
        <thead>
          <tr>
            <th scope="col">${fdbColumns.mac}</th>
            <th scope="col">${fdbColumns.port}</th>
            <th scope="col" class="number">${fdbColumns.age}</th>
          </tr>
        </thead>
        <tbody>
          ${fdb.map(
            ({ mac, port, ageMs }) => html`<tr>
              <td class="mono">${mac}</td>
              <td>${nameOf(labels.get(port) ?? port)}</td>
              <td class="number">${age(Math.floor(ageMs / 1000))}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }
}

/** As the switch calls the port of what is no instance, and has no page of its own. */
const gatewayLabel = 'gateway';

/** Of a port, as the switch calls it: guests by their own names. */
function nameOf(label: string): string {
  return label === gatewayLabel ? networkText.gateway : label;
}

define('strata-networks-view', NetworksView);
