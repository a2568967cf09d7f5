import type { LayoutPoint } from '../../api/layout';
import { cablePoint, type Rect } from './topology-layout';

/** A cable that something is to be written on. */
export interface RatedCable {
  readonly id: string;
  readonly from: Rect;
  readonly to: Rect;
  /** Where it leaves the first, if not in the middle. */
  readonly out?: LayoutPoint;
}

/** The room that rates take, such as `↑ 999 kB/s ↓ 999 kB/s`; the same for all, so that none moves with its figures. */
export const rateSize = { width: 144, height: 16 } as const;

/** Along a cable. Near its node first: cables of neighbours meet at the network. */
const along = [0.25, 0.5, 0.4, 0.6, 0.75] as const;

/** Between boxes and what is written above or below them. */
const clearance = 4;

/**
 * Where the middle of each cable's rates is written, so that none covers another's or a box. Cables that have no such place are
 * not in it. The earlier ones choose first.
 */
export function placeRates(cables: readonly RatedCable[], boxes: Iterable<Rect>): ReadonlyMap<string, LayoutPoint> {
  const taken = [...boxes];
  const places = new Map<string, LayoutPoint>();
  for (const cable of cables) {
    const free = candidates(cable).find((point) => !taken.some((rect) => overlap(rect, around(point))));
    if (!free) continue;
    places.set(cable.id, free);
    taken.push(around(free));
  }
  return places;
}

/** Between boxes that stand side by side there is too little room: above or below them there may be some. */
function candidates({ from, to, out }: RatedCable): readonly LayoutPoint[] {
  const on = along.map((at) => cablePoint(from, to, at, out));
  const [first] = on;
  if (on.some(({ y }) => y !== first?.y)) return on;
  const { x } = cablePoint(from, to, 0.5, out);
  const reach = clearance + rateSize.height / 2;
  const above = Math.min(from.y, to.y) - reach;
  const below = Math.max(from.y + from.height, to.y + to.height) + reach;
  return [...on, { x, y: below }, ...(above >= reach ? [{ x, y: above }] : [])];
}

function around({ x, y }: LayoutPoint): Rect {
  const { width, height } = rateSize;
  return { x: x - width / 2, y: y - height / 2, width, height };
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
