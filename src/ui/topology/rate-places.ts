import type { LayoutPoint } from '../../api/layout';
import { type Cable, cablePoint, passes, pointLevelWith, type Rect } from './topology-layout';

/** The room that rates take, such as `↑ 999 kB/s ↓ 999 kB/s`; the same for all, so that none moves with its figures. */
export const rateSize = { width: 144, height: 16 } as const;

/** How far from the edge of the picture their middle is. */
const edge = rateSize.width / 2;

/** Along a cable, where it cannot be near the node. */
const along = [0.5, 0.4, 0.6] as const;

/** In the middle of its cable, or aside of it with a part of it below. */
const aside = [0, -56, 64] as const;

/** Between rates and cables of others. */
const clearance = 2;

/** From its node: cables of neighbours meet at the network. */
const nearNode = 12;

/**
 * Where the middle of each cable's rates is written, in a picture of that width: on the cable, and so that none covers another's, a
 * box or another cable. Cables that have no such place are not in it. The earlier ones choose first.
 */
export function placeRates(
  cables: ReadonlyMap<string, Cable>,
  boxes: Iterable<Rect>,
  width: number,
): ReadonlyMap<string, LayoutPoint> {
  const taken = [...boxes];
  const all = [...cables.values()];
  const places = new Map<string, LayoutPoint>();
  for (const [id, cable] of cables) {
    const free = candidates(cable, width).find((point) => {
      const here = around(point, 0);
      if (taken.some((rect) => overlap(rect, here))) return false;
      const near = around(point, clearance);
      return !all.some((other) => other !== cable && passes(other, near));
    });
    if (!free) continue;
    places.set(id, free);
    taken.push(around(free, 0));
  }
  return places;
}

/** Those that are in the picture come first. */
function candidates(cable: Cable, width: number): readonly LayoutPoint[] {
  const { from, to, tray } = cable;
  const y = from.y + (to.y > from.y && !tray ? nearNode : -nearNode);
  const on = tray ? [{ x: from.x, y }] : [pointLevelWith(cable, y), ...along.map((at) => cablePoint(cable, at))];
  const all = aside.flatMap((by) => on.map(({ x, y }) => ({ x: x + by, y })));
  const isInside = ({ x }: LayoutPoint): boolean => x >= edge && x <= width - edge;
  return [...all.filter(isInside), ...all.filter((point) => !isInside(point))];
}

function around({ x, y }: LayoutPoint, margin: number): Rect {
  const [width, height] = [rateSize.width + 2 * margin, rateSize.height + 2 * margin];
  return { x: x - width / 2, y: y - height / 2, width, height };
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
