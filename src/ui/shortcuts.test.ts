import { describe, expect, it } from 'vitest';
import { pageKey } from './shortcuts';

const press = (key: string, held: object = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...held });

describe('keys of the page', () => {
  it.each([
    [press('k', { ctrlKey: true }), 'palette'],
    [press('K', { metaKey: true }), 'palette'],
    [press('`', { ctrlKey: true }), 'terminals'],
    [press('z', { ctrlKey: true }), 'undo'],
    [press('z'), undefined],
    [press('?'), 'help'],
    [press('n'), 'new-vm'],
    [press('0'), 'overview'],
    [press('2'), 2],
    [press('8'), undefined],
    [press('n', { ctrlKey: true }), undefined],
    [press('k', { ctrlKey: true, altKey: true }), undefined],
    [press('constructor'), undefined],
  ])('%j', (event, meaning) => {
    expect(pageKey(event, true)).toBe(meaning);
  });

  it('have no single ones when those are turned off', () => {
    expect(pageKey(press('n'), false)).toBeUndefined();
    expect(pageKey(press('k', { ctrlKey: true }), false)).toBe('palette');
  });
});
