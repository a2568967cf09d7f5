import { describe, expect, it } from 'vitest';
import { isLinearizable, type TimedOperation } from './linearizable-fixture';

const write = (begun: number, ended: number, value: number): TimedOperation<number> => ({
  begun,
  ended,
  run: () => value,
});
const read = (begun: number, ended: number, seen: number): TimedOperation<number> => ({
  begun,
  ended,
  run: (state) => (state === seen ? state : undefined),
});

describe('the check of linearizability', () => {
  it.each<[string, boolean, TimedOperation<number>[]]>([
    ['nothing', true, []],
    ['a read of what was written', true, [write(0, 1, 5), read(2, 3, 5)]],
    ['a read of what nobody wrote', false, [write(0, 1, 5), read(2, 3, 6)]],
    ['a stale read', false, [write(0, 1, 5), write(2, 3, 6), read(4, 5, 5)]],
    ['a read of a write under way, either way', true, [write(0, 9, 5), read(1, 2, 0), read(3, 4, 5)]],
    ['a read that goes back', false, [write(0, 9, 5), read(1, 2, 5), read(3, 4, 0)]],
    ['two writes at once, seen in the order they began', true, [write(0, 9, 5), write(1, 9, 6), read(10, 11, 6)]],
    ['two writes at once, seen in the other order', true, [write(0, 9, 5), write(1, 9, 6), read(10, 11, 5)]],
    [
      'two readers who see two writes in different orders',
      false,
      [write(0, 9, 5), write(0, 9, 6), read(1, 2, 5), read(3, 4, 6), read(5, 6, 5)],
    ],
  ])('judges %s: %s', (_, expected, operations) => {
    expect(isLinearizable(operations, 0, String)).toBe(expected);
  });

  it('manages long histories of several clients', () => {
    const operations: TimedOperation<number>[] = [];
    for (let time = 0; time < 2000; time += 1) {
      operations.push(write(4 * time, 4 * time + 3, 2 * time), write(4 * time, 4 * time + 3, 2 * time + 1));
      operations.push(read(4 * time + 1, 4 * time + 5, 2 * time + (time % 2)));
    }
    expect(isLinearizable(operations, -1, String)).toBe(true);
    operations.push(read(8001, 8002, 1));
    expect(isLinearizable(operations, -1, String)).toBe(false);
  });
});
