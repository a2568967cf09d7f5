import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { FakeClock } from '../base/fake-clock';
import { createLab } from '../engine/lab';
import { ScriptedDriver } from '../engine/scripted-instance';
import { standardFlavor } from './flavors';
import { createSettings } from './settings';
import { Store } from './store';

function setUp() {
  const clock = new FakeClock(1000);
  const driver = new ScriptedDriver(clock);
  const lab = createLab({ drivers: [driver], clock, removeGraceMs: 8000 });
  const store = new Store({ lab, settings: createSettings(undefined), clock });
  const launch = async (): Promise<string> => {
    store.launch(standardFlavor.draft);
    await clock.advance(0);
    return store.selected.value!.id;
  };
  return { clock, driver, lab, store, launch };
}

describe('launching', () => {
  it('makes, selects and starts an instance', async () => {
    const { store, launch } = setUp();
    await launch();
    expect(store.selected.value).toMatchObject({ name: 'vm-1', state: { phase: 'running' } });
    expect(store.tasks.value[0]).toMatchObject({ kind: 'start', state: 'succeeded' });
    expect(store.announcement.value).toBe('Start vm-1: done');
  });

  it('that cannot be done says what is wrong', () => {
    const { store, driver } = setUp();
    driver.problems = [{ field: 'memoryMiB', message: 'Not enough memory for one more machine' }];
    store.launch(standardFlavor.draft);
    expect(store.instances.value).toEqual([]);
    expect(store.toasts.value[0]).toMatchObject({ tone: 'error', body: 'Not enough memory for one more machine' });
  });
});

describe('a task that fails', () => {
  it('is told with what to do next', async () => {
    const { store, driver, launch, clock } = setUp();
    const id = await launch();
    const gate = driver.at(0).holdStart();
    store.act('stop', id);
    await clock.advance(0);
    store.act('start', id);
    gate.reject(new SandboxError('DataLoss', 'sha256:ab does not match'));
    await clock.advance(0);
    expect(store.toasts.value[0]).toMatchObject({
      title: 'Could not start vm-1',
      body: 'sha256:ab does not match. Try again: damaged data is fetched anew.',
    });
  });

  it('is not an error when a person canceled it', async () => {
    const { store, driver, lab, clock } = setUp();
    const { id } = lab.create(standardFlavor.draft);
    driver.at(0).holdStart();
    store.act('start', id);
    await clock.advance(0);
    store.cancel(store.tasks.value[0]!.id);
    await clock.advance(0);
    expect(store.tasks.value[0]?.state).toBe('canceled');
    expect(store.toasts.value).toEqual([]);
  });
});

describe('removing', () => {
  it('offers to undo it, and stops offering when it is done', async () => {
    const { store, launch, clock } = setUp();
    const id = await launch();
    store.act('remove', id);
    expect(store.toasts.value[0]).toMatchObject({ title: 'vm-1 is being removed', undo: store.tasks.value[0]?.id });
    await clock.advance(8000);
    expect(store.toasts.value).toEqual([]);
    expect(store.instances.value).toEqual([]);
    expect(store.selected.value).toBeUndefined();
  });

  it('selects the neighbour of what was selected', async () => {
    const { store, launch, clock } = setUp();
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

describe('live figures', () => {
  it('come every second while the page is watched, and not otherwise', async () => {
    const { store, driver, launch, clock } = setUp();
    const id = await launch();
    await clock.advance(3000);
    expect(driver.at(0).statsAsked).toBe(0);
    store.setWatched(true);
    await clock.advance(2000);
    expect(store.stats.value.get(id)?.sample.processes).toBe(1);
    expect(store.now.value).toBe(clock.now());
    const asked = driver.at(0).statsAsked;
    store.setWatched(false);
    await clock.advance(5000);
    expect(driver.at(0).statsAsked).toBe(asked);
    expect(clock.pending).toBe(0);
  });

  it('of an instance that is gone are forgotten', async () => {
    const { store, launch, clock } = setUp();
    const first = await launch();
    await launch();
    store.setWatched(true);
    await clock.advance(1000);
    store.act('remove', first);
    await clock.advance(10_000);
    expect([...store.stats.value.keys()]).toEqual(['id-2']);
  });
});

describe('messages', () => {
  it('are four at most, and can be dismissed', () => {
    const { store } = setUp();
    for (let index = 0; index < 6; index += 1) store.report(`Message ${index}`, new SandboxError('Aborted', 'x'));
    expect(store.toasts.value.map((toast) => toast.title)).toEqual([
      'Message 2',
      'Message 3',
      'Message 4',
      'Message 5',
    ]);
    store.dismiss(store.toasts.value[0]!.id);
    expect(store.toasts.value).toHaveLength(3);
  });
});

describe('a store that is disposed', () => {
  it('hears nothing more', async () => {
    const { store, lab } = setUp();
    store.dispose();
    lab.create(standardFlavor.draft);
    expect(store.instances.value).toEqual([]);
  });
});
