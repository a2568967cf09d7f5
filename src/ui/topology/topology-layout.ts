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
  /** By link. */
  readonly cables: ReadonlyMap<string, Cable>;
  readonly width: number;
  readonly height: number;
}

/** Where a cable leaves its node and enters its network. */
export interface Cable {
  readonly from: LayoutPoint;
  readonly to: LayoutPoint;
  /** On its way it goes up to that height, above the row of its node, and along that lane, left of all nodes: a tray. */
  readonly tray?: LayoutPoint;
}

/** Sizes in the picture's own pixels. */
export const sizes = {
  node: { width: 160, height: 70 },
  gap: 24,
  edge: 48,
} as const;

/** A row of nodes is no wider than so, unless one node alone is. */
const rowWidth = 1080;

/** The room between a network and what is on it: its cables run there, above what is written on each near its node. */
const cableRoom = 84;

/** Between rows: cables of the lower one run there, and what passes them is written below. */
const rowRoom = 44;

/** Of the cables in that room: how far above their row, and between those of several networks. */
const tray = { above: 28, step: 4, lanes: 3, lane: 12, laneStep: 6 } as const;

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
    // There is room for what passes its cable.
    const x = sizes.edge + 2 * (sizes.node.width + sizes.gap);
    if (gateway) places.set(gateway.id, { ...sizes.node, x, y });
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
  const direct = plug(nodes, links, places, new Map());
  const trays = traysOf(links, places, direct.cables);
  return {
    nodes: places,
    ...(trays.size > 0 ? plug(nodes, links, places, trays) : direct),
    width: Math.max(0, ...all.map((rect) => rect.x + rect.width)) + sizes.edge,
    height: Math.max(0, ...all.map((rect) => rect.y + rect.height)) + sizes.edge,
  };
}

/** The cards of hosts and all cables, those of `trays` over them. */
function plug(
  nodes: readonly TopologyNode[],
  links: readonly TopologyLink[],
  places: ReadonlyMap<string, Rect>,
  trays: ReadonlyMap<string, LayoutPoint>,
): Pick<TopologyPlaces, 'cards' | 'cables'> {
  const cards = new Map<string, readonly HostCard[]>();
  const outs = new Map<string, LayoutPoint>();
  for (const { id, bridges } of nodes) {
    const from = places.get(id);
    if (!from || bridges.length === 0) continue;
    const sideOf = (link: string): Side | undefined => {
      const network = links.find((each) => each.id === link)?.network;
      const to = network === undefined ? undefined : places.get(networkNode(network));
      return to && (trays.has(link) ? 'top' : sideTo(from, to));
    };
    const own = hostCards(bridges, from, sideOf);
    cards.set(id, own);
    for (const { link, out } of own) outs.set(link, out);
  }
  const cables = new Map<string, Cable>();
  const plugged = new Map<string, number>();
  for (const { id, from, network } of links) {
    const [node, to, at] = [places.get(from), places.get(networkNode(network)), trays.get(id)];
    if (!node || !to) continue;
    // Several of one node leave it side by side.
    const before = plugged.get(from) ?? 0;
    plugged.set(from, before + 1);
    const middle = { x: node.width / 2 + 24 * before, y: at || sideTo(node, to) === 'top' ? 0 : node.height };
    const out = outs.get(id) ?? (at || before > 0 ? middle : undefined);
    const cable = cableBetween(node, to, out);
    cables.set(id, at ? { ...cable, to: endOf(to, 'left'), tray: at } : cable);
  }
  return { cards, cables };
}

