import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { createDeferred, type Deferred } from '../../../base/deferred';
import { SandboxError } from '../../../base/errors';
import { eventually } from '../../../base/eventually-fixture';
import { ownNames } from '../../../engine/compare/own-names';
import { ownInstances } from '../../../engine/compare/remove-own';
import { openTestLab } from '../../../engine/lab-fixture';
import { ComparisonShelf } from '../../compare/comparison-shelf';
import { deviceFigures, serviceFigures } from '../../compare/figures-fixture';
import { axeProblems } from '../../elements/axe-problems';
import { focusedElement } from '../../elements/focused-element';
import { standardFlavor } from '../../flavors';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from '../app/app-view';

let store: Store;
let view: AppView;
let measuring: Deferred<void>;
let removals: number;

beforeEach(async () => {
  await page.viewport(1280, 900);
  history.replaceState(null, '', '#');
  const { lab, clock } = await openTestLab();
  measuring = createDeferred();
  removals = 0;
  const shelf = new ComparisonShelf({
    async services({ onStep, onFigures }, { signal }) {
      onStep({ form: 'vm', step: 'start' });
      signal?.addEventListener('abort', () => measuring.reject(new SandboxError('Canceled', 'Canceled')));
      await measuring.promise;
      for (const each of serviceFigures) onFigures(each);
    },
    async devices({ onFigures }) {
      for (const each of deviceFigures) onFigures(each);
    },
    there: () => ownInstances(lab.list()).map(({ id }) => id),
    remove: async () => {
      removals += 1;
    },
    clock,
    memory: createSettings(undefined),
  });
  store = new Store({ lab, settings: createSettings(undefined), clock, comparison: async () => shelf });
  view = new AppView();
  view.store = store;
  document.title = 'Strata';
  document.documentElement.lang = 'en';
  document.documentElement.style.setProperty('--quick', '0ms');
  document.body.append(view);
  store.go({ view: 'compare' });
  await expect.element(page.getByRole('button', { name: 'Compare all three' })).toBeEnabled();
});

afterEach(() => {
  store.dispose();
  view.remove();
  delete document.documentElement.dataset['theme'];
});

async function cleanInBothSchemes(): Promise<void> {
  for (const width of [1280, 390, 320]) {
    await page.viewport(width, 900);
    for (const scheme of ['light', 'dark'] as const) {
      document.documentElement.dataset['theme'] = scheme;
      await view.updateComplete;
      expect(await axeProblems(), `${scheme}, ${width}`).toEqual([]);
      const main = view.renderRoot.querySelector('main');
      expect(main?.scrollWidth, `${scheme}, ${width}`).toBeLessThanOrEqual(main?.clientWidth ?? 0);
    }
  }
}

describe('the view of the comparison', () => {
  it('says before the first run what it will do', async () => {
    await expect.element(page.getByText('Nothing has been measured yet. It takes')).toBeVisible();
    await cleanInBothSchemes();
  });

  it('is begun by the keyboard, shows what is at work, and then figures with their methods', async () => {
    page.getByRole('button', { name: 'Compare all three' }).element().focus();
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByText('VM: from nothing to its first answer')).toBeVisible();
    await expect.element(page.getByRole('button', { name: 'Compare the devices' })).toBeDisabled();
    await cleanInBothSchemes();
    await page.viewport(1280, 900);
    measuring.resolve();
    const table = page.getByRole('table', { name: 'One web service, three ways' });
    await expect.element(table.getByRole('rowheader', { name: 'Unikernel' }).first()).toBeVisible();
    await expect.element(table.getByText('2,100/s')).toBeVisible();
    await expect.element(table.getByText('imports of its module')).toBeVisible();
    await page.getByRole('button', { name: 'Compare the devices' }).click();
    await expect.element(page.getByText('driver ne2k-pci')).toBeVisible();
    await cleanInBothSchemes();
  });

  it('ends when it is canceled, which is announced, and whoever pressed a button that is gone stays there', async () => {
    const services = page.getByRole('region', { name: 'One web service, three ways' });
    const heading = services.getByRole('heading', { name: 'One web service, three ways' });
    page.getByRole('button', { name: 'Compare all three' }).element().focus();
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
    await eventually(() => expect(focusedElement()).toBe(heading.element()));
    await userEvent.keyboard('{Tab}');
    await eventually(() => expect(focusedElement()).toBe(page.getByRole('button', { name: 'Cancel' }).element()));
    await userEvent.keyboard('{Enter}');
    const told = services.getByRole('status').getByText('It was canceled, and what it had started is removed.');
    await expect.element(told).toBeVisible();
    await eventually(() => expect(focusedElement()).toBe(heading.element()));
    expect(removals).toBe(2);
  });

  it('says in its status why it was not measured to the end', async () => {
    await page.getByRole('button', { name: 'Compare all three' }).click();
    measuring.reject(new SandboxError('ResourceExhausted', 'There is no memory for a host'));
    await expect
      .element(page.getByRole('status').getByText('It was not measured to the end: There is no memory for a host'))
      .toBeVisible();
    await cleanInBothSchemes();
  });

  it('asks before it removes what an earlier page or somebody has made of its names, and does not begin over it', async () => {
    await store.launch({ ...standardFlavor.draft, name: ownNames.vm });
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    store.go({ view: 'compare' });
    await expect.element(page.getByRole('main').getByRole('link', { name: 'compare-vm' })).toBeVisible();
    await expect.element(page.getByRole('button', { name: 'Compare all three' })).toBeDisabled();
    await expect.element(page.getByRole('button', { name: 'Compare the devices' })).toBeDisabled();
    await cleanInBothSchemes();
    expect(removals).toBe(0);
    await page.getByRole('button', { name: 'Remove this machine' }).click();
    await eventually(() => expect(removals).toBe(1));
  });
});
