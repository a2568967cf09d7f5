import { describe, expect, it } from 'vitest';
import { findNamed } from './find-named';

const all = [
  { id: 'abc1', name: 'web' },
  { id: 'abd2', name: 'abc1x' },
  { id: 'fff3', name: 'ab' },
];

describe('who is meant', () => {
  it.each([
    ['abc1', 'abc1'],
    ['web', 'abc1'],
    ['/web', 'abc1'],
    ['abc', 'abc1'],
    ['ab', 'fff3'],
    ['f', 'fff3'],
    ['nobody', undefined],
    ['', undefined],
    ['w', undefined],
  ])('by "%s" is %s', (reference, id) => {
    expect(findNamed(all, reference)?.id).toBe(id);
  });

  it('must be clear', () => {
    expect(() => findNamed(all, 'a')).toThrow('multiple IDs found with provided prefix: a');
  });
});
