import { afterEach, beforeEach, expect, it } from 'vitest';
import { cdp, page, userEvent } from 'vitest/browser';
import type { ContainerKernel } from '../../../api/container-kernel';
import type { LabContainers } from '../../../engine/containers/engine';
import { scriptedEngines } from '../../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../../engine/containers/scripted-host';
import { openTestLab } from '../../../engine/lab-fixture';
import { createStores } from '../../../engine/stores-fixture';
import { ContainerShelf } from '../../containers/container-shelf';
import { axeProblems } from '../../elements/axe-problems';
import { focusedElement } from '../../elements/focused-element';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from '../app/app-view';
import './containers-view';

let store: Store;
let view: AppView;
let engine: LabContainers;
let host: ScriptedHost;

const kernel: ContainerKernel = {
  pid: 42,
  namespaces: [],
  user: { uid: [0], gid: [0], uidMap: [] },
  capabilities: { effective: [], permitted: [], inheritable: [], bounding: [], ambient: [] },
  noNewPrivileges: false,
  seccomp: { mode: 'filter', filters: 1 },
  cgroup: { path: '/docker/a', files: {} },
  mounts: [{ source: 'overlay', target: '/', type: 'overlay', options: `rw,upperdir=/var/${'u'.repeat(90)}` }],
  interfaces: [{ name: 'eth0', host: 'veth-0c1a358f', bridge: 'br0' }],
};

const command = ['sh', '-c', 'mkdir -p /srv/www; echo "Hello from a layer of its own" > /srv/www/index.html'];
const answers = [
  'web',
  `PID   USER     COMMAND\n    1 root     ${command.join(' ')}`,
  '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever',
  '30 25 0:26 / / rw,relatime - overlay overlay rw,upperdir=/var/lib/strata',
  '0::/',
  'uid=0(root)',
  '/sys/fs/cgroup/memory.max:max',
  '',
  '',
];

/** A shell that answers all that is asked inside. */
const shell: ScriptedHost['exec'] = async () => ({
  id: 'shell',
  stdin: new WritableStream(),
  stdout: streamOf(answers.map((answer) => `${answer}\x1e`).join('')),
  stderr: streamOf(''),
  exited: Promise.resolve(0),
  resize: () => undefined,
  kill: () => undefined,
});

