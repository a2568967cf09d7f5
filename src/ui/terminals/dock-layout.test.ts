import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closeTab,
  type DockLayout,
  emptyLayout,
  focusedGroup,
  groupLimit,
  groupOfTab,
  groupsOf,
  moveTab,
  placeNodes,
  readLayout,
  resizeSplit,
  showTab,
  smallestShare,
  splitGroup,
} from './dock-layout';

const tabsOf = (layout: DockLayout): string[] => groupsOf(layout.root).flatMap((group) => group.tabs);
const shape = (layout: DockLayout): string[][] => groupsOf(layout.root).map((group) => [...group.tabs]);

describe('tabs of the dock', () => {
  const two = ['a', 'b'].reduce(showTab, emptyLayout);

  it('come into the group that was used last, and are shown', () => {
    expect(shape(two)).toEqual([['a', 'b']]);
    expect(focusedGroup(two)?.active).toBe('b');
    expect(focusedGroup(showTab(two, 'a'))?.active).toBe('a');
  });

  it('go, and their neighbour is shown', () => {
    const three = showTab(showTab(two, 'c'), 'b');
    expect(focusedGroup(closeTab(three, 'b'))?.active).toBe('c');
    expect(closeTab(closeTab(two, 'a'), 'b')).toEqual(emptyLayout);
  });

  it('can be put beside others and back', () => {
    const group = focusedGroup(two)!;
    const beside = splitGroup(two, group.id, 'row', 'b');
    expect(shape(beside)).toEqual([['a'], ['b']]);
    expect(focusedGroup(beside)?.active).toBe('b');
    expect(shape(moveTab(beside, 'b', group.id))).toEqual([['a', 'b']]);
  });

  it('are not split from a group that has no other', () => {
    const one = showTab(emptyLayout, 'a');
    expect(splitGroup(one, focusedGroup(one)!.id, 'row', 'a')).toBe(one);
  });
});

describe('the places of groups', () => {
  it('cover the dock and follow the shares, which have limits', () => {
    const one = showTab(emptyLayout, 'a');
    const split = splitGroup(one, focusedGroup(one)!.id, 'column', 'b');
    const [divider] = placeNodes(split.root).splits;
    const wide = resizeSplit(split, divider!.split.id, 0.75);
    expect(placeNodes(wide.root).groups.map(({ rect }) => rect)).toEqual([
      { x: 0, y: 0, width: 1, height: 0.75 },
      { x: 0, y: 0.75, width: 1, height: 0.25 },
    ]);
    const tight = resizeSplit(split, divider!.split.id, 5);
    expect(placeNodes(tight.root).groups[1]?.rect.height).toBeCloseTo(smallestShare);
  });
});

describe('whatever is done to the dock', () => {
  const step = fc.record({
    what: fc.constantFrom('show', 'close', 'row', 'column', 'move', 'resize'),
    tab: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    at: fc.nat(20),
  });

  it('each tab is in one place, every group shows one of its own, and all is read back from storage', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let layout: DockLayout = emptyLayout;
        for (const { what, tab, at } of steps) {
          const groups = groupsOf(layout.root);
          const group = groups[at % Math.max(1, groups.length)]?.id ?? 'none';
          const splits = placeNodes(layout.root).splits;
          if (what === 'show') layout = showTab(layout, tab);
          else if (what === 'close') layout = closeTab(layout, tab);
          else if (what === 'move') layout = groupOfTab(layout, tab) ? moveTab(layout, tab, group) : layout;
          else if (what === 'resize') layout = resizeSplit(layout, splits[0]?.split.id ?? 'none', at / 20);
          else layout = splitGroup(layout, group, what === 'row' ? 'row' : 'column', tab);
        }
        const tabs = tabsOf(layout);
        expect(new Set(tabs).size).toBe(tabs.length);
        const groups = groupsOf(layout.root);
        expect(groups.length).toBeLessThanOrEqual(groupLimit);
        expect(new Set(groups.map(({ id }) => id)).size).toBe(groups.length);
        for (const { tabs: own, active } of groups) expect(own).toContain(active);
        const area = placeNodes(layout.root).groups.reduce((sum, { rect }) => sum + rect.width * rect.height, 0);
        expect(area).toBeCloseTo(groups.length === 0 ? 0 : 1);
        const again = readLayout(JSON.parse(JSON.stringify(layout)), new Set(tabs));
        expect(shape(again)).toEqual(shape(layout));
      }),
    );
  });
});

describe('a stored layout', () => {
  it('is taken from anything without a throw, with every known tab in it', () => {
    fc.assert(
      fc.property(fc.anything(), (stored) => {
        expect(tabsOf(readLayout(stored, new Set(['a', 'b']))).sort()).toEqual(['a', 'b']);
      }),
    );
  });

  it('loses tabs that are not known, and groups without tabs', () => {
    const one = showTab(emptyLayout, 'a');
    const split = splitGroup(one, focusedGroup(one)!.id, 'row', 'b');
    expect(shape(readLayout(split, new Set(['b'])))).toEqual([['b']]);
  });
});
