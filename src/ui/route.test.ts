import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerTabs, formatRoute, instanceTabs, parseRoute, places, type Route } from './route';

describe('an address', () => {
  it.each([
    ['', { view: 'overview' }],
    ['#', { view: 'overview' }],
    ['#/machines', { view: 'machines' }],
    ['#/networks', { view: 'networks' }],
    ['#/machines/abc', { view: 'machine', id: 'abc', tab: 'terminal' }],
    ['#/machines/abc/log', { view: 'machine', id: 'abc', tab: 'log' }],
    ['#/machines/abc/nonsense', { view: 'machine', id: 'abc', tab: 'terminal' }],
    ['#/containers', { view: 'containers' }],
    ['#/containers/ab', { view: 'container', id: 'ab', tab: 'logs' }],
    ['#/containers/ab/kernel', { view: 'container', id: 'ab', tab: 'kernel' }],
    ['#/%E0%A4%A', { view: 'overview' }],
    ['#/__proto__', { view: 'overview' }],
  ])('%j leads to its view', (hash, route) => expect(parseRoute(hash)).toEqual(route));

  it('says any route in a way that is read back as the same', () => {
    const route = fc.oneof(
      fc.record({ view: fc.constantFrom(...places) }),
      fc.record({
        view: fc.constant('machine' as const),
        id: fc.string({ unit: 'grapheme', minLength: 1 }),
        tab: fc.constantFrom(...instanceTabs),
      }),
      fc.record({
        view: fc.constant('container' as const),
        id: fc.string({ unit: 'grapheme', minLength: 1 }),
        tab: fc.constantFrom(...containerTabs),
      }),
    );
    fc.assert(
      fc.property(route, (each: Route) => {
        expect(parseRoute(formatRoute(each))).toEqual(each);
      }),
    );
  });
});
