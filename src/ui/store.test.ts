import { describe, expect, it } from 'vitest';
import { SandboxError, serializeError } from '../base/errors';
import { eventually } from '../base/eventually-fixture';
import { settle } from '../base/fake-clock';
import { openTestLab } from '../engine/lab-fixture';
import { standardFlavor } from './flavors';
import { createSettings } from './settings';
import { Store } from './store';

async function setUp() {
  const { clock, driver, lab } = await openTestLab();
  const store = new Store({ lab, settings: createSettings(undefined), clock });
  const launch = async (): Promise<string> => {
    const before = store.instances.value.length;
    await store.launch(standardFlavor.draft);
    await clock.advance(0);
    return store.instances.value[before]!.id;
  };
  return { clock, driver, lab, store, launch };
}

describe('launching', () => {
  it('makes, shows and starts an instance', async () => {
    const { store, launch } = await setUp();
    const id = await launch();
    expect(store.selected.value).toMatchObject({ name: 'vm-1', state: { phase: 'running' } });
    expect(store.route.value).toEqual({ view: 'machine', id, tab: 'terminal' });
    expect(store.tasks.value[0]).toMatchObject({ kind: 'start', state: 'succeeded' });
    expect(store.messages.announcement.value).toBe('Start vm-1: done');
  });

  it('of several numbers them and shows them all', async () => {
    const { store, clock } = await setUp();
    await store.launch({ ...standardFlavor.draft, name: 'web' }, 3);
    await clock.advance(0);
    expect(store.instances.value.map(({ name, state }) => `${name} ${state.phase}`)).toEqual([
      'web-1 running',
      'web-2 running',
      'web-3 running',
    ]);
    expect(store.route.value).toEqual({ view: 'machines' });
  });

  it('that cannot be done says what is wrong', async () => {
    const { store, driver } = await setUp();
    driver.problems = [{ field: 'memoryMiB', message: 'Not enough memory for one more machine' }];
    await store.launch(standardFlavor.draft);
    expect(store.instances.value).toEqual([]);
    expect(store.messages.toasts.value[0]).toMatchObject({
      tone: 'error',
      body: 'Not enough memory for one more machine',
    });
  });
});

describe('a task that fails', () => {
  it('is told with what to do next', async () => {
    const { store, driver, launch, clock } = await setUp();
    const id = await launch();
    const gate = driver.at(0).holdStart();
    store.act('stop', id);
    await clock.advance(0);
    store.act('start', id);
    gate.reject(new SandboxError('DataLoss', 'sha256:ab does not match'));
    await clock.advance(0);
    expect(store.messages.toasts.value[0]).toMatchObject({
      title: 'Could not start vm-1',
      body: 'sha256:ab does not match. Try again: damaged data is fetched anew.',
    });
  });

  it('is not an error when a person canceled it', async () => {
    const { store, driver, lab, clock } = await setUp();
    const { id } = await lab.create(standardFlavor.draft);
    driver.at(0).holdStart();
    store.act('start', id);
    await clock.advance(0);
    store.cancel(store.tasks.value[0]!.id);
    await clock.advance(0);
    expect(store.tasks.value[0]?.state).toBe('canceled');
    expect(store.messages.toasts.value).toEqual([]);
  });
});

describe('a machine that fails by itself', () => {
  it('is told of once, with what to do next', async () => {
    const { store, driver, launch, clock } = await setUp();
    await launch();
    const error = serializeError(new SandboxError('ResourceExhausted', 'vm-1 did not give the CPU back'));
    driver.at(0).enter('failed', { error });
    await clock.advance(0);
    await launch();
    expect(store.messages.toasts.value).toMatchObject([
      { tone: 'error', title: 'vm-1 has failed', body: expect.stringMatching(/^vm-1 did not give the CPU back\. /) },
    ]);
  });
});

describe('removing', () => {
  it('offers to undo it, and stops offering when it is done', async () => {
    const { store, launch, clock } = await setUp();
    const id = await launch();
    store.act('remove', id);
    expect(store.messages.toasts.value[0]).toMatchObject({
      title: 'vm-1 is being removed',
      task: store.tasks.value[0]?.id,
    });
    await clock.advance(8000);
    expect(store.messages.toasts.value).toEqual([]);
    expect(store.instances.value).toEqual([]);
    expect(store.route.value).toEqual({ view: 'overview' });
  });

  it('is undone by its message', async () => {
    const { store, launch, clock } = await setUp();
    const id = await launch();
    store.act('remove', id);
    await clock.advance(100);
    store.messages.toasts.value[0]?.undo?.();
    await clock.advance(0);
    expect(store.instances.value[0]).toMatchObject({ id, state: { phase: 'running' } });
    expect(store.messages.toasts.value).toEqual([]);
  });

  it('shows the neighbour of what was shown', async () => {
    const { store, launch, clock } = await setUp();
    await launch();
    const middle = await launch();
    const last = await launch();
    store.select(middle);
    store.act('remove', middle);
    await clock.advance(8000);
    expect(store.selected.value?.id).toBe(last);
    store.act('remove', last);
    await clock.advance(8000);
    expect(store.selected.value?.name).toBe('vm-1');
  });
});

