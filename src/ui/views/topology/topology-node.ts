import { nothing, type SVGTemplateResult, svg } from 'lit';
import type { IconName } from '../../elements/icon/icon';
import { iconShape } from '../../elements/icon/icon';
import { formatRoute } from '../../route';
import { topologyText } from '../../text/topology';
import {
  type BridgeArm,
  bridgeBar,
  type HostCard,
  hostWires,
  type InnerRect,
  interfaceLine,
  nestedPlaces,
} from '../../topology/host-inside';
import type { HostBridge, NestedNode, NodeKind, TopologyNode } from '../../topology/topology-graph';
import type { Rect } from '../../topology/topology-layout';

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
export function nodePicture(
  node: TopologyNode,
  { width, height }: Rect,
  cards: readonly HostCard[],
): SVGTemplateResult {
  const { kind, name, detail, state, nested, bridges } = node;
  return svg`
    <rect class="box" width=${width} height=${height} rx=${kind === 'network' ? 28 : 8} />
    <g class="picture-of">${picture(kindIcons[kind], 12, 11, 20)}</g>
    <text x="40" y="25">${fitting(kind === 'gateway' ? topologyText.kinds.gateway : name, width)}</text>
    <g class=${state}>
      ${picture(stateIcons[state], 40, 34, 11)}
      <text class="state" x="55" y="44">${topologyText.states[state]}</text>
    </g>
    <text class="small" x="40" y="60">${fitting(detail, width + 8)}</text>
    ${nested.length + bridges.length > 0 ? insideOf(node, width, cards) : nothing}
  `;
}

/** A host's own network: each of its cards with its bridge, and a veth for each interface of a container. */
function insideOf(node: TopologyNode, width: number, cards: readonly HostCard[]): SVGTemplateResult {
  const { nested, bridges, state } = node;
  // Cards are there always, bridges and veths in a kernel that runs.
  const awake = state === 'running' || state === 'paused' || state === 'stopping';
  const { arms, veths } = hostWires(node);
  const places = nestedPlaces(node);
  return svg`
    ${bridges.map((bridge, at) => bridgePicture(bridge, at, { bridges, width, awake, cards }))}
    ${awake ? arms.map(armPicture) : nothing}
    ${awake ? veths.map(({ from, to }) => svg`<path class="wire veth" d="M${from.x} ${from.y}H${to.x}" />`) : nothing}
    ${nested.map((each, index) => nestedPicture(each, places[index]))}
  `;
}

interface BridgeContext {
  readonly bridges: readonly HostBridge[];
  readonly width: number;
  readonly awake: boolean;
  readonly cards: readonly HostCard[];
}

function bridgePicture({ name, card }: HostBridge, at: number, context: BridgeContext): SVGTemplateResult {
  const { bridges, width, awake, cards } = context;
  const plugged = cards.find(({ link }) => link === card?.link);
  const { x, y, label, ...size } = bridgeBar(bridges, at, width);
  return svg`
    ${plugged ? cardPicture(plugged, card?.nic ?? '', x + size.width, awake) : nothing}
    ${
      awake
        ? svg`<rect class="bridge" data-bridge=${name} x=${x} y=${y} width=${size.width} height=${size.height} rx="3" />
          <text class="small mono" x=${label} y=${y + 12}>${name}</text>`
        : nothing
    }
  `;
}

/** A card, its wire out of the host, and while there is a bridge the one to it. */
function cardPicture({ rect, wire }: HostCard, nic: string, bar: number, awake: boolean): SVGTemplateResult {
  const { x, y, width, height } = rect;
  return svg`
    <path class="wire" d=${wire} />
    ${awake ? svg`<path class="wire" d="M${bar} ${y + height / 2}H${x}" />` : nothing}
    <rect class="inner" data-card=${nic} x=${x} y=${y} width=${width} height=${height} rx="3" />
    <text class="small mono" x=${x + 5} y=${y + 12}>${nic}</text>
  `;
}

/** Where it passes another bridge, it is seen to pass. */
function armPicture({ bridge, x, top, bottom }: BridgeArm): SVGTemplateResult {
  return svg`<path class="passing" d="M${x} ${top + 1}V${bottom}" /><path class="arm" data-arm=${bridge} d="M${x} ${top}V${bottom}" />`;
}

function nestedPicture({ id, name, running, interfaces }: NestedNode, rect: InnerRect | undefined): SVGTemplateResult {
  const { x = 0, y = 0, width = 0, height = 0 } = rect ?? {};
  const state = running ? 'running' : 'stopped';
  const lines = interfaces.map((each) => [each.name, each.host].filter(Boolean).join(' – '));
  return svg`<g class="nested" data-container=${id} transform="translate(${x} ${y})">
    <rect class="inner" width=${width} height=${height} rx="5" />
    <text x="10" y="18">${fitting(name, width + 24)}</text>
    <g class=${state}>${picture(stateIcons[state], 10, 27, 11)}</g>
    ${
      lines.length > 0
        ? lines.map((line, at) => svg`<text class="small mono" x="26" y=${interfaceLine(at) + 4}>${line}</text>`)
        : svg`<text class="small mono" x="26" y="36">${topologyText.states[state]}</text>`
    }
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
