import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { openTestLab } from '../../../engine/lab-fixture';
import { axeProblems } from '../../elements/axe-problems';
import type { ScenarioShelf } from '../../scenarios/scenario-shelf';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { text } from '../../text';
import { settingsText as words } from '../../text/settings';
import { SettingsDialog } from './settings-dialog';

let store: Store;
let saved: number;

beforeEach(async () => {
  const { lab, clock } = await openTestLab();
  saved = 0;
  const shelf = {
    saveArchive: async () => {
      saved += 1;
    },
  } as unknown as ScenarioShelf;
  store = new Store({ lab, clock, settings: createSettings(undefined), scenarios: async () => shelf });
  document.title = 'Strata';
  document.documentElement.lang = 'en';
});
afterEach(() => {
  store.dispose();
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

async function open(): Promise<void> {
  const dialog = new SettingsDialog();
  dialog.store = store;
  document.body.replaceChildren(dialog);
  await expect.element(page.getByRole('dialog')).toBeVisible();
}

const font = (): string => store.settings.values.value.fontFamily;

describe('what may leave a network', () => {
  it('is said in a narrow window, too, however long the name is', async () => {
    await page.viewport(390, 844);
    const name = 'a-network-with-a-name-of-forty-five-letters-x';
    await store.networkVerbs.make({ name, subnet: '10.9.0.0/16', mtu: 1500 });
    await open();
    await expect.element(page.getByRole('button', { name: words.change(name) })).toBeInTheDocument();
    const content = document.querySelector('strata-settings-dialog')?.shadowRoot?.querySelector('.content');
    expect(content?.scrollWidth).toBe(content?.clientWidth);
  });
});

describe('the font of terminals', () => {
  it('is one that the browser has, by its name', async () => {
    await open();
    const choice = page.getByRole('combobox', { name: words.font });
    // On every system that the tests run on.
    await choice.selectOptions('DejaVu Sans Mono');
    expect(font()).toBe('DejaVu Sans Mono');
    await choice.selectOptions(words.systemFont);
    expect(font()).toBe('');
  });

  it('is looked at where its name is typed', async () => {
    await open();
    await page.getByRole('combobox', { name: words.font }).selectOptions(words.otherFont);
    const name = page.getByLabelText(words.fontName);
    for (const [typed, problem] of [
      ['Nobody Has This', words.fontProblems.absent],
      ['DejaVu Sans', words.fontProblems.proportional],
      ['a", url(x)', words.fontProblems.name],
    ] as const) {
      await name.fill(typed);
      await expect.element(page.getByText(problem)).toBeVisible();
      expect(font()).toBe('');
    }
    expect(await axeProblems()).toEqual([]);
    await name.fill('DejaVu Sans Mono');
    await expect.poll(font).toBe('DejaVu Sans Mono');
  });
});

describe('the look', () => {
  it.each([320, 1280])('has its choices to be read whole on a stage, %d wide', async (width) => {
    await page.viewport(width, 800);
    document.documentElement.dataset['stage'] = '';
    try {
      await open();
      const choices = [text.theme.label, words.contrast, words.motion].map(
        (name) => page.getByRole('combobox', { name }).element() as HTMLSelectElement,
      );
      for (const choice of choices) {
        const { font, paddingLeft } = getComputedStyle(choice);
        const pen = document.createElement('canvas').getContext('2d')!;
        pen.font = font;
        // The arrow takes about as much as a letter is high.
        const needed = pen.measureText(choice.selectedOptions[0]!.text).width + 2 * Number.parseFloat(paddingLeft) + 22;
        expect(choice.clientWidth).toBeGreaterThanOrEqual(needed);
      }
    } finally {
      delete document.documentElement.dataset['stage'];
    }
  });
});

describe('the storage in the settings', () => {
  it('can be asked to last, and says when the browser does not agree', async () => {
    vi.spyOn(navigator.storage, 'persisted').mockResolvedValue(false);
    const persist = vi.spyOn(navigator.storage, 'persist').mockResolvedValue(false);
    await open();
    const ask = page.getByRole('button', { name: words.ask });
    await expect.element(ask).toBeVisible();
    expect(page.getByText(words.evictable).elements()).toHaveLength(1);
    await ask.click();
    await expect.element(page.getByText(words.refused)).toBeVisible();
    persist.mockResolvedValue(true);
    await ask.click();
    await expect.element(page.getByText(words.kept)).toBeVisible();
    expect(ask.elements()).toEqual([]);
    expect(await axeProblems()).toEqual([]);
  });

  it('leads to what takes it, and to the lab as a file', async () => {
    await open();
    await page.getByRole('button', { name: 'Open Volumes' }).click();
    expect(store.route.value).toEqual({ view: 'volumes' });
    await open();
    await page.getByRole('button', { name: words.save }).click();
    await expect.poll(() => saved).toBe(1);
  });
});
