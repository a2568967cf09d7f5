import { describe, expect, it } from 'vitest';
import type { PlacementDecision } from '../../api/placement';
import { PlacementBook, placementLimit } from './placement-book';

const decision = (at: number): PlacementDecision => ({
  at,
  container: `c${at}`,
  name: `web-${at}`,
  host: 'host-1',
  reason: { kind: 'only' },
});

describe('the book of placements', () => {
  it('has the newest first, whatever the order in which they were read', () => {
    const book = new PlacementBook();
    book.add(decision(2), decision(9));
    book.add(decision(5));
    expect(book.list().map(({ at }) => at)).toEqual([9, 5, 2]);
  });

  it('forgets the oldest, and tells of what it has', () => {
    const book = new PlacementBook();
    const told: number[] = [];
    book.changed((decisions) => told.push(decisions.length));
    for (let at = 0; at <= placementLimit; at += 1) book.add(decision(at));
    expect(book.list()).toHaveLength(placementLimit);
    expect(book.list().at(-1)?.at).toBe(1);
    expect(told.at(-1)).toBe(placementLimit);
  });
});
