import { nothing, type SVGTemplateResult, svg } from 'lit';
import type { IconName } from '../../elements/icon/icon';
import { iconShape } from '../../elements/icon/icon';
import { formatRoute } from '../../route';
import { topologyText } from '../../text/topology';
import type { NestedNode, NodeKind, TopologyNode } from '../../topology/topology-graph';
import { nestedPlace, type Rect } from '../../topology/topology-layout';

export const kindIcons: Readonly<Record<NodeKind, IconName>> = {
  network: 'network',
  gateway: 'migrate',
  host: 'container',
  vm: 'machine',
  unikernel: 'chip',
  app: 'command',
};

export const stateIcons: Readonly<Record<TopologyNode['state'], IconName>> = {
  created: 'off',
  starting: 'busy',
  running: 'running',
  paused: 'paused',
  stopping: 'busy',
  stopped: 'off',
  failed: 'failed',
  asleep: 'asleep',
  up: 'running',
  down: 'off',
};

/** Letters of a name that fit into a box of that width. */
function fitting(name: string, width: number): string {
  const letters = Math.floor((width - 52) / 7.2);
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
}

/** What is seen of a node, from its corner. */
export function nodePicture(node: TopologyNode, { width, height }: Rect): SVGTemplateResult {
  const { kind, name, detail, state, nested } = node;
  return svg`
    <rect class="box" width=${width} height=${height} rx=${kind === 'network' ? 28 : 8} />
    <g class="picture-of">${picture(kindIcons[kind], 12, 11, 20)}</g>
    <text x="40" y="25">${fitting(kind === 'gateway' ? topologyText.kinds.gateway : name, width)}</text>
    <g class=${state}>
      ${picture(stateIcons[state], 40, 34, 11)}
      <text class="state" x="55" y="44">${topologyText.states[state]}</text>
    </g>
    <text class="small" x="40" y="60">${fitting(detail, width + 8)}</text>
    ${nested.length > 0 ? insideOf(nested, width) : nothing}
  `;
}

/** A host's own network: its card, its bridge, and a veth for each interface of a container, as its kernel has them. */
function insideOf(nested: readonly NestedNode[], width: number): SVGTemplateResult {
  const interfaces = nested.flatMap((each) => each.interfaces);
  const bridges = [...new Set(interfaces.map(({ bridge }) => bridge ?? 'br0'))];
  const label = bridges.length === 0 ? 'br0' : bridges.join(', ');
  return svg`
    <path class="wire" d="M${width / 2} 70V78" />
    <text class="small mono" x=${width / 2 + 6} y="75">eth0</text>
    <rect class="bridge" x="12" y="78" width=${width - 24} height="16" rx="3" />
    <text class="small mono" x="20" y="90">${label}</text>
    ${nested.map((each, index) => nestedPicture(each, index))}
  `;
}

function nestedPicture({ id, name, running, interfaces }: NestedNode, index: number): SVGTemplateResult {
  const { x, y, width, height } = nestedPlace(index);
  const [first] = interfaces;
  const state = running ? 'running' : 'stopped';
  return svg`<g class="nested" data-container=${id} transform="translate(${x} ${y})">
    ${first && index < 3 ? svg`<path class="wire" d="M${width / 2} -12V0" />` : nothing}
    <rect class="inner" width=${width} height=${height} rx="5" />
    <text x="10" y="18">${fitting(name, width + 24)}</text>
    <g class=${state}>${picture(stateIcons[state], 10, 27, 11)}</g>
    <text class="small mono" x="26" y="36">${first ? `${first.name} – ${first.host}` : topologyText.states[state]}</text>
  </g>`;
}

function picture(name: IconName, x: number, y: number, size: number): SVGTemplateResult {
  return svg`<svg class="icon" x=${x} y=${y} width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true">${iconShape(name)}</svg>`;
}

/** Where a node leads to. */
export function nodeAddress({ id, kind, state }: TopologyNode): string {
  if (kind === 'network' || kind === 'gateway') return formatRoute({ view: 'networks' });
  return formatRoute({ view: 'machine', id, tab: state === 'running' ? 'terminal' : 'summary' });
}

export function nodeLabel({ kind, name, state, detail }: TopologyNode): string {
  return topologyText.node(topologyText.kinds[kind], name, topologyText.states[state], detail);
}
