import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { eventually } from '../../../base/eventually-fixture';
import type { FakeClock } from '../../../base/fake-clock';
import type { LabContainers } from '../../../engine/containers/engine';
import { scriptedEngines } from '../../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../../engine/containers/scripted-host';
import { openTestLab } from '../../../engine/lab-fixture';
import { createStores } from '../../../engine/stores-fixture';
import { ContainerShelf } from '../../containers/container-shelf';
import { axeProblems } from '../../elements/axe-problems';
import { standardFlavor } from '../../flavors';
import { formatRoute, places } from '../../route';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from '../app/app-view';

let store: Store;
let view: AppView;
let clock: FakeClock;
let engine: LabContainers;
let host: ScriptedHost;

beforeEach(async () => {
  await page.viewport(1280, 800);
  history.replaceState(null, '', '#');
  const test = await openTestLab();
  clock = test.clock;
  host = new ScriptedHost('host-1');
  const hosts = new ScriptedHosts();
  hosts.add(host);
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  const shelf = new ContainerShelf({ engine, lab: test.lab, pull: async () => {} });
  store = new Store({ lab: test.lab, settings: createSettings(undefined), clock, containers: async () => shelf });
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
  engine.dispose();
  view.remove();
  delete document.documentElement.dataset['theme'];
});

const nav = () => page.getByRole('navigation', { name: 'Strata' });
const strataNames = (): readonly (string | undefined)[] =>
  nav()
    .getByRole('list')
    .elements()
    .flatMap((list) => (list.ariaLabelledByElements ?? []).map((name) => name.textContent?.trim()));

async function launchHost(): Promise<void> {
  await store.launch({ ...standardFlavor.draft, kind: 'vm', name: 'host-1', containerHost: true } as never);
  await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
}

async function launchOnDemand(): Promise<void> {
  await store.launch({
    kind: 'unikernel',
    name: 'web',
    image: 'strata/unikernel-httpd:1',
    args: [],
    config: {},
    memoryMiB: 4,
    addressing: 'static',
    nics: [],
    onDemand: { idleMs: 10_000 },
  } as never);
  await eventually(() => expect(store.instances.value.at(-1)?.state.phase).toBe('running'));
}

async function runContainer(): Promise<string> {
  const test = ['CMD-SHELL', 'wget -q localhost'];
  const { Id } = await engine.containers.create(
    {
      Image: 'busybox',
      Healthcheck: { Test: test, Interval: 5e9 },
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } },
    },
    { name: 'shop' },
  );
  await engine.containers.start(Id);
  return Id;
}

async function cleanInBothSchemes(): Promise<void> {
  for (const width of [1280, 390]) {
    await page.viewport(width, 800);
    for (const scheme of ['light', 'dark'] as const) {
      document.documentElement.dataset['theme'] = scheme;
      await view.updateComplete;
      expect(await axeProblems(), `${scheme}, ${width}`).toEqual([]);
    }
  }
}

describe('the navigation', () => {
  it('has the strata in which something lives, and their views', async () => {
    expect(strataNames()).toEqual([
      '7Workflow',
      '4Container engine',
      '3Operating system',
      '2Virtual infrastructure',
      '1Physical infrastructure',
    ]);
    await launchOnDemand();
    await eventually(() => expect(strataNames()[1]).toBe('6Orchestration'));
    await launchHost();
    await eventually(() => expect(strataNames()[2]).toBe('5Scheduling'));
  });

  it('is gone through by the numbers of the strata', async () => {
    await userEvent.keyboard('2');
    expect(store.route.value).toEqual({ view: 'topology' });
    await userEvent.keyboard('2');
    expect(store.route.value).toEqual({ view: 'machines' });
    await userEvent.keyboard('5');
    expect(store.route.value).toEqual({ view: 'machines' });
    await userEvent.keyboard('0');
    expect(store.route.value).toEqual({ view: 'overview' });
  });

  it.each([390, 320])('has the view that is shown in sight, %d wide, and takes no focus for it', async (width) => {
    await page.viewport(width, 800);
    await launchHost();
    for (const place of places) {
      store.go({ view: place });
      await eventually(() => {
        const current = nav().element().querySelector('[aria-current]');
        expect(current?.getAttribute('href')).toBe(formatRoute({ view: place }));
        const { left, right } = current!.getBoundingClientRect();
        expect(left, place).toBeGreaterThan(-1);
        // Scroll positions are whole pixels.
        expect(right, place).toBeLessThan(width + 1);
        expect(document.activeElement).toBe(document.body);
      });
    }
  });

  it('has the view that is shown in sight when the page becomes narrow', async () => {
    store.go({ view: 'events' });
    await eventually(() => expect(nav().element().querySelector('[aria-current]')).not.toBeNull());
    await page.viewport(390, 800);
    await eventually(() => {
      const { left, right } = nav().element().querySelector('[aria-current]')!.getBoundingClientRect();
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(390);
    });
  });

  it('cuts the names of machines that are long, and none of their states', async () => {
    const name = 'a-name-of-as-many-characters-as-there-may-be-which-is-sixty-three';
    await store.launch({ ...standardFlavor.draft, name: name.slice(0, 63) });
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    const row = page.getByRole('option', { name: /^a-name/ });
    await expect.element(row.getByText('Running')).toBeVisible();
    const map = nav().element();
    expect(map.scrollWidth).toBe(map.clientWidth);
    const state = row.element().querySelector('strata-state-badge')!;
    expect(state.getBoundingClientRect().right).toBeLessThan(map.getBoundingClientRect().right);
    expect(state.getBoundingClientRect().width).toBeGreaterThan(50);
    expect(row.element().querySelector('[title]')?.getAttribute('title')).toBe(name.slice(0, 63));
  });

  it.each([1024, 1360, 1920])('has the numbers of the strata in their boxes on a stage, %d wide', async (width) => {
    await page.viewport(width, 800);
    document.documentElement.dataset['stage'] = '';
    try {
      store.go({ view: 'topology' });
      await expect.element(page.getByRole('banner').getByText('2', { exact: true })).toBeVisible();
      const numbers = ['banner', 'navigation'].flatMap((role) => [
        ...page
          .getByRole(role as 'banner')
          .first()
          .element()
          .querySelectorAll('.number'),
      ]);
      expect(numbers.length).toBeGreaterThan(4);
      for (const number of numbers) {
        const [box, range] = [number.getBoundingClientRect(), document.createRange()];
        range.selectNodeContents(number);
        const digit = range.getBoundingClientRect();
        expect(digit.top).toBeGreaterThanOrEqual(box.top);
        expect(digit.bottom).toBeLessThanOrEqual(box.bottom);
        expect(Math.abs(digit.top + digit.bottom - box.top - box.bottom)).toBeLessThan(3);
      }
    } finally {
      delete document.documentElement.dataset['stage'];
    }
  });

  it('carries the terms of the lecture when they are switched on, each place with what plays the role', async () => {
    expect(nav().getByText('Neutron, IaaS').elements()).toEqual([]);
    store.settings.change({ lecture: true });
    await expect.element(nav().getByText('Neutron, IaaS')).toBeVisible();
    store.go({ view: 'networks' });
    await expect.element(page.getByRole('complementary', { name: 'Terms of the lecture' })).toHaveTextContent('switch');
    await cleanInBothSchemes();
    store.settings.change({ lecture: false });
    await eventually(() => expect(nav().getByText('Neutron, IaaS').elements()).toEqual([]));
  });
});

