import { afterEach, expect, it } from 'vitest';
import { cdp, page, userEvent } from 'vitest/browser';
import { eventually } from '../../../base/eventually-fixture';
import type { FakeClock } from '../../../base/fake-clock';
import type { LabContainers } from '../../../engine/containers/engine';
import { scriptedEngines } from '../../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../../engine/containers/scripted-host';
import { openTestLab } from '../../../engine/lab-fixture';
import { createStores } from '../../../engine/stores-fixture';
import { ContainerShelf } from '../../containers/container-shelf';
import { axeProblems } from '../../elements/axe-problems';
import type { TerminalElement } from '../../elements/terminal/terminal';
import { standardFlavor } from '../../flavors';
import { LessonShelf, previewId } from '../../lessons/lesson-shelf';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from './app-view';

/** What a person needs to see of what a program says. */
const enoughRows = 8;

/** 14 px of text and the room between lines. */
const rowHeight = 16.8;

const sizes = {
  'at 400 % zoom': { width: 320, height: 256, touch: false },
  'of a phone with its keyboard open': { width: 390, height: 420, touch: true },
  'of a phone': { width: 390, height: 844, touch: true },
  'of a phone in landscape': { width: 700, height: 360, touch: true },
  'of a phone in landscape with its keyboard open': { width: 844, height: 200, touch: true },
  'of a desk': { width: 1280, height: 800, touch: false },
} as const;

let store: Store;
let view: AppView;
let engine: LabContainers;
let clock: FakeClock;

/** The page with a machine that runs. */
async function open(): Promise<void> {
  history.replaceState(null, '', '#');
  const { lab, clock: time } = await openTestLab();
  clock = time;
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('host-1'));
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  const shelf = new ContainerShelf({ engine, lab, pull: async () => {} });
  const unused = {} as never;
  store = new Store({
    lab,
    settings: createSettings(undefined),
    clock,
    containers: async () => shelf,
    lessons: async (page) => {
      const source = { list: async () => [], files: () => Promise.reject(new Error('not in this test')) };
      const lessons = new LessonShelf({
        lab,
        clock,
        page,
        source,
        settings: page.settings,
        seen: unused,
        scenarios: unused,
      });
      await lessons.open();
      return lessons;
    },
  });
  view = new AppView();
  view.store = store;
  document.title = 'Strata';
  document.documentElement.lang = 'en';
  document.body.append(view);
  await view.updateComplete;
  await store.launch(standardFlavor.draft);
  await clock.advance(0);
  await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
}

afterEach(() => {
  store.dispose();
  engine.dispose();
  view.remove();
});

const places: Readonly<Record<string, () => Promise<void>>> = {
  'a machine': async () => {
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'terminal' });
  },
  'a container': async () => {
    store.terminals.setOpen(false);
    const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
    await engine.containers.start(Id);
    store.go({ view: 'container', id: Id, tab: 'logs' });
  },
  'a lesson': async () => {
    const lessons = (await store.parts.lessons.get())!;
    const step = `---\ntitle: First\n---\n${'Much is to be read here, and it goes on.\n\n'.repeat(30)}`;
    const head = '---\nlesson: 1\ntitle: A lesson\nsummary: x\nminutes: 5\nsteps: [1.md]\n---\nBegin.\n';
    await lessons.bring('mine', new Map(Object.entries({ 'lesson.md': head, '1.md': step })));
    store.go({ view: 'lesson', id: previewId, step: 1 });
  },
  'the dock': async () => {
    store.go({ view: 'networks' });
    store.terminals.setOpen(true);
  },
};

function* everyElement(root: ParentNode): Generator<Element> {
  for (const element of root.querySelectorAll('*')) {
    yield element;
    if (element.shadowRoot) yield* everyElement(element.shadowRoot);
  }
}

/** The terminal that is shown. */
function terminal(): TerminalElement {
  const all = [...everyElement(view.renderRoot)].filter(
    (element): element is TerminalElement => element.localName === 'strata-terminal' && element.checkVisibility(),
  );
  expect(all).toHaveLength(1);
  return all[0]!;
}

/** Rows of it that are on the screen from top to bottom. */
function rowsSeen(): number {
  return [...terminal().renderRoot.querySelectorAll('.xterm-rows > div')].filter((row) => {
    const { top, bottom, left, width } = row.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) return false;
    // Nothing lies over it, and nothing cuts it off.
    const at = document.elementFromPoint(left + width / 2, (top + bottom) / 2);
    return at === view && deepest(left + width / 2, (top + bottom) / 2).some((each) => each === terminal());
  }).length;
}

/** What is seen in a place, from the outermost to the innermost. */
function deepest(x: number, y: number): readonly Element[] {
  const found: Element[] = [];
  let root: DocumentOrShadowRoot | null = document;
  while (root) {
    const at: Element | null = root.elementFromPoint(x, y);
    if (!at || found.includes(at)) break;
    found.push(at);
    root = at.shadowRoot;
  }
  return found;
}

