import { html, nothing } from 'lit';
import { icon } from '../../elements/icon/icon';
import { formatRoute } from '../../route';
import { topologyText } from '../../text/topology';
import type { LinkTraffic } from '../../topology/link-traffic';
import type { NestedNode, TopologyGraph, TopologyLink, TopologyNode } from '../../topology/topology-graph';
import { rateWords } from './rate-words';
import { kindIcons, nodeAddress, stateIcons } from './topology-node';

/** The same as the picture, in rows. */
export function topologyTable(
  { nodes, links }: TopologyGraph,
  traffic: ReadonlyMap<string, LinkTraffic>,
  choose: (link: string) => void,
) {
  const { columns, label } = topologyText;
  return html`<div class="panel scroll" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead>
        <tr>
          <th scope="col">${columns.name}</th>
          <th scope="col">${columns.kind}</th>
          <th scope="col">${columns.state}</th>
          <th scope="col">${columns.where}</th>
          <th scope="col">${columns.address}</th>
          <th scope="col">${columns.traffic}</th>
        </tr>
      </thead>
      <tbody>
        ${nodes.map((node) => [
          nodeRow(
            node,
            links.filter(({ from }) => from === node.id),
            traffic,
            choose,
          ),
          node.nested.map((nested) => nestedRow(nested, node)),
        ])}
      </tbody>
    </table>
  </div>`;
}

function nodeRow(
  node: TopologyNode,
  links: readonly TopologyLink[],
  traffic: ReadonlyMap<string, LinkTraffic>,
  choose: (link: string) => void,
) {
  const { kind, name, state, detail, bridges } = node;
  return html`<tr>
    <th scope="row">${icon(kindIcons[kind])} <a href=${nodeAddress(node)}>${name}</a></th>
    <td>${topologyText.kinds[kind]}</td>
    <td class=${state}>${icon(stateIcons[state])} ${topologyText.states[state]}</td>
    <td>${links.map((link) => plugged(link, bridges)).join(', ')}</td>
    <td class="mono">${detail}</td>
    <td>
      ${links.map((link) => {
        const rate = traffic.get(link.id)?.rates.at(-1);
        const of = topologyText.traffic(topologyText.link(link.nic, name, link.network));
        return rate
          ? html`<button class="quiet cell" aria-label="${of}: ${rateWords(rate)}" @click=${() => choose(link.id)}>${rateWords(rate)}</button> `
          : nothing;
      })}
    </td>
  </tr>`;
}

/** A host's card is the port of a bridge. */
function plugged({ id, nic, network }: TopologyLink, bridges: TopologyNode['bridges']): string {
  if (nic === '') return network;
  const bridge = bridges.find(({ card }) => card?.link === id)?.name;
  return `${bridge === undefined ? nic : `${nic} – ${bridge}`}: ${network}`;
}

function nestedRow({ id, name, running, interfaces }: NestedNode, host: TopologyNode) {
  const state = running ? 'running' : 'stopped';
  return html`<tr>
    <th scope="row">${icon('container')} <a href=${formatRoute({ view: 'container', id, tab: 'logs' })}>${name}</a></th>
    <td>${topologyText.container}</td>
    <td class=${state}>${icon(stateIcons[state])} ${topologyText.states[state]}</td>
    <td>${topologyText.in(host.name)}</td>
    <td class="mono">${interfaces.map((each) => [each.name, each.host, each.bridge].filter(Boolean).join(' – ')).join(', ')}</td>
    <td></td>
  </tr>`;
}
