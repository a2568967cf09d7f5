import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { systemClock } from '../../../base/clock';
import { SandboxError } from '../../../base/errors';
import { createLab } from '../../../engine/lab';
import { ScriptedDriver } from '../../../engine/scripted-instance';
import { axeProblems } from '../../elements/axe-problems';
import { standardFlavor } from '../../flavors';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from './app-view';

let store: Store;
let driver: ScriptedDriver;
let view: AppView;

beforeEach(async () => {
  await page.viewport(1280, 800);
  driver = new ScriptedDriver(systemClock);
  const lab = createLab({ drivers: [driver], clock: systemClock, removeGraceMs: 60_000 });
  store = new Store({ lab, settings: createSettings(undefined), clock: systemClock });
  view = new AppView();
  view.store = store;
  document.title = 'Strata';
  document.documentElement.lang = 'en';
  document.body.append(view);
  await view.updateComplete;
});

afterEach(() => {
  store.dispose();
  view.remove();
});

async function launch(): Promise<void> {
  const before = store.instances.value.length;
  store.launch(standardFlavor.draft);
  await vi.waitFor(() => expect(store.instances.value[before]?.state.phase).toBe('running'));
}

/** Waits until all that is to be rendered is. */
async function rendered(): Promise<void> {
  await view.updateComplete;
  await new Promise((resolve) => requestAnimationFrame(resolve));
}

const states: Readonly<Record<string, () => Promise<void>>> = {
  'before the first machine': async () => {},
  'with a machine that runs': launch,
  'while a machine starts': async () => {
    await launch();
    store.launch(standardFlavor.draft);
    driver.at(1).holdStart();
  },
  'with a failure, messages, tasks and the menu open': async () => {
    await launch();
    store.report('Could not start vm-9', new SandboxError('DataLoss', 'sha256:ab does not match'));
    store.act('remove', store.instances.value[0]!.id);
    store.setStorage({ persistent: false, reason: 'denied' });
    store.showTasks(true);
    await rendered();
    await page.getByRole('button', { name: 'More kinds of VM' }).click();
  },
  'with the start log': async () => {
    await launch();
    await page.getByRole('tab', { name: 'Start log' }).click();
  },
};

describe('the page', () => {
  for (const [name, prepare] of Object.entries(states)) {
    for (const scheme of ['light', 'dark'] as const) {
      it(`is clean for axe ${name}, ${scheme}`, async () => {
        document.documentElement.dataset['theme'] = scheme;
        view.scheme = scheme;
        await prepare();
        await rendered();
        expect(await axeProblems()).toEqual([]);
      });
    }
  }

  it.each([320, 390, 720, 1280, 1920])('is never wider than a window of %d pixels', async (width) => {
    await page.viewport(width, 640);
    await launch();
    await launch();
    store.showTasks(true);
    await rendered();
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
    for (const button of view.renderRoot.querySelectorAll('strata-menu-button')) {
      expect(button.getBoundingClientRect().right).toBeLessThanOrEqual(width);
    }
  });
});

describe('by keyboard', () => {
  it('one press starts a machine and one is at its terminal', async () => {
    await page.getByRole('button', { name: 'Start a Linux VM' }).click();
    await vi.waitFor(() => expect(store.selected.value?.state.phase).toBe('running'));
    await rendered();
    const typed: string[] = [];
    driver.at(0).console.attach(({ bytes }) => typed.push(new TextDecoder().decode(bytes)));
    await userEvent.keyboard('uname');
    await vi.waitFor(() => expect(typed.join('')).toBe('uname'));
  });

  it('the terminal is no trap: its chord goes to the tabs, and Tab goes on from there', async () => {
    await page.getByRole('button', { name: 'Start a Linux VM' }).click();
    await rendered();
    await userEvent.keyboard('{Control>}{Shift>}.{/Shift}{/Control}');
    expect(focused()?.getAttribute('role')).toBe('tab');
    await userEvent.keyboard('{ArrowRight}');
    await vi.waitFor(() => expect(focused()?.textContent?.trim()).toBe('Start log'));
  });

  it('arrows move through the machines', async () => {
    await launch();
    await launch();
    await rendered();
    expect(store.selected.value?.name).toBe('vm-2');
    const list = view.renderRoot.querySelector('strata-instance-list')!;
    list.shadowRoot!.querySelector<HTMLElement>('[aria-selected=true]')!.focus();
    await userEvent.keyboard('{ArrowUp}');
    expect(store.selected.value?.name).toBe('vm-1');
    await rendered();
    await userEvent.keyboard('{End}');
    expect(store.selected.value?.name).toBe('vm-2');
  });

  it('the menu of kinds opens, moves, picks and closes', async () => {
    await launch();
    await rendered();
    const opener = page.getByRole('button', { name: 'More kinds of VM' });
    await opener.click();
    await userEvent.keyboard('{Escape}');
    expect(await page.getByRole('menu').query()).toBeNull();
    expect(focused()?.getAttribute('aria-label')).toBe('More kinds of VM');
    await userEvent.keyboard('{Enter}');
    await userEvent.keyboard('{ArrowDown}{Enter}');
    await vi.waitFor(() => expect(store.instances.value[1]?.spec.memoryMiB).toBe(32));
  });
});

describe('a removal', () => {
  it('is undone by the message that tells of it', async () => {
    await launch();
    await rendered();
    await page.getByRole('button', { name: 'Remove' }).click();
    await vi.waitFor(() => expect(store.instances.value[0]?.state.phase).toBe('paused'));
    await page.getByLabelText('Messages').getByRole('button', { name: 'Undo' }).click();
    await vi.waitFor(() => expect(store.instances.value[0]).toMatchObject({ state: { phase: 'running' } }));
    expect(store.toasts.value).toEqual([]);
  });
});

/** The element with the focus, through all shadow roots. */
function focused(): Element | null {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element;
}
