import { html, nothing } from 'lit';
import type { PortStatus, Reservation } from '../../../api/network';
import { formatBytes } from '../../../base/bytes';
import type { Disposable } from '../../../base/lifecycle';
import type { InstanceRecord } from '../../../engine/instance-record';
import { icon, iconStyles } from '../../elements/icon/icon';
import { formatCount } from '../../format';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, tableStyles, viewStyles } from '../../styles/base';
import { networkText } from '../../text/network';
import { statText } from '../../text/stats';

/** The network cards of an instance, with what the switch counts at each. */
export class InstanceNetwork extends StrataElement {
  static override properties = { store: { attribute: false }, record: { attribute: false } };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;
  #watch: Disposable | undefined;

  static override styles = [baseStyles, iconStyles, tableStyles, viewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
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
    const { store, record } = this;
    if (!store || !record) return nothing;
    const { columns, label, none } = statText.network;
    if (record.nics.length === 0) return html`<p class="none">${none}</p>`;
    const ports = new Map(store.networkStatus.value?.ports.map((port) => [port.id, port]));
    return html`<div class="panel scroll" tabindex="0" role="region" aria-label=${label(record.name)}>
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.nic}</th>
            <th scope="col">${columns.network}</th>
            <th scope="col">${columns.address}</th>
            <th scope="col">${columns.mac}</th>
            <th scope="col">${columns.link}</th>
            <th scope="col" class="number">${columns.received}</th>
            <th scope="col" class="number">${columns.sent}</th>
            <th scope="col" class="number">${columns.drops}</th>
          </tr>
        </thead>
        <tbody>
          ${record.nics.map((nic) => this.#nic(nic, ports.get(`${record.id}/${nic.nic}`)))}
        </tbody>
      </table>
    </div>`;
  }

  #nic({ nic, network, address, mac }: Reservation, port: PortStatus | undefined) {
    const networks = networkText;
    const { rxFrames, rxBytes, txFrames, txBytes, drops } = port?.counters ?? {};
    const dropped = Object.values(drops ?? {}).reduce((sum, count) => sum + count, 0);
    const state = port?.up ? 'up' : port?.asleep ? 'asleep' : 'down';
    const count = (frames = 0, bytes = 0): string => `${networks.frames(formatCount(frames))}, ${formatBytes(bytes)}`;
    return html`<tr>
      <th scope="row">eth${nic}</th>
      <td>${network}</td>
      <td class="mono">${address}</td>
      <td class="mono">${mac}</td>
      <td>${icon(({ up: 'running', asleep: 'asleep', down: 'off' } as const)[state])} ${networks[state]}</td>
      <td class="number">${count(txFrames, txBytes)}</td>
      <td class="number">${count(rxFrames, rxBytes)}</td>
      <td class="number">${formatCount(dropped)}</td>
    </tr>`;
  }
}

define('strata-instance-network', InstanceNetwork);
