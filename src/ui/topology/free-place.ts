import type { LayoutPoint } from '../../api/layout';
import type { Direction, Rect } from './topology-layout';

/** What is put beside something else leaves so much between. */
const clearance = 12;

/** Only what lies there from the point on; straight up is not to the left. */
const isThere: Readonly<Record<Direction, (from: LayoutPoint, to: LayoutPoint) => boolean>> = {
  left: (from, to) => to.y === from.y && to.x <= from.x,
  right: (from, to) => to.y === from.y && to.x >= from.x,
  up: (from, to) => to.x === from.x && to.y <= from.y,
  down: (from, to) => to.x === from.x && to.y >= from.y,
};

/**
 * Where a box can be that is put down at its place: there, or if it would cover another, the nearest place beside what is
 * there; with a direction, the nearest in it. Undefined where there is none, which without a direction does not happen.
 */
export function freePlace(box: Rect, others: readonly Rect[], direction?: Direction): LayoutPoint | undefined {
  const here = { x: box.x, y: box.y };
  if (!others.some((other) => isWithin(box, other, 0))) return here;
  const far = ({ x, y }: LayoutPoint): number => Math.hypot(x - here.x, y - here.y);
  // The nearest point outside of boxes is level with where it was, or in a corner between the sides of two.
  const across = others.flatMap(({ x, width }) => [x - box.width - clearance, x + width + clearance]);
  const along = others.flatMap(({ y, height }) => [y - box.height - clearance, y + height + clearance]);
  return [here.x, ...across]
    .flatMap((x) => [here.y, ...along].map((y) => ({ x, y })))
    .filter((point) => point.x >= 0 && point.y >= 0 && (!direction || isThere[direction](here, point)))
    .toSorted((a, b) => far(a) - far(b))
    .find((point) => !others.some((other) => isWithin({ ...box, ...point }, other, clearance)));
}

function isWithin(a: Rect, b: Rect, margin: number): boolean {
  return (
    a.x < b.x + b.width + margin &&
    b.x < a.x + a.width + margin &&
    a.y < b.y + b.height + margin &&
    b.y < a.y + a.height + margin
  );
}
