import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../base/fake-clock';
import { createSettings } from '../settings';
import { groupsOf } from './dock-layout';
import { dockHeights, Terminals, terminalLimit } from './terminals';

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

function setUp(storage = memory()) {
  const clock = new FakeClock(0);
  const terminals = new Terminals({
    instance: () => undefined,
    settings: createSettings(storage),
    clock,
    openLabShell: () => Promise.reject(new Error('not in this test')),
    connect: () => Promise.reject(new Error('nobody there')),
    openContainer: () => Promise.reject(new Error('not in this test')),
  });
  const shape = () =>
    groupsOf(terminals.layout.value.root).map(({ tabs }) =>
      tabs.map((id) => {
        const tab = terminals.tabs.value.get(id)!;
        return `${tab.kind} ${tab.container?.name ?? tab.instance}${tab.kind === 'shell' ? ` ${tab.number}` : ''}`;
      }),
    );
  return { clock, terminals, shape, storage };
}

describe('terminals', () => {
  it('are one console and any number of shells for an instance', () => {
    const { terminals, shape } = setUp();
    const console = terminals.openConsole('a');
    terminals.openShell('a');
    terminals.openShell('a');
    expect(terminals.openConsole('a')).toBe(console);
    expect(shape()).toEqual([['console a', 'shell a 1', 'shell a 2']]);
    expect(terminals.active?.id).toBe(console);
  });

  it('show the terminal of an instance that is in use, else its console', () => {
    const { terminals } = setUp();
    const shell = terminals.openShell('a');
    terminals.openConsole('b');
    expect(terminals.showInstance('a')).toBe(shell);
    terminals.showInstance('c');
    expect(terminals.active).toMatchObject({ kind: 'console', instance: 'c' });
  });

  it('are split with another shell of the same machine', () => {
    const { terminals, shape } = setUp();
    terminals.split(terminals.openConsole('a')!, 'row');
    expect(shape()).toEqual([['console a'], ['shell a 1']]);
  });

  it('have a limit', () => {
    const { terminals } = setUp();
    for (let count = 0; count < terminalLimit; count += 1) expect(terminals.openShell('a')).toBeDefined();
    expect(terminals.openShell('a')).toBeUndefined();
  });

  it('go with their instance', () => {
    const { terminals, shape } = setUp();
    terminals.openConsole('a');
    terminals.openConsole('b');
    terminals.instancesChanged(new Set(['b']));
    expect(shape()).toEqual([['console b']]);
  });

  it('stand first in their group while they are pinned, also those that come later, and after a reload', async () => {
    const { clock, terminals, shape, storage } = setUp();
    terminals.openConsole('a');
    const shell = terminals.openShell('a')!;
    terminals.pin(shell, true);
    terminals.openShell('a');
    expect(shape()).toEqual([['shell a 1', 'console a', 'shell a 2']]);
    await clock.advance(1000);
    const { terminals: next, shape: nextShape } = setUp(storage);
    next.instancesChanged(new Set(['a']));
    await settle();
    expect(nextShape()).toEqual([['shell a 1', 'console a', 'shell a 2']]);
    expect([...next.tabs.value.values()].map(({ pinned }) => pinned)).toEqual(
      expect.arrayContaining([true, undefined, undefined]),
    );
    terminals.pin(shell, false);
    expect(terminals.tabs.value.get(shell)?.pinned).toBeUndefined();
    terminals.instancesChanged(new Set());
    expect(shape()).toEqual([]);
  });

  it('can be named, and lose the name when it is empty', () => {
    const { terminals } = setUp();
    const id = terminals.openConsole('a')!;
    terminals.rename(id, ' logs ');
    expect(terminals.tabs.value.get(id)?.name).toBe('logs');
    terminals.rename(id, '');
    expect(terminals.tabs.value.get(id)?.name).toBeUndefined();
  });
});