describe('the scheduling', () => {
  it('says of each container on which host it is, and why', async () => {
    await launchHost();
    store.go({ view: 'scheduling' });
    await runContainer();
    const decisions = page.getByRole('region', { name: 'Decisions' });
    await expect.element(decisions.getByRole('link', { name: 'shop' })).toBeVisible();
    await expect.element(decisions).toHaveTextContent('The only host that runs and can be on its networks');
    await expect.element(decisions.getByRole('link', { name: 'host-1' })).toBeVisible();
    await cleanInBothSchemes();
  });

  it('says of a container that was removed that it was', async () => {
    const id = await runContainer();
    await engine.containers.remove(id, { force: true });
    store.go({ view: 'scheduling' });
    await expect.element(page.getByText('removed')).toBeVisible();
  });

  it('has nothing to say where nothing is', async () => {
    store.go({ view: 'scheduling' });
    await expect.element(page.getByText('Nothing has been placed yet.')).toBeVisible();
    await cleanInBothSchemes();
  });
});

describe('the orchestration', () => {
  it('shows policies and restarts as they happen, checks, and who sleeps', async () => {
    await launchOnDemand();
    store.go({ view: 'orchestration' });
    const id = await runContainer();
    const row = page.getByRole('region', { name: 'Restart policies' }).getByRole('row', { name: /shop/ });
    await expect.element(row).toHaveTextContent(/Again if it failed, at most 3 times\s*Running\s*0/);
    const check = page.getByRole('region', { name: 'Health checks' }).getByRole('row', { name: /shop/ });
    await expect.element(check).toHaveTextContent(/wget -q localhost\s*5 s\s*Starting/);
    host.exit(id, 1);
    await expect.element(row).toHaveTextContent(/Restarting\s*0/);
    await clock.advance(100);
    await expect.element(row).toHaveTextContent(/Running\s*1/);
    const activator = page.getByRole('region', { name: 'Activators' }).getByRole('row', { name: /web/ });
    await expect.element(activator).toHaveTextContent(/10 s\s*0/);
    await activator.getByRole('button', { name: 'Stop web' }).click();
    await expect.element(activator.getByRole('button', { name: 'Start web' })).toBeVisible();
    await cleanInBothSchemes();
  });
});

describe('the tab', () => {
  it('shows what instances have of it', async () => {
    store.go({ view: 'tab' });
    await expect.element(page.getByText('No instance runs.')).toBeVisible();
    await launchHost();
    store.go({ view: 'tab' });
    const workers = page.getByRole('region', { name: 'Workers' });
    // What nobody has measured is not told as nothing.
    await expect.element(workers.getByRole('row', { name: /host-1/ })).toHaveTextContent(/–\s*\d+ MB$/);
    store.setWatched(true);
    await clock.advance(3000);
    await expect.element(workers.getByRole('row', { name: /host-1/ })).toHaveTextContent(/\d %/);
    await expect.element(workers.getByRole('link', { name: 'host-1' })).toBeVisible();
    await cleanInBothSchemes();
  });
});
