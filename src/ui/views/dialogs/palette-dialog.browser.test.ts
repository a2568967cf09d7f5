import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import type { LabContainers } from '../../../engine/containers/engine';
import { scriptedEngines } from '../../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../../engine/containers/scripted-host';
import { openTestLab } from '../../../engine/lab-fixture';
import { createStores } from '../../../engine/stores-fixture';
import { matchCommands } from '../../commands';
import { ContainerShelf } from '../../containers/container-shelf';
import type { LessonShelf } from '../../lessons/lesson-shelf';
import { places } from '../../route';
import type { ScenarioShelf } from '../../scenarios/scenario-shelf';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { text } from '../../text';
import { formText } from '../../text/forms';
import { PaletteDialog } from './palette-dialog';

let store: Store;
let engine: LabContainers;
let dialog: PaletteDialog;
let saved: string[];

beforeEach(async () => {
  const { lab, clock } = await openTestLab();
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('host-1'));
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
  await engine.containers.start(Id);
  const containers = new ContainerShelf({ engine, lab, pull: async () => {} });
  await containers.refresh();
  saved = [];
  store = new Store({
    lab,
    clock,
    settings: createSettings(undefined),
    containers: async () => containers,
    lessons: async () =>
      ({
        entries: { value: [{ id: 'first', title: 'A first machine', summary: '', minutes: 1, files: [] }] },
        progressOf: () => ({ step: 2, passed: [] }),
      }) as unknown as LessonShelf,
    scenarios: async () => ({ saveArchive: async () => saved.push('archive') }) as unknown as ScenarioShelf,
  });
  dialog = new PaletteDialog();
  dialog.store = store;
  document.body.replaceChildren(dialog);
  await dialog.updateComplete;
});
afterEach(() => {
  store.dispose();
  engine.dispose();
  document.body.replaceChildren();
});

const options = (): string[] =>
  page
    .getByRole('option')
    .elements()
    .map((each) => each.textContent?.trim() ?? '');

async function type(words: string): Promise<void> {
  await page.getByRole('combobox').fill(words);
}

describe('the palette', () => {
  it.each([
    ['container', 'Run a container'],
    ['volume', 'New volume'],
    ['network', 'New network'],
    ['stage', 'Stage mode on: large type, for a lecture hall'],
    ['lesson', 'Lesson: A first machine'],
    ['first machine', 'Lesson: A first machine'],
    ['stop web', 'Stop web'],
    ['logs', 'Open the logs of web'],
    ['shell web', text.dock.newShellIn('web')],
    ['save lab', 'Save the lab with all data'],
    ['open lab', 'Open a lab from a file'],
    ['settings', 'Settings'],
    ['contrast', 'Contrast: More'],
  ])('finds by "%s": %s', async (words, label) => {
    await type(words);
    await expect.poll(options).toContain(label);
  });

  it('leads to each view', async () => {
    for (const place of places) {
      await type(formText.palette.go(text.nav[place]));
      await expect.poll(options).toContain(formText.palette.go(text.nav[place]));
    }
  });

  it.each([
    ['logs of web', () => expect(store.route.value).toMatchObject({ view: 'container', tab: 'logs' })],
    ['new shell web', () => expect(store.route.value).toMatchObject({ view: 'container', tab: 'terminal' })],
    ['lesson first', () => expect(store.route.value).toEqual({ view: 'lesson', id: 'first', step: 2 })],
    ['run a container', () => expect(store.dialog.value).toEqual({ kind: 'new-container' })],
    ['new volume', () => expect(store.dialog.value).toEqual({ kind: 'new-volume' })],
    ['stage mode', () => expect(store.settings.values.value.stage).toBe(true)],
    ['all data', () => expect(saved).toEqual(['archive'])],
    ['stop web', () => expect.poll(() => engine.list()[0]?.State).toBe('exited')],
  ])('does what was found by "%s"', async (words, done) => {
    await type(words);
    await expect.poll(options).toHaveLength(1);
    await userEvent.keyboard('{Enter}');
    await done();
  });

  it('has those that begin with what was typed before the others', () => {
    const commands = ['Go to Lab', 'Lab terminal', 'New lab'].map((label) => ({ id: label, label, run: () => {} }));
    expect(matchCommands(commands, 'lab').map(({ label }) => label)).toEqual(['Lab terminal', 'Go to Lab', 'New lab']);
  });
});
