import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FakeClock } from '../base/fake-clock';
import { openTestLab } from '../engine/lab-fixture';
import { standardFlavor } from './flavors';
import { lookMs, remindToSave } from './keep-reminder';
import type { ScenarioShelf } from './scenarios/scenario-shelf';
import { createSettings } from './settings';
import { Store } from './store';
import { reminderText } from './text/keep-reminder';

let store: Store;
let clock: FakeClock;
let evicts: boolean;
let saved: number;

beforeEach(async () => {
  const test = await openTestLab();
  clock = test.clock;
  [evicts, saved] = [true, 0];
  const kept = new Map<string, string>();
  const shelf = {
    saveArchive: async () => {
      saved += 1;
    },
  } as unknown as ScenarioShelf;
  store = new Store({
    lab: test.lab,
    clock,
    settings: createSettings({
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
    }),
    scenarios: async () => shelf,
  });
  remindToSave({ store, clock, mayEvict: async () => evicts });
});
afterEach(() => store.dispose());

const titles = (): readonly string[] => store.messages.toasts.value.map(({ title }) => title);
/** Until all is done that begins then. */
async function wait(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += lookMs) {
    await clock.advance(lookMs);
    await store.parts.volumes.get();
    await clock.advance(0);
  }
}

it('is reminded of who has something to lose, once a day, with a button that saves it', async () => {
  await wait(lookMs);
  expect(titles()).toEqual([]);
  await store.launch(standardFlavor.draft);
  await wait(lookMs);
  expect(titles()).toEqual([reminderText.title]);
  store.messages.toasts.value[0]?.undo?.();
  await expect.poll(() => saved).toBe(1);
  store.messages.dismiss(store.messages.toasts.value[0]!.id);
  await wait(20 * 3_600_000);
  expect(titles()).toEqual([]);
  await wait(5 * 3_600_000);
  expect(titles()).toEqual([reminderText.title]);
});

it('is not reminded whose browser keeps what is stored, or nothing', async () => {
  await store.launch(standardFlavor.draft);
  evicts = false;
  await wait(lookMs);
  evicts = true;
  store.setStorage({ persistent: false });
  await wait(lookMs);
  expect(titles()).toEqual([]);
});