async function setTouch(touch: boolean): Promise<void> {
  await cdp().send('Emulation.setTouchEmulationEnabled', { enabled: touch, maxTouchPoints: touch ? 5 : 1 });
}

const cases = Object.entries(sizes).flatMap(([size, screen]) =>
  Object.entries(places).map(([place, go]) => [size, place, screen, go] as const),
);

it.each(cases)(
  'on a screen %s %s has a terminal that can be read',
  async (_size, _place, { width, height, touch }, go) => {
    await setTouch(touch);
    try {
      await page.viewport(width, height);
      await open();
      await go();
      await eventually(() => expect(terminal().renderRoot.querySelector('.xterm-rows')).not.toBeNull());
      terminal().focus();
      const half = Math.floor(height / 2 / rowHeight);
      await eventually(() => expect(rowsSeen()).toBeGreaterThanOrEqual(Math.min(enoughRows, half)));
      expect(await axeProblems()).toEqual([]);
    } finally {
      await setTouch(false);
    }
  },
);

/** Of what is shown anywhere in the page. */
const all = (selector: string): readonly HTMLElement[] =>
  [...everyElement(view.renderRoot)].filter(
    (element): element is HTMLElement =>
      element instanceof HTMLElement && element.matches(selector) && element.checkVisibility(),
  );

it('in a narrow window rows are cards, with all that they tell inside of it', async () => {
  await page.viewport(320, 640);
  await open();
  const { Id } = await engine.containers.create(
    { Image: 'busybox' },
    { name: 'a-container-with-a-name-of-many-letters' },
  );
  await engine.containers.start(Id);
  for (const [place, told] of [
    ['containers', 6],
    ['events', 4],
    ['orchestration', 4],
  ] as const) {
    store.go({ view: place });
    await eventually(() => expect(all('tbody tr > *').length).toBeGreaterThanOrEqual(told));
    for (const cell of all('tbody tr > *')) expect(cell.getBoundingClientRect().right).toBeLessThanOrEqual(320);
    expect(await axeProblems()).toEqual([]);
  }
});

it('in a narrow window nothing of the foot lies on each other while a task runs', async () => {
  await page.viewport(320, 640);
  await open();
  store.act('remove', store.instances.value[0]!.id);
  await expect.element(page.getByRole('button', { name: /^Undo: / })).toBeVisible();
  const [drawer] = all('strata-task-drawer');
  const parts = [
    ...drawer!.shadowRoot!.querySelectorAll('.bar > button, .state, .title, .latest button'),
    ...all('footer button'),
  ];
  const rects = parts.map((part) => part.getBoundingClientRect()).filter(({ width }) => width > 0);
  expect(rects.length).toBeGreaterThanOrEqual(4);
  for (const [at, a] of rects.entries())
    for (const b of rects.slice(at + 1))
      expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
});

it('the tab that is used is in view, however many there are and however narrow the window becomes', async () => {
  await page.viewport(1280, 800);
  await open();
  await places['the dock']!();
  for (let more = 0; more < 5; more++) store.terminals.openLab();
  const strip = (): DOMRect => all('[role="tablist"]').at(-1)!.getBoundingClientRect();
  const inView = (): void => {
    const tab = all('[role="tab"][aria-selected="true"]').at(-1)!.getBoundingClientRect();
    expect(tab.left).toBeGreaterThanOrEqual(strip().left - 1);
    expect(tab.right).toBeLessThanOrEqual(strip().right + 1);
  };
  await view.updateComplete;
  await page.viewport(390, 844);
  await eventually(inView);
  store.terminals.activate([...store.terminals.tabs.value.keys()][0]!);
  await eventually(inView);
});

it('the divider of the dock stands where the dock begins, and moves with the first press', async () => {
  await page.viewport(390, 844);
  await open();
  await places['the dock']!();
  store.terminals.setHeight(700);
  const stage = (): number => all('strata-dock')[0]!.shadowRoot!.querySelector('.stage')!.clientHeight;
  const divider = page.getByRole('separator', { name: 'Height of the terminals' });
  const said = async (): Promise<void> => {
    const share = Math.round(100 - (stage() / 844) * 100);
    await expect.element(divider).toHaveAttribute('aria-valuenow', String(share));
  };
  await eventually(() => expect(stage()).toBeLessThan(400));
  await said();
  const before = stage();
  (divider.element() as HTMLElement).focus();
  await userEvent.keyboard('{ArrowUp}');
  await said();
  expect(stage()).toBe(before);
  await userEvent.keyboard('{ArrowDown}');
  await eventually(() => expect(stage()).toBe(before - 24));
  await said();
});