function streamOf(text: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      if (text !== '') controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

beforeEach(async () => {
  await page.viewport(1280, 800);
  history.replaceState(null, '', '#');
  const { lab, clock } = await openTestLab();
  const hosts = new ScriptedHosts();
  host = new ScriptedHost('host-1');
  host.exec = shell;
  host.inspect = async () => kernel;
  const shown = { uid: 0, user: 'root', startedAt: 0, cpuSeconds: 0, tty: '?', command: command.join(' ') };
  host.processes = async () => [{ ...shown, pid: 42, innerPid: 1, parent: 41 }];
  hosts.add(host);
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  const shelf = new ContainerShelf({ engine, lab, pull: async () => {} });
  store = new Store({ lab, settings: createSettings(undefined), clock, containers: async () => shelf });
  view = new AppView();
  view.store = store;
  document.title = 'Strata';
  document.documentElement.lang = 'en';
  document.body.append(view);
  await view.updateComplete;
});

afterEach(() => {
  store.dispose();
  engine.dispose();
  view.remove();
});

async function openKernel(): Promise<void> {
  const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
  await engine.containers.start(Id);
  store.go({ view: 'container', id: Id, tab: 'kernel' });
}

it('is removed only when that was confirmed, and its view gives way to the list, with the focus', async () => {
  const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
  await engine.containers.start(Id);
  store.go({ view: 'container', id: Id, tab: 'logs' });
  const remove = page.getByRole('button', { name: 'Remove', exact: true });
  await expect.element(remove).toBeVisible();
  expect(document.title).toBe('web – Containers – Strata');
  (remove.element() as HTMLElement).focus();
  await userEvent.keyboard('{Enter}');
  const question = page.getByRole('dialog', { name: 'Remove web?' });
  await expect.element(question).toBeVisible();
  await userEvent.keyboard('{Escape}');
  await expect.poll(() => store.dialog.value).toBeUndefined();
  expect((await engine.containers.list({ all: true })).map(({ State }) => State)).toEqual(['running']);
  expect(focusedElement()).toBe(remove.element());
  await userEvent.keyboard('{Enter}');
  await question.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect.poll(() => store.route.value).toEqual({ view: 'containers' });
  await expect.poll(() => focusedElement()?.localName).toMatch(/^(h2|main)$/);
  expect(document.title).toBe('Containers – Strata');
});

it('is found in the list by arrows, with its menu at the menu key', async () => {
  for (const name of ['web', 'db']) await engine.containers.create({ Image: 'busybox' }, { name });
  store.go({ view: 'containers' });
  const first = page.getByRole('table').getByRole('link', { name: 'db' });
  await expect.element(first).toBeVisible();
  (first.element() as HTMLElement).focus();
  await userEvent.keyboard('{ArrowDown}');
  expect(focusedElement()?.textContent).toBe('web');
  await userEvent.keyboard('{Shift>}{F10}{/Shift}');
  await expect.poll(() => focusedElement()?.getAttribute('role')).toBe('menuitem');
  await expect.element(page.getByRole('menu', { name: 'Actions for web' })).toBeVisible();
});

it('has the tab that is shown in sight at 320 pixels', async () => {
  await page.viewport(320, 640);
  await openKernel();
  const current = page.getByRole('link', { name: 'Inside and outside' });
  await expect.element(current).toBeInTheDocument();
  await expect.poll(() => current.element().getBoundingClientRect().right).toBeLessThan(321);
  expect(current.element().getBoundingClientRect().left).toBeGreaterThan(-1);
});

it('shows the processes inside and outside with their commands, each list scrolled by itself', async () => {
  await openKernel();
  const inside = page.getByRole('region', { name: 'Processes, Inside' });
  const outside = page.getByRole('region', { name: 'Processes, Outside' });
  await expect.element(outside).toHaveTextContent(/UID PID PPID CMD 0 42 41 sh -c mkdir/);
  for (const width of [1280, 768]) {
    await page.viewport(width, 1024);
    for (const list of [inside, outside]) {
      const element = list.element();
      const { lineHeight } = getComputedStyle(element);
      // As many lines as it has rows: none is broken.
      expect(element.clientHeight, `${width}`).toBeLessThan(2.9 * Number.parseFloat(lineHeight));
      expect(element.scrollWidth, `${width}`).toBeGreaterThan(element.clientWidth);
      expect(element.getBoundingClientRect().right).toBeLessThanOrEqual(width);
    }
  }
  // Where there is room for it, what runs is seen without scrolling.
  await page.viewport(1280, 1024);
  const column = (outside.element().textContent ?? '').indexOf('CMD');
  const range = document.createRange();
  range.setStart(firstText(outside.element()), column);
  range.setEnd(firstText(outside.element()), column + 3);
  expect(range.getBoundingClientRect().right).toBeLessThan(outside.element().getBoundingClientRect().right);
  expect(await axeProblems()).toEqual([]);
});

function firstText(element: Element): Text {
  return [...element.childNodes].find((node): node is Text => node instanceof Text && node.length > 0)!;
}

it('shows what is paused as it stands, and says how it goes on', async () => {
  const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
  await engine.containers.start(Id);
  await engine.containers.pause(Id);
  store.go({ view: 'container', id: Id, tab: 'stats' });
  await expect.element(page.getByText(/^It is paused: resume it/)).toBeVisible();
  // Its processes are there all the same.
  store.go({ view: 'container', id: Id, tab: 'processes' });
  await expect.element(page.getByRole('cell', { name: command.join(' ') })).toBeVisible();
  store.go({ view: 'container', id: Id, tab: 'kernel' });
  await expect.element(page.getByRole('region', { name: 'Processes, Outside' })).toHaveTextContent(/42 41 sh -c mkdir/);
});

it('says in the middle of the page that there is no such container, and where all are', async () => {
  store.go({ view: 'container', id: 'xx', tab: 'logs' });
  const heading = page.getByRole('heading', { name: 'No such container' });
  const link = page.getByRole('link', { name: 'All containers' });
  await expect.element(heading).toBeVisible();
  const middle = (element: Element): number => {
    const { left, right } = element.getBoundingClientRect();
    return Math.round((left + right) / 2);
  };
  expect(Math.abs(middle(heading.element()) - middle(link.element()))).toBeLessThanOrEqual(1);
  expect(Math.abs(middle(heading.element()) - middle(heading.element().parentElement!))).toBeLessThanOrEqual(1);
  const accent = document.createElement('p');
  accent.style.color = 'var(--accent)';
  document.body.append(accent);
  expect(getComputedStyle(link.element()).color).toBe(getComputedStyle(accent).color);
  accent.remove();
});

it('underlines the current tab alone, where colours are forced too', async () => {
  await openKernel();
  const tabs = page.getByRole('navigation', { name: 'Views of the container' });
  await expect.element(tabs).toBeVisible();
  const underlined = () =>
    [...tabs.element().querySelectorAll('a')]
      .filter((tab) => {
        const { borderBottomWidth, borderBottomColor } = getComputedStyle(tab);
        return borderBottomWidth !== '0px' && borderBottomColor !== 'rgba(0, 0, 0, 0)';
      })
      .map((tab) => tab.textContent);
  expect(underlined()).toEqual(['Inside and outside']);
  await cdp().send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
  try {
    expect(underlined()).toEqual(['Inside and outside']);
  } finally {
    await cdp().send('Emulation.setEmulatedMedia', { features: [] });
  }
});
