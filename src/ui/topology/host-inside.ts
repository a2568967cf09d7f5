import type { LayoutPoint } from '../../api/layout';
import type { HostBridge, NestedNode, TopologyNode } from './topology-graph';

/** Sizes inside a host, in the picture's own pixels. */
const inner = {
  /** Its name, state and addresses. */
  head: 82,
  bar: { step: 24, height: 16 },
  edge: 10,
  card: { width: 38, height: 16 },
  /** Between a bridge and its card. */
  patch: 10,
  /** Between wires that run beside each other. */
  wires: 8,
  /** And between those that pass above the bridges. */
  above: 4,
  container: { width: 176, height: 46 },
  /** Each interface after a container's first takes a line of its own. */
  line: 16,
  gap: 12,
} as const;

/** Containers side by side. */
const columns = 3;

/** The least that a host is wide. */
const leastWidth = 160;

type Inside = Pick<TopologyNode, 'nested' | 'bridges'>;

/** A place in a host, from its corner. */
export interface InnerRect extends LayoutPoint {
  readonly width: number;
  readonly height: number;
}

/** Where a cable leaves a box. */
export type Side = 'top' | 'bottom' | 'left' | 'right';

/** A host's card, and where its cable leaves the host. */
export interface HostCard {
  readonly link: string;
  readonly side: Side;
  readonly rect: InnerRect;
  readonly out: LayoutPoint;
  /** From the card out of the host, as the data of an SVG path. */
  readonly wire: string;
}

/** A part of a bridge that reaches down beside a column of containers. */
export interface BridgeArm {
  readonly bridge: string;
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

/** From a bridge to an interface of a container. */
export interface VethWire {
  readonly from: LayoutPoint;
  readonly to: LayoutPoint;
}

export function hostSize({ nested, bridges }: Inside): { readonly width: number; readonly height: number } {
  const used = Math.min(columns, nested.length);
  const content = inner.edge + used * (gutterOf(bridges) + inner.container.width) + lanesOf(bridges);
  const bottoms = nestedPlaces({ nested, bridges }).map(({ y, height }) => y + height);
  return {
    width: Math.max(leastWidth, content),
    height: Math.max(headOf(bridges) - inner.gap, ...bottoms) + inner.gap,
  };
}

/** Where the containers of a host are. Each row is as high as its highest. */
export function nestedPlaces({ nested, bridges }: Inside): readonly InnerRect[] {
  const { width } = inner.container;
  const places: InnerRect[] = [];
  let y = headOf(bridges);
  for (let first = 0; first < nested.length; first += columns) {
    const row = nested.slice(first, first + columns);
    const heights = row.map(containerHeight);
    for (const [column, height] of heights.entries())
      places.push({ x: gutterAt(bridges, column) + gutterOf(bridges), y, width, height });
    y += Math.max(...heights) + inner.gap;
  }
  return places;
}

/** The bar of the bridge of that number; right of it there is room for its card. `label`: where no arm passes. */
export function bridgeBar(
  bridges: readonly HostBridge[],
  at: number,
  width: number,
): InnerRect & { readonly label: number } {
  const x = inner.edge;
  const end = width - lanesOf(bridges) - inner.card.width - inner.patch;
  return {
    x,
    y: barTop(at),
    width: end - x,
    height: inner.bar.height,
    label: gutterAt(bridges, 0) + gutterOf(bridges),
  };
}

/**
 * The cards of a host, each beside its bridge. Those whose cables leave upwards or downwards have a lane each along the right
 * edge, and so have those that go to the left, above all bridges; so ordered that no wire crosses another if that can be.
 */
export function hostCards(
  bridges: readonly HostBridge[],
  { width, height }: { readonly width: number; readonly height: number },
  sideOf: (link: string) => Side | undefined,
): readonly HostCard[] {
  const cards = bridges.flatMap(({ card }, at) => {
    const side = card && sideOf(card.link);
    return card && side ? [{ link: card.link, side, at }] : [];
  });
  const leaving = (by: Side) => cards.filter(({ side }) => side === by);
  const lefts = leaving('left');
  const lanes = [...lefts, ...leaving('top'), ...leaving('bottom').reverse()];
  return cards.map((card) => {
    const { link, side, at } = card;
    const size = inner.card;
    const rect = { ...size, x: width - lanesOf(bridges) - size.width, y: barTop(at) };
    const [right, y] = [rect.x + size.width, rect.y + size.height / 2];
    if (side === 'right') return { link, side, rect, out: { x: width, y }, wire: `M${right} ${y}H${width}` };
    const lane = right + (lanes.indexOf(card) + 1) * inner.wires;
    const start = `M${right} ${y}H${lane}V`;
    if (side === 'left') {
      const above = inner.head - inner.above * (lefts.indexOf(card) + 1.5);
      return { link, side, rect, out: { x: 0, y: above }, wire: `${start}${above}H0` };
    }
    const end = side === 'top' ? 0 : height;
    return { link, side, rect, out: { x: lane, y: end }, wire: `${start}${end}` };
  });
}

/** What leads from bridges to containers: one wire for each interface that is a port of a bridge, and the arms that they begin at. */
export function hostWires({ nested, bridges }: Inside): {
  readonly arms: readonly BridgeArm[];
  readonly veths: readonly VethWire[];
} {
  const arms = new Map<string, BridgeArm>();
  const veths: VethWire[] = [];
  for (const [index, place] of nestedPlaces({ nested, bridges }).entries()) {
    const column = index % columns;
    for (const [line, { bridge }] of (nested[index]?.interfaces ?? []).entries()) {
      const at = bridges.findIndex(({ name }) => name === bridge);
      if (bridge === undefined || at < 0) continue;
      // The lower a bridge, the farther left its arm: then no arm crosses a wire of the first row.
      const x = gutterAt(bridges, column) + (bridges.length - at) * inner.wires;
      const y = interfaceLine(line) + place.y;
      arms.set(`${column} ${bridge}`, { bridge, x, top: barTop(at) + inner.bar.height, bottom: y });
      veths.push({ from: { x, y }, to: { x: place.x, y } });
    }
  }
  return { arms: [...arms.values()], veths };
}

/** The middle of the line on which an interface is named, from the corner of its container. */
export function interfaceLine(index: number): number {
  return 32 + index * inner.line;
}

function containerHeight({ interfaces }: NestedNode): number {
  return inner.container.height + Math.max(0, interfaces.length - 1) * inner.line;
}

function barTop(at: number): number {
  return inner.head + at * inner.bar.step;
}

function headOf(bridges: readonly HostBridge[]): number {
  return barTop(bridges.length) + 4;
}

/** Left of each column, with a lane for the arm of each bridge. */
function gutterOf(bridges: readonly HostBridge[]): number {
  return (bridges.length + 1) * inner.wires;
}

function gutterAt(bridges: readonly HostBridge[], column: number): number {
  return inner.edge - inner.wires / 2 + column * (gutterOf(bridges) + inner.container.width);
}

/** Along the right edge, with a lane for each card. */
function lanesOf(bridges: readonly HostBridge[]): number {
  return (bridges.length + 1) * inner.wires;
}
