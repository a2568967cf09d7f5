import { describe, expect, it } from 'vitest';
import { rovingIndex } from './roving';

describe('keys in a list with one tab stop', () => {
  it.each([
    ['ArrowDown', 0, 3, 'vertical', 1],
    ['ArrowDown', 2, 3, 'vertical', 2],
    ['ArrowUp', 0, 3, 'vertical', 0],
    ['End', 0, 3, 'vertical', 2],
    ['Home', 2, 3, 'vertical', 0],
    ['ArrowRight', 1, 2, 'horizontal', 0],
    ['ArrowLeft', 0, 2, 'horizontal', 1],
    ['ArrowRight', 0, 2, 'vertical', undefined],
    ['a', 0, 2, 'horizontal', undefined],
    ['Home', 0, 0, 'vertical', undefined],
  ] as const)('%s at %d of %d, %s, goes to %s', (key, at, count, axis, next) => {
    expect(rovingIndex(key, at, count, axis)).toBe(next);
  });
});
