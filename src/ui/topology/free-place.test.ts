import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freePlace } from './free-place';
import type { Rect } from './topology-layout';

const box = (x: number, y: number): Rect => ({ x, y, width: 100, height: 50 });
const boxes = fc
  .record({ x: fc.integer({ min: 0, max: 600 }), y: fc.integer({ min: 0, max: 400 }) })
  .map(({ x, y }) => box(x, y));

function covers(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe('where a box can be put', () => {
  it('is where it was put, when nothing is there, however near others are', () => {
    expect(freePlace(box(100, 0), [box(0, 0), box(201, 0)])).toEqual({ x: 100, y: 0 });
  });

  it('is beside what it would cover, on the nearer side', () => {
    expect(freePlace(box(180, 110), [box(100, 100)])).toEqual({ x: 212, y: 110 });
    expect(freePlace(box(110, 140), [box(100, 100)])).toEqual({ x: 110, y: 162 });
    // Above and to the left is the edge of the picture.
    expect(freePlace(box(5, 5), [box(10, 10)])).toEqual({ x: 5, y: 72 });
  });

  it('is in the direction that it is moved in, past all that is in its way, or nowhere', () => {
    const way = [box(100, 0), box(212, 0), box(330, 20)];
    expect(freePlace(box(16, 0), way, 'right')).toEqual({ x: 442, y: 0 });
    expect(freePlace(box(425, 0), way, 'left')).toBeUndefined();
    expect(freePlace(box(560, 0), [...way, box(500, 0)], 'left')).toBeUndefined();
    expect(freePlace(box(110, 40), way, 'down')).toEqual({ x: 110, y: 62 });
    expect(freePlace(box(330, 60), way, 'up')).toBeUndefined();
  });

  it('covers nothing, and no free place is nearer', () => {
    fc.assert(
      fc.property(boxes, fc.array(boxes, { maxLength: 12 }), boxes, (put, others, try_) => {
        const { x, y } = freePlace(put, others)!;
        expect(others.some((other) => covers({ ...put, x, y }, other))).toBe(false);
        const margin = others.map((each) => ({
          ...{ x: each.x - 12, y: each.y - 12 },
          ...{ width: each.width + 24, height: each.height + 24 },
        }));
        if (margin.some((other) => covers(try_, other))) return;
        const far = (point: { readonly x: number; readonly y: number }) => Math.hypot(point.x - put.x, point.y - put.y);
        expect(far({ x, y })).toBeLessThanOrEqual(far(try_));
      }),
      { numRuns: 500 },
    );
  });
});