describe('snapshots and clones', () => {
  it('are taken, described, cloned and deleted', async () => {
    const { store, launch, clock } = await setUp();
    const id = await launch();
    store.snapshotVerbs.take(id, { name: 'first', notes: 'as new' });
    await eventually(() => expect(store.snapshots.value).toHaveLength(1));
    const [record] = store.snapshots.value;
    expect(record).toMatchObject({ name: 'first', notes: 'as new', instance: id });
    store.snapshotVerbs.describe(record!.id, { name: 'second' });
    await clock.advance(0);
    expect(store.snapshots.value[0]?.name).toBe('second');
    store.snapshotVerbs.clone({ snapshot: record!.id }, 'second', { names: ['a', 'b'] });
    await eventually(() => expect(store.tasks.value[0]).toMatchObject({ kind: 'clone', state: 'succeeded' }));
    expect(store.instances.value.map(({ name }) => name)).toEqual(['vm-1', 'a', 'b']);
    store.snapshotVerbs.delete(record!.id);
    await eventually(() => expect(store.snapshots.value).toEqual([]));
  });

  it('say what cannot be done', async () => {
    const { store, launch, clock } = await setUp();
    const id = await launch();
    store.snapshotVerbs.take(id, { name: 'a', notes: '' });
    await eventually(() => expect(store.snapshots.value).toHaveLength(1));
    store.snapshotVerbs.describe(store.snapshots.value[0]!.id, { name: '' });
    await clock.advance(0);
    expect(store.messages.toasts.value[0]).toMatchObject({ tone: 'error', title: 'Could not change the snapshot a' });
  });
});

describe('networks', () => {
  const lan = { name: 'lan', subnet: '10.9.0.0/24', mtu: 9000 };

  it('are made, and come back when their removal is undone', async () => {
    const { store, clock } = await setUp();
    store.networkVerbs.create(lan);
    await clock.advance(0);
    expect(store.networks.value.map(({ name }) => name)).toEqual(['default', 'lan']);
    store.networkVerbs.remove('lan');
    await clock.advance(0);
    expect(store.networks.value.map(({ name }) => name)).toEqual(['default']);
    store.messages.toasts.value[0]?.undo?.();
    await clock.advance(0);
    expect(store.networks.value[1]).toEqual(lan);
  });

  it('that cannot be are refused in words', async () => {
    const { store } = await setUp();
    expect(store.networkVerbs.problem({ ...lan, subnet: '10.0.0.0/16' })).toMatch(/overlap/);
    expect(store.networkVerbs.problem(lan)).toBeUndefined();
  });

  it('are asked for their ports only while somebody looks at them', async () => {
    const { store, launch, clock } = await setUp();
    await launch();
    await clock.advance(3000);
    expect(store.networkStatus.value).toBeUndefined();
    const watch = store.watchWire();
    await clock.advance(1000);
    expect(store.networkStatus.value).toBeUndefined();
    store.setWatched(true);
    await clock.advance(1000);
    expect(store.networkStatus.value?.ports).toBeDefined();
    watch.dispose();
    store.setWatched(false);
    await clock.advance(0);
  });
});

describe('live figures', () => {
  it('come every second while the page is watched, and not otherwise', async () => {
    const { store, driver, launch, clock } = await setUp();
    const id = await launch();
    await clock.advance(3000);
    expect(driver.at(0).statsAsked).toBe(0);
    store.setWatched(true);
    await clock.advance(2000);
    expect(store.stats.value.get(id)?.sample.processes).toBe(1);
    expect(store.series.value.get(id)?.points.length).toBeGreaterThan(1);
    expect(store.now.value).toBe(clock.now());
    const asked = driver.at(0).statsAsked;
    store.setWatched(false);
    // Ten seconds after its start it is asked for its first save.
    await clock.advance(4000);
    expect(driver.at(0).statsAsked).toBe(asked);
  });

  it('of an instance that is gone are forgotten', async () => {
    const { store, launch, clock } = await setUp();
    const first = await launch();
    const second = await launch();
    store.setWatched(true);
    await clock.advance(1000);
    store.act('remove', first);
    await clock.advance(10_000);
    expect([...store.stats.value.keys()]).toEqual([second]);
    expect([...store.series.value.keys()]).toEqual([second]);
  });
});

describe('messages', () => {
  it('are four at most, and can be dismissed', async () => {
    const { store } = await setUp();
    for (let index = 0; index < 6; index += 1) store.report(`Message ${index}`, new SandboxError('Aborted', 'x'));
    expect(store.messages.toasts.value.map((toast) => toast.title)).toEqual([
      'Message 2',
      'Message 3',
      'Message 4',
      'Message 5',
    ]);
    store.messages.dismiss(store.messages.toasts.value[0]!.id);
    expect(store.messages.toasts.value).toHaveLength(3);
  });
});

describe('a store that is disposed', () => {
  it('hears nothing more', async () => {
    const { store, lab } = await setUp();
    store.dispose();
    await lab.create(standardFlavor.draft);
    await settle();
    expect(store.instances.value).toEqual([]);
  });
});
