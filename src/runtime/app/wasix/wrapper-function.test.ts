import { afterEach, describe, expect, it } from 'vitest';
import { provideWrapper } from './wrapper-function';

const native = globalThis.Function;
afterEach(() => {
  globalThis.Function = native;
});

const body = 'return f(Array.prototype.slice.call(arguments, 1))';

describe('functions of texts', () => {
  it('come ready made where the SDK makes one, with new and without', () => {
    provideWrapper();
    const list = (args: readonly unknown[]): readonly unknown[] => args;
    for (const made of [new Function('f', body), Function('f', body)]) {
      expect(made.toString()).toContain('[native code]');
      expect(made.bind(undefined, list)(1, 2)).toEqual([1, 2]);
    }
    expect((() => {}) instanceof Function).toBe(true);
  });

  it('are what they were otherwise', () => {
    provideWrapper();
    expect(new Function('a', 'return a + 1')(1)).toBe(2);
    expect(new Function('f', `${body};`).toString()).toContain('slice');
  });
});
