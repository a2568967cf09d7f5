import { describe, expect, it } from 'vitest';
import { parseProgress, serializeProgress } from './progress';

describe('progress in lessons', () => {
  it('is what it was after it was kept', () => {
    const progress = new Map([['03', { passed: [1, 2], step: 3, startedAt: 5, before: ['a'], own: ['b'] }]]);
    expect(parseProgress(JSON.parse(JSON.stringify(serializeProgress(progress))))).toEqual(progress);
  });

  it.each([undefined, null, 1, 'x', [], { a: 1 }, { a: { passed: 'x' } }, { a: null }])('%j is none', (kept) => {
    expect(parseProgress(kept).size).toBe(0);
  });

  it('without sense is what can be made of it', () => {
    expect(
      parseProgress({
        a: { passed: [1, -1, 'x', 1.5, 900], step: 'y', startedAt: 'z', before: [1, 'b'], own: [2, 'c'] },
      }).get('a'),
    ).toEqual({
      passed: [1],
      step: 0,
      before: ['b'],
      own: ['c'],
    });
  });
});