describe('terminals of containers', () => {
  const web = { id: 'f00d', name: 'web' };

  it('are one of what it prints and any number of shells, which a split opens beside either', () => {
    const { terminals, shape } = setUp();
    const logs = terminals.openContainer('container-logs', web)!;
    terminals.openContainer('container-shell', web);
    expect(terminals.openContainer('container-logs', web)).toBe(logs);
    terminals.split(logs, 'row');
    expect(shape()).toEqual([['container-logs web', 'container-shell web'], ['container-shell web']]);
    expect([...terminals.tabs.value.values()].map(({ number }) => number)).toEqual([1, 1, 2]);
  });

  it('do not go with a machine, and are there again after a reload, pinned and named', async () => {
    const { clock, terminals, storage } = setUp();
    const logs = terminals.openContainer('container-logs', web)!;
    terminals.split(logs, 'column');
    terminals.pin(logs, true);
    terminals.rename(logs, 'what it says');
    terminals.instancesChanged(new Set());
    expect(terminals.tabs.value.size).toBe(2);
    await clock.advance(1000);
    const after = setUp(storage);
    after.terminals.instancesChanged(new Set(['host']));
    await settle();
    expect(after.shape()).toEqual([['container-logs web'], ['container-shell web']]);
    expect(after.terminals.tabs.value.get(logs)).toMatchObject({ container: web, pinned: true, name: 'what it says' });
  });

  it.each([
    { kind: 'container-logs' },
    { kind: 'container-logs', container: { id: 3 } },
    { kind: 'console', container: web },
  ])('are not made of what was kept wrongly: %j', async (kept) => {
    const storage = memory();
    storage.setItem('strata.dock', JSON.stringify({ tabs: [{ id: 't1', instance: '', number: 1, ...kept }] }));
    const { terminals } = setUp(storage);
    terminals.instancesChanged(new Set(['host', '']));
    await settle();
    expect(terminals.tabs.value.size).toBe(0);
  });
});

describe('after a reload', () => {
  it('terminals of machines that are still there are back in their places, those of others are not', async () => {
    const before = setUp();
    before.terminals.split(before.terminals.openConsole('a')!, 'column');
    before.terminals.openConsole('b');
    before.terminals.setHeight(444);
    await before.clock.advance(1000);
    const after = setUp(before.storage);
    expect(after.terminals.height.value).toBe(444);
    after.terminals.instancesChanged(new Set());
    expect(after.shape()).toEqual([]);
    after.terminals.instancesChanged(new Set(['c']));
    after.terminals.instancesChanged(new Set(['c', 'a']));
    await settle();
    expect(after.shape()).toEqual([['console a'], ['shell a 1']]);
    expect(after.terminals.openShell('a')).toBe('t3');
  });

  it('the console that the view has opened meanwhile is not opened twice', async () => {
    const before = setUp();
    before.terminals.openConsole('a');
    before.terminals.openShell('a');
    await before.clock.advance(1000);
    const { terminals, shape } = setUp(before.storage);
    terminals.instancesChanged(new Set(['a']));
    terminals.showInstance('a');
    await settle();
    expect(shape()).toEqual([['console a', 'shell a 1']]);
  });

  it('a shell waits for its machine, and knows its program over several reloads', async () => {
    const program = 'b1946ac92492d234/3';
    const shell = { id: 't1', instance: 'a', kind: 'shell', number: 1 };
    const storage = memory();
    storage.setItem(
      'strata.dock',
      JSON.stringify({
        tabs: [
          { ...shell, program },
          { ...shell, id: 't2' },
        ],
      }),
    );
    for (let reload = 0; reload < 2; reload += 1) {
      const { terminals, clock } = setUp(storage);
      terminals.instancesChanged(new Set(['a']));
      await settle();
      const sources = [...terminals.tabs.value.values()].map(({ source }) => source);
      expect(sources).toMatchObject([
        { waiting: true, program },
        { waiting: true, program: undefined },
      ]);
      terminals.setHeight(200);
      await clock.advance(1000);
    }
  });

  it.each([
    'null',
    '3',
    '{"tabs":3}',
    '{"tabs":[{"id":"x"},null,{"id":"t1","instance":"a","kind":"console"}],"height":"x"}',
  ])('whatever was kept (%s) does no harm', async (kept) => {
    const storage = memory();
    storage.setItem('strata.dock', kept);
    const { terminals } = setUp(storage);
    terminals.instancesChanged(new Set(['a']));
    await settle();
    expect(terminals.tabs.value.size).toBeLessThanOrEqual(1);
    expect(terminals.height.value).toBe(dockHeights.initial);
  });
});
