import { describe, expect, it } from 'vitest';
import { chartFigures, chartPath, niceCeiling } from './chart-path';

describe('a chart', () => {
  it.each([
    [0, 1],
    [1, 1],
    [1.01, 2],
    [3, 5],
    [0.07, 0.1],
    [21_000, 50_000],
    [1000, 1000],
    [Number.NaN, 1],
  ])('for %d ends at %d', (value, ceiling) => expect(niceCeiling(value)).toBeCloseTo(ceiling));

  it('has its newest value at the right', () => {
    expect(chartPath([0, 10, 5], 3, 10)).toBe('M0 120L300 0L600 60');
    expect(chartPath([10, 5], 61, 10)).toBe('M590 0L600 60');
    expect(chartPath([1], 3, 10)).toBe('');
  });

  it('loses no peak, however many values there are', () => {
    const values = Array.from({ length: 6000 }, (_, at) => (at === 2001 ? 10 : 0));
    expect(chartPath(values, 6000, 10)).toContain('L200 0L');
  });

  it('has its numbers beside it', () => {
    expect(chartFigures([1, 5, 3])).toEqual({ now: 3, mean: 3, largest: 5 });
    expect(chartFigures([])).toBeUndefined();
  });
});