/** For each link whose cable would pass behind nodes, where it passes behind fewer. */
function traysOf(
  links: readonly TopologyLink[],
  places: ReadonlyMap<string, Rect>,
  direct: ReadonlyMap<string, Cable>,
): ReadonlyMap<string, LayoutPoint> {
  const networks = [...new Set(links.map(({ network }) => network))];
  const trays = new Map<string, LayoutPoint>();
  for (const { id, from, network } of links) {
    const [node, to, cable] = [places.get(from), places.get(networkNode(network)), direct.get(id)];
    if (!node || !to || !cable) continue;
    const others = [...places.values()].filter((rect) => rect !== node && rect !== to);
    const behind = (each: Cable): number => others.filter((rect) => passes(each, rect)).length;
    const lane = networks.indexOf(network) % tray.lanes;
    const x = sizes.edge - tray.lane - lane * tray.laneStep;
    if (Math.min(node.x, to.x) < sizes.edge || !others.some((rect) => passes(cable, rect))) continue;
    const at = { x, y: node.y - tray.above - lane * tray.step };
    const out = { x: node.x + node.width / 2, y: node.y };
    const over = behind({ from: out, to: endOf(to, 'left'), tray: at });
    // To count those that a bend passes takes long.
    if (over === 0 || over < behind(cable)) trays.set(id, at);
  }
  return trays;
}

/** Whether a cable passes a box. */
export function passes(cable: Cable, box: Rect): boolean {
  const { from: a, to: b, tray: at } = cable;
  const crosses = (one: LayoutPoint, other: LayoutPoint): boolean =>
    Math.max(one.x, other.x) > box.x &&
    Math.min(one.x, other.x) < box.x + box.width &&
    Math.max(one.y, other.y) > box.y &&
    Math.min(one.y, other.y) < box.y + box.height;
  if (at) {
    const turns = [a, { x: a.x, y: at.y }, at, { x: at.x, y: b.y }, b];
    return turns.some((turn, index) => crosses(turn, turns[index + 1] ?? b));
  }
  // A bend goes steadily from its one end to the other: what is level with the box lies between two of its points.
  return crosses(a, b) && crosses(pointLevelWith(cable, box.y), pointLevelWith(cable, box.y + box.height));
}

/** The point of a cable at that height, or its end that is nearer to it. */
export function pointLevelWith(cable: Cable, y: number): LayoutPoint {
  const down = cable.to.y > cable.from.y;
  let [low, high] = [0, 1];
  for (let halves = 0; halves < 12; halves += 1) {
    const middle = (low + high) / 2;
    if (cablePoint(cable, middle).y < y === down) low = middle;
    else high = middle;
  }
  return cablePoint(cable, (low + high) / 2);
}

/** Rows from `top` on, each as high as its highest; returns where the next thing may begin. */
function placeRows(nodes: readonly TopologyNode[], top: number, places: Map<string, Rect>): number {
  let x: number = sizes.edge;
  let y = top;
  let height = 0;
  for (const node of nodes) {
    const size = nodeSize(node);
    if (x > sizes.edge && x + size.width > rowWidth) {
      y += height + rowRoom;
      x = sizes.edge;
      height = 0;
    }
    places.set(node.id, { ...size, x, y });
    x += size.width + sizes.gap;
    height = Math.max(height, size.height);
  }
  return y + height + (height > 0 ? sizes.gap : 0);
}

/** A cable as the data of an SVG path: with a gentle bend, or over its tray with round corners. */
export function cablePath({ from: a, to: b, tray: at }: Cable): string {
  if (at) {
    const turn = b.y < at.y ? -6 : 6;
    return `M${a.x} ${a.y}V${at.y + 6}q0-6-6-6H${at.x + 6}q-6 0-6 ${turn}V${b.y - turn}q0 ${turn} 6 ${turn}H${b.x}`;
  }
  if (a.y === b.y) return `M${a.x} ${a.y}H${b.x}`;
  const middle = Math.round((a.y + b.y) / 2);
  return `M${a.x} ${a.y}C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${b.y}`;
}

/** A point of a cable that is over no tray, from 0 at its node to 1 at its network. */
export function cablePoint({ from: a, to: b }: Cable, at: number): LayoutPoint {
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

/** From side to side. `out`: where it leaves the first, from its corner; else in the middle. */
export function cableBetween(from: Rect, to: Rect, out?: LayoutPoint): Cable {
  const side = sideTo(from, to);
  return {
    from: out ? { x: from.x + out.x, y: from.y + out.y } : endOf(from, side),
    to: endOf(to, opposite[side]),
  };
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
