import type { Layout, LayoutPoint } from '../../api/layout';
import { type HostCard, hostCards, hostSize, type Side } from './host-inside';
import { gatewayNode, networkNode, type TopologyGraph, type TopologyLink, type TopologyNode } from './topology-graph';

export interface Rect extends LayoutPoint {
  readonly width: number;
  readonly height: number;
}

export interface TopologyPlaces {
  readonly nodes: ReadonlyMap<string, Rect>;
  /** Cards of hosts, by host. */
  readonly cards: ReadonlyMap<string, readonly HostCard[]>;
  /** Where the cable of such a card leaves its host, from the host's corner; by link. */
  readonly outs: ReadonlyMap<string, LayoutPoint>;
  readonly width: number;
  readonly height: number;
}

/** Sizes in the picture's own pixels. */
export const sizes = {
  node: { width: 160, height: 70 },
  gap: 24,
  edge: 40,
} as const;

/** A row of nodes is no wider than so, unless one node alone is. */
const rowWidth = 1080;

/** The room between a network and what is on it; its cables run there. */
const cableRoom = 56;

export function nodeSize(node: Pick<TopologyNode, 'kind' | 'nested' | 'bridges'>): {
  readonly width: number;
  readonly height: number;
} {
  return node.nested.length + node.bridges.length > 0 ? hostSize(node) : sizes.node;
}

/**
 * Everything at its place: a band for each network with the network and its gateway at its top, and below in rows what has
 * its first card there; last a band of what is on none. What somebody has placed is where they put it.
 */
export function layoutTopology({ nodes, links }: TopologyGraph, kept: Layout): TopologyPlaces {
  const places = new Map<string, Rect>();
  const home = new Map<string, string>();
  for (const { from, network } of links) if (!home.has(from)) home.set(from, network);
  const instances = nodes.filter(({ kind }) => kind !== 'network' && kind !== 'gateway');
  let y: number = sizes.edge;
  for (const { name } of nodes.filter(({ kind }) => kind === 'network')) {
    const members = instances.filter(({ id }) => home.get(id) === name);
    places.set(networkNode(name), { ...sizes.node, x: sizes.edge, y });
    const gateway = nodes.find(({ id }) => id === gatewayNode(name));
    if (gateway) places.set(gateway.id, { ...sizes.node, x: sizes.edge + sizes.node.width + 2 * sizes.gap, y });
    y = placeRows(members, y + sizes.node.height + cableRoom, places) + sizes.gap;
  }
  placeRows(
    instances.filter(({ id }) => !home.has(id)),
    y,
    places,
  );
  for (const [id, rect] of places) {
    const point = kept[id];
    if (point) places.set(id, { ...rect, ...point });
  }
  const all = [...places.values()];
  const cards = cardsOf(nodes, links, places);
  return {
    nodes: places,
    cards,
    outs: new Map([...cards.values()].flatMap((each) => each.map(({ link, out }) => [link, out]))),
    width: Math.max(0, ...all.map((rect) => rect.x + rect.width)) + sizes.edge,
    height: Math.max(0, ...all.map((rect) => rect.y + rect.height)) + sizes.edge,
  };
}

function cardsOf(
  nodes: readonly TopologyNode[],
  links: readonly TopologyLink[],
  places: ReadonlyMap<string, Rect>,
): TopologyPlaces['cards'] {
  const cards = new Map<string, readonly HostCard[]>();
  for (const { id, bridges } of nodes) {
    const from = places.get(id);
    if (!from || bridges.length === 0) continue;
    const sideOf = (link: string): Side | undefined => {
      const network = links.find((each) => each.id === link)?.network;
      const to = network === undefined ? undefined : places.get(networkNode(network));
      return to && sideTo(from, to);
    };
    cards.set(id, hostCards(bridges, from, sideOf));
  }
  return cards;
}

/** Rows from `top` on, each as high as its highest; returns where the next thing may begin. */
function placeRows(nodes: readonly TopologyNode[], top: number, places: Map<string, Rect>): number {
  let x: number = sizes.edge;
  let y = top;
  let height = 0;
  for (const node of nodes) {
    const size = nodeSize(node);
    if (x > sizes.edge && x + size.width > rowWidth) {
      y += height + sizes.gap;
      x = sizes.edge;
      height = 0;
    }
    places.set(node.id, { ...size, x, y });
    x += size.width + sizes.gap;
    height = Math.max(height, size.height);
  }
  return y + height + (height > 0 ? sizes.gap : 0);
}

/**
 * A cable between two boxes, as the data of an SVG path: from side to side, with a gentle bend. `out`: where it leaves the
 * first, from its corner; else in the middle.
 */
export function cablePath(from: Rect, to: Rect, out?: LayoutPoint): string {
  const [a, b] = cableEnds(from, to, out);
  if (a.y === b.y) return `M${a.x} ${a.y}H${b.x}`;
  const middle = Math.round((a.y + b.y) / 2);
  return `M${a.x} ${a.y}C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${b.y}`;
}

/** A point of {@link cablePath}, from 0 at `from` to 1 at `to`. */
export function cablePoint(from: Rect, to: Rect, at: number, out?: LayoutPoint): LayoutPoint {
  const [a, b] = cableEnds(from, to, out);
  if (a.y === b.y) return { x: Math.round(a.x + (b.x - a.x) * at), y: a.y };
  const [near, far] = [(1 - at) ** 3, at ** 3];
  const [second, third] = [3 * (1 - at) ** 2 * at, 3 * (1 - at) * at ** 2];
  return {
    x: Math.round((near + second) * a.x + (third + far) * b.x),
    y: Math.round(near * a.y + ((second + third) * (a.y + b.y)) / 2 + far * b.y),
  };
}

function sideTo(from: Rect, to: Rect): Side {
  if (from.y >= to.y + to.height) return 'top';
  if (to.y >= from.y + from.height) return 'bottom';
  return from.x < to.x ? 'right' : 'left';
}

function cableEnds(from: Rect, to: Rect, out?: LayoutPoint): readonly [LayoutPoint, LayoutPoint] {
  const side = sideTo(from, to);
  const end = endOf(to, opposite[side]);
  return [out ? { x: from.x + out.x, y: from.y + out.y } : endOf(from, side), end];
}

const opposite = { top: 'bottom', bottom: 'top', left: 'right', right: 'left' } as const;

function endOf({ x, y, width, height }: Rect, side: Side): LayoutPoint {
  if (side === 'left' || side === 'right') return { x: side === 'left' ? x : x + width, y: y + 28 };
  return { x: x + width / 2, y: side === 'top' ? y : y + height };
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The node that an arrow key leads to: the nearest in that direction, with what lies aside of it counted double. */
export function neighbourOf(places: ReadonlyMap<string, Rect>, id: string, direction: Direction): string | undefined {
  const from = places.get(id);
  if (!from) return undefined;
  let best: { readonly id: string; readonly far: number } | undefined;
  for (const [other, rect] of places) {
    if (other === id) continue;
    const dx = rect.x + rect.width / 2 - from.x - from.width / 2;
    const dy = rect.y + rect.height / 2 - from.y - from.height / 2;
    const along = { left: -dx, right: dx, up: -dy, down: dy }[direction];
    const aside = Math.abs(direction === 'left' || direction === 'right' ? dy : dx);
    const far = along + 2 * aside;
    if (along > 0 && (!best || far < best.far)) best = { id: other, far };
  }
  return best?.id;
}
