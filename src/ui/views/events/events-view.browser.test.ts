import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { eventually } from '../../../base/eventually-fixture';
import type { Lab } from '../../../engine/lab';
import { openTestLab } from '../../../engine/lab-fixture';
import { axeProblems } from '../../elements/axe-problems';
import { standardFlavor } from '../../flavors';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from '../app/app-view';

describe('the events', () => {
  let store: Store;
  let lab: Lab;
  let view: AppView;

  beforeEach(async () => {
    await page.viewport(1280, 800);
    history.replaceState(null, '', '#');
    const opened = await openTestLab();
    ({ lab } = opened);
    store = new Store({ lab, settings: createSettings(undefined), clock: opened.clock });
    view = new AppView();
    view.store = store;
    document.title = 'Strata';
    document.documentElement.lang = 'en';
    document.documentElement.style.setProperty('--quick', '0ms');
    document.body.append(view);
    await view.updateComplete;
  });
  afterEach(() => {
    store.dispose();
    view.remove();
    delete document.documentElement.dataset['theme'];
  });

  it('are shown as they come, searched and copied', async () => {
    store.go({ view: 'events' });
    await expect.element(page.getByText('Nothing has happened yet')).toBeVisible();
    expect(await axeProblems()).toEqual([]);
    await store.launch(standardFlavor.draft);
    store.go({ view: 'events' });
    const rows = (name: RegExp) => page.getByRole('row', { name });
    await expect.element(rows(/Instances vm-1 is running/)).toBeVisible();
    await expect.element(rows(/Tasks vm-1 Start: done/)).toBeVisible();
    await lab.stop(store.instances.value[0]!.id).finished;
    await expect.element(rows(/Instances vm-1 has stopped/)).toBeVisible();
    for (const scheme of ['light', 'dark'] as const) {
      document.documentElement.dataset['theme'] = scheme;
      expect(await axeProblems(), scheme).toEqual([]);
    }
    await page.getByRole('combobox', { name: 'Heard from' }).selectOptions('Instances');
    await expect.element(rows(/Tasks/)).not.toBeInTheDocument();
    await page.getByRole('searchbox', { name: 'Filter' }).fill('STOPPED vm');
    await expect.element(rows(/is running/)).not.toBeInTheDocument();
    const written = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await page.getByRole('button', { name: 'Copy' }).click();
    await eventually(() => expect(written).toHaveBeenCalledTimes(1));
    expect(written.mock.calls[0]?.[0]).toMatch(/^\d{4}-.*Z\tinstance\tvm-1\thas stopped\n$/);
    written.mockRestore();
  });

  it.each([390, 320])('fit a page of %d with all columns in sight, and break no word', async (width) => {
    await page.viewport(width, 800);
    await store.launch(standardFlavor.draft);
    store.go({ view: 'events' });
    await expect.element(page.getByRole('row', { name: /is running/ })).toBeVisible();
    expect(await axeProblems()).toEqual([]);
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
    const table = page.getByRole('region', { name: 'Events of the lab' }).element();
    expect(table.scrollWidth).toBeLessThanOrEqual(table.clientWidth);
    expect(linesOf(page.getByRole('cell', { name: 'is running' }).element(), 'running')).toBe(1);
  });
});

/** On how many lines a word of an element is. */
function linesOf(element: Element, word: string): number {
  const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (text.nextNode()) {
    const at = text.currentNode.textContent?.indexOf(word) ?? -1;
    if (at === -1) continue;
    const range = document.createRange();
    range.setStart(text.currentNode, at);
    range.setEnd(text.currentNode, at + word.length);
    return range.getClientRects().length;
  }
  throw new Error(`There is no "${word}" in ${element.textContent}`);
}
