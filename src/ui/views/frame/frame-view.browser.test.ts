import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { eventually } from '../../../base/eventually-fixture';
import { openTestLab } from '../../../engine/lab-fixture';
import { axeProblems } from '../../elements/axe-problems';
import { standardFlavor } from '../../flavors';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { FrameView } from './frame-view';

describe('a lab in a frame', () => {
  let store: Store;
  let view: FrameView;

  beforeEach(async () => {
    await page.viewport(600, 400);
    const { lab, clock } = await openTestLab();
    store = new Store({ lab, settings: createSettings(undefined), clock });
    store.setStorage({ persistent: false, reason: 'unsaved' });
    document.title = 'Strata';
    document.documentElement.lang = 'en';
    await store.launch(standardFlavor.draft);
    await clock.advance(0);
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    view = new FrameView();
    view.store = store;
    view.home = store.route.value;
    document.body.append(view);
    await view.updateComplete;
  });
  afterEach(() => {
    store.dispose();
    view.remove();
  });

  const line = () => page.getByText('Not saved');

  it('is the terminal, one line above it, and nothing else; and has nothing that axe finds', async () => {
    await expect.element(page.getByRole('tab')).toBeVisible();
    await expect.element(line()).toBeVisible();
    expect(view.renderRoot.querySelectorAll('header, nav, strata-instance-view')).toHaveLength(0);
    expect(await axeProblems()).toEqual([]);
  });

  it('gives the line up where there is no room for it', async () => {
    await page.viewport(300, 200);
    await expect.element(line()).not.toBeVisible();
    const screen = view.renderRoot.querySelector('strata-dock')?.getBoundingClientRect();
    expect(screen?.height).toBe(200);
  });

  it('follows links by itself, without a change of the address, and leads back', async () => {
    const address = location.href;
    store.go({ view: 'machine', id: store.instances.value[0]?.id ?? '', tab: 'summary' });
    await page.getByRole('link', { name: 'Stats' }).click();
    await eventually(() => expect(store.route.value).toMatchObject({ view: 'machine', tab: 'stats' }));
    expect(location.href).toBe(address);
    // The way back is there however small the frame is.
    await page.viewport(300, 200);
    await page.getByRole('button', { name: 'Back' }).click();
    expect(store.route.value).toEqual(view.home);
  });
});
