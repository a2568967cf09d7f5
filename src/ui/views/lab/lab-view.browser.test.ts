import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { openTestLab } from '../../../engine/lab-fixture';
import { ScenarioShelf } from '../../scenarios/scenario-shelf';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { LabView } from './lab-view';

describe("the lab's name and notes", () => {
  let view: LabView;
  let store: Store;
  let stored: Map<string, string>;
  let writes: number;

  beforeEach(async () => {
    const { lab, clock } = await openTestLab();
    [stored, writes] = [new Map(), 0];
    const settings = createSettings({
      getItem: (name) => stored.get(name) ?? null,
      setItem: (name, value) => {
        writes += 1;
        stored.set(name, value);
      },
    });
    const shelf = new ScenarioShelf({
      scenarios: { describe: async () => ({ scenario: { strata: 1, name: 'lab' }, left: [] }) } as never,
      lab,
      archives: () => Promise.reject(new Error('Not asked')),
      keeps: () => true,
      mayEvict: async () => false,
      reload: () => {},
      engine: async () => ({ list: () => [], changed: () => ({ dispose() {} }) }) as never,
      settings,
      page: new URL('http://strata.test/'),
      ask: () => {},
      report: () => {},
      announce: () => {},
    });
    store = new Store({ lab, settings, clock, scenarios: async () => shelf });
    view = new LabView();
    view.store = store;
    document.body.replaceChildren(view);
    await expect.element(page.getByRole('textbox', { name: 'Name' })).toBeVisible();
  });
  afterEach(() => {
    store.dispose();
    document.body.replaceChildren();
  });

  const kept = (): unknown => JSON.parse(stored.get('strata.lab') ?? 'null');

  it('are saved while they are typed, once', async () => {
    await userEvent.type(page.getByRole('textbox', { name: 'Name' }), 'My course');
    await expect.poll(kept).toMatchObject({ name: expect.stringMatching(/My course$/) });
    expect(writes).toBeLessThan('My course'.length);
  });

  it('are saved at once when the page goes away with the focus in the field', async () => {
    const name = page.getByRole('textbox', { name: 'Name' });
    await name.fill('Course ');
    expect(kept()).toBeNull();
    window.dispatchEvent(new PageTransitionEvent('pagehide'));
    expect(kept()).toMatchObject({ name: 'Course' });
    // What is typed is not taken from under the cursor.
    await view.updateComplete;
    await expect.element(name).toHaveValue('Course ');
    await page.getByRole('textbox', { name: /^Notes/ }).fill('Ports 80 and 443');
    document.dispatchEvent(new Event('visibilitychange'));
    expect(kept()).toEqual({ name: 'Course', notes: 'Ports 80 and 443' });
  });

  it('are what they were called before a name was cleared only once the field is left', async () => {
    const name = page.getByRole('textbox', { name: 'Name' });
    await name.fill('');
    window.dispatchEvent(new PageTransitionEvent('pagehide'));
    await view.updateComplete;
    await expect.element(name).toHaveValue('');
    await userEvent.keyboard('{Tab}');
    await expect.poll(() => (name.element() as HTMLInputElement).value).not.toBe('');
  });
});
