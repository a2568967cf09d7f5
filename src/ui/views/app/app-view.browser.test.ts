import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cdp, page, userEvent } from 'vitest/browser';
import { SandboxError } from '../../../base/errors';
import { eventually } from '../../../base/eventually-fixture';
import type { FakeClock } from '../../../base/fake-clock';
import { openTestLab } from '../../../engine/lab-fixture';
import type { ScriptedDriver } from '../../../engine/scripted-instance';
import type { ArtifactLoader } from '../../../engine/store-client';
import { UnikernelLibrary } from '../../../engine/unikernel-library';
import type { Artifact } from '../../../storage/artifact-source';
import { axeProblems } from '../../elements/axe-problems';
import { focusedElement } from '../../elements/focused-element';
import type { TerminalElement } from '../../elements/terminal/terminal';
import { standardFlavor } from '../../flavors';
import { applyLook } from '../../scheme';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { groupsOf } from '../../terminals/dock-layout';
import { AppView } from './app-view';

const service = { name: 'service', type: 'NET_BASIC' } as const;
const data = { name: 'data', type: 'BLOCK_BASIC' } as const;

/** A registry that has two unikernels. */
const registry: ArtifactLoader = {
  async resolve(reference) {
    if (!/unikernel-(httpd|kv):/.test(reference)) throw new SandboxError('NotFound', `No such artifact: ${reference}`);
    return { reference } as Artifact;
  },
  load: async () => new ArrayBuffer(0),
};

const web = {
  kind: 'unikernel',
  name: 'web',
  image: 'strata/unikernel-httpd:1',
  args: ['--port=80'],
  config: { '/index.html': 'Hello' },
  memoryMiB: 4,
  addressing: 'static',
} as const;

/** `(module (memory (export "memory") 1) (func (export "_start")))` */
const program = bytesOf(
  '0061736d01000000010401600000030201000503010001071302066d656d6f72790200065f737461727400000a040102000b',
);

/** No code, but a section `solo5.manifest`. */
const unikernel = bytesOf('0061736d01000000000f0e736f6c6f352e6d616e6966657374');

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function drop(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], name));
  view.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, cancelable: true }));
}

async function launchFromDisk(): Promise<void> {
  const sector = new Uint8Array(512);
  sector.set([0x55, 0xaa], 510);
  drop('boot.img', sector);
  await eventually(() => expect(store.dialog.value?.kind).toBe('new-machine'));
  await page.getByRole('textbox', { name: 'Name' }).fill('pc');
  await page.getByRole('button', { name: 'Store the disks and start it' }).click();
  await eventually(() => expect(store.route.value).toMatchObject({ view: 'machine' }));
}

let store: Store;
let driver: ScriptedDriver;
let clock: FakeClock;
let view: AppView;

beforeEach(async () => {
  await page.viewport(1280, 800);
  history.replaceState(null, '', '#');
  const test = await openTestLab(undefined, undefined, {
    library: ({ blobs }) => new UnikernelLibrary(registry, blobs),
    devices: async (image) => (image.includes('kv') ? [service, data] : [service]),
  });
  driver = test.driver;
  clock = test.clock;
  store = new Store({ lab: test.lab, settings: createSettings(undefined), clock });
  view = new AppView();
  view.store = store;
  document.title = 'Strata';
  document.documentElement.lang = 'en';
  // axe shall see colours as they are, not on their way.
  document.documentElement.style.setProperty('--quick', '0ms');
  document.body.append(view);
  await view.updateComplete;
});

afterEach(() => {
  store.dispose();
  view.remove();
  delete document.documentElement.dataset['theme'];
});

async function launch(count = 1): Promise<void> {
  const before = store.instances.value.length;
  await store.launch(standardFlavor.draft, count);
  await clock.advance(0);
  await eventually(() => expect(store.instances.value[before + count - 1]?.state.phase).toBe('running'));
}

/** A unikernel on demand that has been left alone. */
async function launchAsleep(): Promise<void> {
  await store.launch({ ...web, onDemand: { idleMs: 10_000 } });
  await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
  await clock.advance(10_000);
  await eventually(() => expect(store.instances.value[0]?.demand?.asleep).toBe(true));
}

async function makeVolume(): Promise<void> {
  const shelf = (await store.parts.volumes.get())!;
  shelf.create({ name: 'data', sizeMiB: 64 });
  await eventually(() => expect(shelf.list.value).toHaveLength(1));
}

async function takeSnapshots(): Promise<void> {
  const [machine] = store.instances.value;
  for (const name of ['installed', 'configured', 'in use']) {
    store.snapshotVerbs.take(machine!.id, { name, notes: '' });
    await eventually(() => expect(store.snapshots.value.at(-1)?.name).toBe(name));
    await eventually(() => expect(store.instances.value[0]?.task).toBeUndefined());
  }
}

/** Waits until all that is to be rendered is, parts that are fetched later too. */
async function rendered(): Promise<void> {
  await view.updateComplete;
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  await eventually(() => {
    const waiting = [...everyElement(view.renderRoot)].filter((element) => element.matches(':not(:defined)'));
    expect(waiting.map(({ localName }) => localName)).toEqual([]);
  });
}

function* everyElement(root: ParentNode): Generator<Element> {
  for (const element of root.querySelectorAll('*')) {
    yield element;
    if (element.shadowRoot) yield* everyElement(element.shadowRoot);
  }
}

async function publish(...ports: readonly number[]): Promise<void> {
  const { id } = store.instances.value[0]!;
  store.go({ view: 'machine', id, tab: 'ports' });
  for (const port of ports) store.publish(id, port);
  await eventually(() => expect(store.instances.value[0]?.ports).toEqual(ports));
}

async function watchOneSecond(): Promise<void> {
  store.setWatched(true);
  await clock.advance(3000);
}

const states: Readonly<Record<string, () => Promise<unknown>>> = {
  'before the first machine': async () => {},
  'with a machine that runs': () => launch(),
  'while a machine starts': async () => {
    await launch();
    void store.launch(standardFlavor.draft);
    await eventually(() => expect(driver.made).toHaveLength(2));
    driver.at(1).holdStart();
  },
  'with the overview of a fleet, one of it failed': async () => {
    await launch(3);
    driver.at(1).enter('failed');
    store.go({ view: 'overview' });
    await watchOneSecond();
  },
  'with the table of machines, some of them selected': async () => {
    await launch(3);
    store.go({ view: 'machines' });
    await rendered();
    await page.getByRole('checkbox', { name: 'Select vm-2' }).click();
  },
  'with a failure, messages, tasks and a menu open': async () => {
    await launch();
    store.report('Could not start vm-9', new SandboxError('DataLoss', 'sha256:ab does not match'));
    store.act('remove', store.instances.value[0]!.id);
    store.setStorage({ persistent: false, reason: 'denied' });
    store.setOnline(false);
    store.showTasks(true);
    await rendered();
    await page.getByRole('button', { name: 'More kinds of VM' }).click();
  },
  'with published ports of a machine that runs': async () => {
    await launch();
    await publish(80, 8080);
  },
  'with published ports of a machine that does not': async () => {
    await launch();
    await publish(80);
    driver.at(0).enter('failed');
  },
  'with the question what may leave a network': async () => {
    store.go({ view: 'networks' });
    store.networkVerbs.setEgress('default', { hosts: ['example.com'], relay: 'https://relay.example/{url}' });
    await eventually(() => expect(store.networks.value[0]?.egress).toBeDefined());
    store.ask({ kind: 'egress', network: 'default' });
  },
  'with the summary': async () => {
    await launch();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'summary' });
    await watchOneSecond();
  },
  'with its charts': async () => {
    await launch();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'stats' });
    await watchOneSecond();
  },
  'with its network cards': async () => {
    await launch();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'network' });
    await watchOneSecond();
  },
  'with all that is known of it': async () => {
    await launch();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'inspect' });
  },
  'with the log': async () => {
    await launch();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'log' });
  },
  'with the snapshots of a machine': async () => {
    await launch();
    await takeSnapshots();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'snapshots' });
    await rendered();
    await page.getByRole('treeitem', { name: /configured/ }).click();
  },
  'with all snapshots': async () => {
    await launch();
    await takeSnapshots();
    store.go({ view: 'snapshots' });
  },
  'with the networks': async () => {
    await launch(2);
    store.networkVerbs.create({ name: 'lan', subnet: '10.9.0.0/24', mtu: 9000 });
    store.go({ view: 'networks' });
    await rendered();
    await watchOneSecond();
  },
  'with terminals in splits': async () => {
    await launch();
    const console = store.terminals.openConsole(store.instances.value[0]!.id)!;
    store.terminals.split(console, 'row');
    store.terminals.split(console, 'column');
  },
  'with the terminals below a view': async () => {
    await launch();
    await rendered();
    store.go({ view: 'machines' });
  },
  'while another tab has the lab': async () => store.setOwnership({ state: 'other', takeOver: () => {} }),
  'after another tab has taken the lab': async () => store.setOwnership({ state: 'lost', takeOver: () => {} }),
  'with the address of a machine that is gone': async () => store.go({ view: 'machine', id: 'gone', tab: 'summary' }),
  'with the dialog for a new VM': async () => store.ask({ kind: 'new-vm' }),
  'with the dialog for a new unikernel': async () => {
    store.ask({ kind: 'new-unikernel' });
    await rendered();
    await page.getByRole('combobox', { name: 'Program' }).selectOptions('strata/unikernel-kv:1');
    await page.getByRole('button', { name: 'Add a file' }).click();
    await page.getByRole('combobox', { name: 'Runs' }).selectOptions('On demand: sleeps after 1 min without traffic');
  },
  'with the summary of a unikernel': async () => {
    await store.launch(web);
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'summary' });
    await watchOneSecond();
  },
  'with the dialog for a new app': async () => store.ask({ kind: 'new-app' }),
  'with the dialog for an app that cannot run': async () => {
    store.ask({ kind: 'new-app', offer: { name: 'x', image: 'local/x', flavor: 'wasix', lacks: 'isolation' } });
    await rendered();
    await page.getByRole('button', { name: 'Write a file' }).click();
  },
  'with the summary of an app': async () => {
    await store.launch({ kind: 'app', image: 'local/x', args: ['a'], env: ['B=c'], files: [], memoryMiB: 8, nics: [] });
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'summary' });
    await watchOneSecond();
  },
  'with the summary of a unikernel that sleeps': async () => {
    await launchAsleep();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'summary' });
  },
  'with the overview of one that sleeps': async () => {
    await launchAsleep();
    store.go({ view: 'overview' });
  },
  'with the dialog for a machine from a disk': async () => store.ask({ kind: 'new-machine' }),
  'with the dialog for a disk that nothing starts from': async () => {
    drop('empty.img', new Uint8Array(737_280));
    await eventually(() => expect(store.dialog.value?.kind).toBe('new-machine'));
    await expect.element(page.getByText('Nothing on it that a BIOS starts.')).toBeVisible();
  },
  'with the summary of a machine from a disk': async () => {
    await launchFromDisk();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'summary' });
    await expect.element(page.getByRole('button', { name: 'Save the profile' })).toBeVisible();
  },
  'without volumes': async () => store.go({ view: 'volumes' }),
  'with volumes, and the snapshots of one': async () => {
    await makeVolume();
    store.go({ view: 'volumes' });
    await rendered();
    await page.getByRole('button', { name: 'data', exact: true }).click();
    await page.getByRole('textbox', { name: 'Name of the snapshot' }).fill('empty');
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByRole('button', { name: 'More about the snapshot empty' })).toBeVisible();
  },
  'with the dialog for a volume': async () => store.ask({ kind: 'new-volume' }),
  'with the dialog for a VM that can have a volume': async () => {
    await makeVolume();
    store.ask({ kind: 'new-vm' });
    await rendered();
    await page.getByRole('checkbox', { name: 'data, 64 MB' }).click();
    await page.getByRole('spinbutton', { name: 'How many' }).fill('2');
    await userEvent.keyboard('{Tab}');
    await expect.element(page.getByText('A volume is attached to one machine at a time')).toBeVisible();
  },
  'with the rules for signatures': async () => {
    store.ask({ kind: 'signatures' });
    await rendered();
    await page.getByRole('button', { name: 'Add a rule' }).click();
  },
  'with the dialog for a network': async () => store.ask({ kind: 'new-network' }),
  'with the dialog for clones': async () => {
    await launch();
    store.ask({ kind: 'clone', source: { instance: store.instances.value[0]!.id }, name: 'vm-1' });
  },
  'with the dialog for a snapshot': async () => {
    await launch();
    store.ask({ kind: 'snapshot', id: store.instances.value[0]!.id });
  },
  'with a question': async () => {
    store.ask({ kind: 'confirm', title: 'Sure?', body: 'It is lost for good.', action: 'Delete', run: () => {} });
  },
  'with the settings': async () => store.ask({ kind: 'settings' }),
  'with the help': async () => store.ask({ kind: 'help' }),
  'with the commands': async () => store.ask({ kind: 'palette' }),
};

describe('the page', () => {
  for (const [name, prepare] of Object.entries(states)) {
    it(`is clean for axe ${name}, light and dark`, async () => {
      await prepare();
      for (const scheme of ['light', 'dark'] as const) {
        document.documentElement.dataset['theme'] = scheme;
        view.scheme = scheme;
        await rendered();
        expect(await axeProblems(), scheme).toEqual([]);
      }
    });
  }

  it('draws what a machine uses over a minute and over ten, with the numbers beside', async () => {
    await launch();
    store.go({ view: 'machine', id: store.instances.value[0]!.id, tab: 'stats' });
    store.setWatched(true);
    await clock.advance(90_000);
    await rendered();
    const line = (): number => {
      const charts = [...everyElement(view.renderRoot)].filter((element) => element.localName === 'strata-chart');
      const path = charts[1]?.shadowRoot?.querySelector('.line')?.getAttribute('d') ?? '';
      return path.split('L').length;
    };
    await eventually(() => expect(line()).toBe(60));
    await expect.element(page.getByRole('img', { name: /^Memory over the last 60 seconds, now / })).toBeVisible();
    await page.getByRole('button', { name: '10 minutes' }).click();
    await eventually(() => expect(line()).toBeGreaterThan(60));
    await expect.element(page.getByRole('img', { name: /^Memory over the last 10 minutes, now / })).toBeVisible();
  });

  it('makes a unikernel of what is chosen in its dialog', async () => {
    store.ask({ kind: 'new-unikernel' });
    await rendered();
    await page.getByRole('combobox', { name: 'Program' }).selectOptions('strata/unikernel-kv:1');
    await page.getByRole('textbox', { name: 'Name' }).fill('keys');
    await page.getByRole('textbox', { name: 'Arguments, one a line' }).fill('--port=8080\n\n--verbose=1');
    await page.getByRole('button', { name: 'Add a file' }).click();
    await page.getByRole('textbox', { name: 'Path' }).fill('/etc/motd');
    await page.getByRole('textbox', { name: 'Text' }).fill('Hello');
    await page.getByRole('combobox', { name: 'Size of its disk (data)' }).selectOptions('32 MB');
    await page.getByRole('combobox', { name: 'Address' }).selectOptions('Asks for its address (DHCP)');
    await page.getByRole('button', { name: 'Start it' }).click();
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    expect(store.instances.value[0]?.spec).toEqual({
      kind: 'unikernel',
      name: 'keys',
      image: 'strata/unikernel-kv:1',
      args: ['--port=8080', '--verbose=1'],
      config: { '/etc/motd': 'Hello' },
      memoryMiB: 4,
      addressing: 'dhcp',
      nics: [{ network: 'default' }],
      disks: [{ sizeMiB: 32 }],
    });
  });

  it('makes a unikernel on demand, which is told its address', async () => {
    store.ask({ kind: 'new-unikernel' });
    await rendered();
    const addressing = page.getByRole('combobox', { name: 'Address' });
    await addressing.selectOptions('Asks for its address (DHCP)');
    await page.getByRole('combobox', { name: 'Runs' }).selectOptions('On demand: sleeps after 10 s without traffic');
    await expect.element(addressing).toHaveValue('static');
    await page.getByRole('button', { name: 'Start it' }).click();
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    expect(store.instances.value[0]?.spec).toMatchObject({ addressing: 'static', onDemand: { idleMs: 10_000 } });
  });

  it('says of one that sleeps that it does, and lets it be started and stopped', async () => {
    await launchAsleep();
    await rendered();
    await expect.element(page.getByText('It sleeps, and wakes on the first connection.')).toBeVisible();
    expect(page.getByText('Asleep', { exact: true }).elements().length).toBeGreaterThan(0);
    await page.getByRole('toolbar').getByRole('button', { name: 'Stop' }).click();
    await eventually(() => expect(store.instances.value[0]?.demand).toBeUndefined());
    await rendered();
    expect(page.getByText('Asleep', { exact: true }).elements()).toEqual([]);
    await page.getByRole('toolbar').getByRole('button', { name: 'Start' }).click();
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
  });

  it('offers for a unikernel only what can be done with one', async () => {
    await store.launch(web);
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    await rendered();
    await page.getByRole('button', { name: /^More: / }).click();
    const items = page
      .getByRole('menuitem')
      .elements()
      .map((item) => item.textContent?.trim().split(/\s{2,}/)[0]);
    expect(items).toEqual(['Stop', 'Pause', 'Rename', 'Reset', 'Kill', 'Remove']);
    expect(page.getByRole('link', { name: 'Snapshots' }).elements()).toHaveLength(1);
  });

  it('takes a module that is dropped on it, and asks what is to be made of it', async () => {
    drop('My kv.wasm', unikernel);
    await eventually(() => expect(store.dialog.value?.kind).toBe('new-unikernel'));
    await rendered();
    await expect
      .element(page.getByRole('combobox', { name: 'Program' }))
      .toHaveValue(expect.stringMatching(/^local\/my-kv@sha256:/));
  });

  it('makes an app of a program that is dropped on it, with all that it is given', async () => {
    drop('My tool.wasm', program);
    await eventually(() => expect(store.dialog.value?.kind).toBe('new-app'));
    await rendered();
    await expect.element(page.getByRole('textbox', { name: 'Program' })).toHaveValue('my-tool: WASI (preview 1)');
    await page.getByRole('textbox', { name: 'Arguments, one a line' }).fill('-v\n\ntwo words');
    await page.getByRole('textbox', { name: /^Environment/ }).fill('A=1\nB=x y');
    await page.getByRole('button', { name: 'Write a file' }).click();
    await page.getByRole('textbox', { name: 'Path' }).fill('data/in.txt');
    await page.getByRole('textbox', { name: 'Text' }).fill('Hello');
    await page.getByRole('button', { name: 'Write a file' }).click();
    await page.getByRole('spinbutton', { name: 'Memory at most, MB' }).fill('32');
    await page.getByRole('button', { name: 'Start it' }).click();
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('running'));
    expect(store.instances.value[0]?.spec).toEqual({
      kind: 'app',
      name: 'my-tool-1',
      image: expect.stringMatching(/^local\/my-tool@sha256:/),
      args: ['-v', 'two words'],
      env: ['A=1', 'B=x y'],
      files: [{ path: 'data/in.txt', digest: expect.stringMatching(/^sha256:/), size: 5 }],
      memoryMiB: 32,
      nics: [],
      disks: [],
    });
  });

  it('makes a machine of a disk that is dropped on it', async () => {
    await launchFromDisk();
    expect(store.instances.value[0]?.spec).toMatchObject({
      kind: 'vm',
      name: 'pc',
      memoryMiB: 128,
      devices: 'emulated',
      firmware: { boot: ['floppy'] },
      disks: [{ drive: 'floppy', sizeMiB: 2, source: { name: 'boot.img', sizeBytes: 512 } }],
      nics: [{ network: 'default' }],
    });
    expect(store.route.value).toMatchObject({ view: 'machine', tab: 'screen' });
  });

  it('says of a file that is no disk what it lacks', async () => {
    drop('notes.txt', new TextEncoder().encode('no disk'));
    await expect.element(page.getByText(/notes.txt is no disk that a PC reads/)).toBeVisible();
    expect(store.dialog.value).toBeUndefined();
  });

  it('says what a file is that it cannot run', async () => {
    drop('notes.wasm', new TextEncoder().encode('no module'));
    await expect.element(page.getByText(/does not begin as WebAssembly does/)).toBeVisible();
    expect(store.dialog.value).toBeUndefined();
  });

  it.each([320, 390, 720, 1280, 1920])('is never wider than a window of %d pixels', async (width) => {
    await page.viewport(width, 640);
    await launch(2);
    await takeSnapshots();
    store.showTasks(true);
    const { id } = store.instances.value[0]!;
    store.publish(id, 8080);
    for (const tab of ['terminal', 'summary', 'stats', 'network', 'ports', 'snapshots', 'log', 'inspect'] as const) {
      store.go({ view: 'machine', id, tab });
      await rendered();
      expect(overflowing(width), tab).toEqual([]);
    }
    for (const place of ['overview', 'machines', 'networks', 'snapshots'] as const) {
      store.go({ view: place });
      await rendered();
      expect(overflowing(width), place).toEqual([]);
    }
  });

  /** Buttons that nobody could reach, as they lie beyond the edge of something that does not scroll. */
  function overflowing(width: number): readonly string[] {
    const beyond = [...everyElement(view.renderRoot)].filter((element) => {
      if (!element.matches('button, h2, h3') || element.closest('.scroll, .tabs, nav, .bar')) return false;
      return element.checkVisibility() && element.getBoundingClientRect().right > width + 1;
    });
    const page = document.documentElement.scrollWidth > width ? [`page ${document.documentElement.scrollWidth}`] : [];
    return [...page, ...beyond.map((element) => element.outerHTML.slice(0, 80))];
  }
});

describe('the tabs of a machine', () => {
  it.each(['inspect', 'ports', 'terminal'] as const)(
    'have the one that is shown in sight at 320 pixels: %s',
    async (tab) => {
      await page.viewport(320, 640);
      await launch();
      const { id } = store.instances.value[0]!;
      store.go({ view: 'machine', id, tab });
      await eventually(() => {
        const row = view.renderRoot.querySelector('strata-instance-view')?.shadowRoot?.querySelector('nav');
        const current = row?.querySelector('[aria-current]');
        expect(current?.getAttribute('href')).toMatch(new RegExp(`/${tab}$`));
        const { left, right } = current!.getBoundingClientRect();
        expect(left).toBeGreaterThan(-1);
        expect(right).toBeLessThan(321);
      });
    },
  );
});

describe('addresses', () => {
  it('lead to views, and views have addresses', async () => {
    await launch();
    const { id } = store.instances.value[0]!;
    await rendered();
    expect(location.hash).toBe(`#/machines/${id}/terminal`);
    location.hash = '#/networks';
    await eventually(() => expect(store.route.value).toEqual({ view: 'networks' }));
    history.back();
    await eventually(() => expect(store.selected.value?.id).toBe(id));
  });
});

describe('by keyboard', () => {
  it('one press starts a machine and one is at its terminal', async () => {
    await page.getByRole('button', { name: 'Start a Linux VM' }).click();
    await eventually(() => expect(store.selected.value?.state.phase).toBe('running'));
    await eventually(() => expect(focusedElement()?.localName).toBe('textarea'));
    const typed: string[] = [];
    driver.at(0).console.attach(({ bytes }) => typed.push(new TextDecoder().decode(bytes)));
    await userEvent.keyboard('uname');
    await eventually(() => expect(typed.join('')).toBe('uname'));
  });

  it('the terminal is no trap: its chord goes to its tab, arrows and Tab go on from there', async () => {
    await page.getByRole('button', { name: 'Start a Linux VM' }).click();
    await eventually(() => expect(focusedElement()?.localName).toBe('textarea'));
    await userEvent.keyboard('?n{Control>}k{/Control}');
    expect(store.dialog.value).toBeUndefined();
    await userEvent.keyboard('{Control>}{Shift>}.{/Shift}{/Control}');
    await eventually(() => expect(focusedElement()?.getAttribute('role')).toBe('tab'));
    await userEvent.keyboard('{Tab}');
    expect(focusedElement()?.getAttribute('aria-label')).toBe('New shell');
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
    await eventually(() => expect(focusedElement()?.getAttribute('role')).toBe('menuitem'));
    await userEvent.keyboard('{Escape}');
    await eventually(() => expect(focusedElement()?.getAttribute('aria-label')).toBe('More kinds of VM'));
    expect(await page.getByRole('menu').query()).toBeNull();
    await userEvent.keyboard('{Enter}');
    await eventually(() => expect(focusedElement()?.getAttribute('role')).toBe('menuitem'));
    await userEvent.keyboard('{ArrowDown}{ArrowDown}{Enter}');
    await eventually(() => expect(store.instances.value[1]?.spec.memoryMiB).toBe(32));
  });

  it('a row of the table has its menu, and does what is picked there', async () => {
    await launch(2);
    await rendered();
    await userEvent.keyboard('{Tab}');
    const table = view.renderRoot
      .querySelector('strata-machines-view')!
      .shadowRoot!.querySelector('strata-instance-table')!;
    table.shadowRoot!.querySelector<HTMLElement>('tbody a')!.focus();
    await userEvent.keyboard('{ArrowDown}{Shift>}{F10}{/Shift}');
    await eventually(() => expect(focusedElement()?.getAttribute('role')).toBe('menuitem'));
    await userEvent.keyboard('p{Enter}');
    await eventually(() => expect(store.instances.value[1]?.state.phase).toBe('paused'));
    expect(focusedElement()?.textContent).toBe('vm-2');
  });

  it('whoever presses what is gone then is near it', async () => {
    await launch();
    await rendered();
    const press = (name: string): Promise<void> => {
      (page.getByRole('toolbar').getByRole('button', { name, exact: true }).element() as HTMLElement).focus();
      return userEvent.keyboard('{Enter}');
    };
    await press('Pause');
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('paused'));
    await rendered();
    expect(focusedElement()?.localName).toBe('h2');
    await press('Snapshot');
    await expect.element(page.getByRole('dialog', { name: 'Snapshot of vm-1' })).toBeVisible();
    const field = focusedElement() as HTMLInputElement;
    expect(field.value.slice(field.selectionStart ?? 0, field.selectionEnd ?? 0)).toMatch(/^vm-1 at /);
    await userEvent.keyboard('{Enter}');
    await eventually(() => expect(store.snapshots.value).toHaveLength(1));
    await rendered();
    expect(document.activeElement).not.toBe(document.body);
  });

  it('who goes to another view is in it, and who dismisses the last message stays in the page', async () => {
    await launch();
    store.go({ view: 'machines' });
    await rendered();
    (page.getByRole('table').getByRole('link', { name: 'vm-1' }).element() as HTMLElement).focus();
    await userEvent.keyboard('{Enter}');
    await eventually(() => expect(focusedElement()?.localName).toBe('main'));
    store.report('One', new Error('It went wrong'));
    await rendered();
    (page.getByRole('button', { name: 'Dismiss: One' }).element() as HTMLElement).focus();
    await userEvent.keyboard('{Enter}');
    await eventually(() => expect(focusedElement()?.localName).toBe('main'));
  });

  it('who starts a machine from its dialog is at its terminal', async () => {
    await launch();
    store.go({ view: 'machines' });
    await rendered();
    (focusedElement() as HTMLElement | null)?.blur();
    await userEvent.keyboard('n');
    await expect.element(page.getByRole('dialog')).toBeVisible();
    await page.getByRole('dialog').getByRole('button', { name: 'Start it' }).click();
    await eventually(() => expect(store.instances.value).toHaveLength(2));
    await eventually(() => expect(focusedElement()?.localName).toBe('textarea'));
    expect(document.title).toBe('vm-2 – Machines – Strata');
  });

  it('keys are those of a menu while it is open', async () => {
    await launch();
    store.go({ view: 'machines' });
    await rendered();
    await page.getByRole('table').getByRole('button', { name: 'Actions for vm-1' }).click();
    await eventually(() => expect(focusedElement()?.getAttribute('role')).toBe('menuitem'));
    await userEvent.keyboard('3n');
    expect(store.route.value).toEqual({ view: 'machines' });
    expect(store.dialog.value).toBeUndefined();
    expect(focusedElement()?.textContent).toContain('New shell');
    await userEvent.keyboard('{Escape}');
    await eventually(() => expect(focusedElement()?.getAttribute('aria-label')).toBe('Actions for vm-1'));
  });

  it('several machines are stopped at once', async () => {
    await launch(3);
    await rendered();
    await page.getByRole('checkbox', { name: 'Select all machines' }).click();
    await page.getByRole('toolbar').getByRole('button', { name: 'Stop' }).click();
    await eventually(() =>
      expect(store.instances.value.map(({ state }) => state.phase)).toEqual(['stopped', 'stopped', 'stopped']),
    );
  });

  it('commands are found by their words', async () => {
    await launch();
    await rendered();
    (focusedElement() as HTMLElement | null)?.blur();
    await userEvent.keyboard('{Control>}k{/Control}');
    await eventually(() => expect(focusedElement()?.getAttribute('role')).toBe('combobox'));
    await userEvent.keyboard('pau vm{Enter}');
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('paused'));
    await eventually(() => expect(store.dialog.value).toBeUndefined());
  });

  it('the tree of snapshots opens, closes and offers what can be done', async () => {
    await launch();
    await takeSnapshots();
    store.go({ view: 'snapshots' });
    await rendered();
    await page.getByRole('treeitem', { name: /installed/ }).click();
    await userEvent.keyboard('{ArrowLeft}');
    expect(page.getByRole('treeitem').elements()).toHaveLength(1);
    await userEvent.keyboard('{ArrowRight}{ArrowRight}');
    await eventually(() => expect(focusedElement()?.textContent).toContain('configured'));
    await userEvent.keyboard('{Shift>}{F10}{/Shift}');
    await eventually(() => expect(focusedElement()?.getAttribute('role')).toBe('menuitem'));
    await userEvent.keyboard('d{Enter}');
    await eventually(() => expect(store.dialog.value?.kind).toBe('confirm'));
    await rendered();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await eventually(() => expect(store.snapshots.value.map(({ name }) => name)).toEqual(['installed', 'in use']));
  });
});

describe('the dock of terminals', () => {
  it('shows a shell beside the console, and keeps lines when tabs change and when it is hidden', async () => {
    await launch();
    await rendered();
    driver.at(0).console.write(new TextEncoder().encode('kept for ever'));
    const lines = (): string =>
      [...everyElement(view.renderRoot)].find((element) => element.matches('.xterm-rows'))?.textContent ?? '';
    await eventually(() => expect(lines()).toContain('kept for ever'));
    const terminal = [...everyElement(view.renderRoot)].find((element) => element.localName === 'strata-terminal');
    store.terminals.openShell(store.instances.value[0]!.id);
    await rendered();
    store.go({ view: 'machines' });
    store.terminals.setOpen(false);
    await rendered();
    store.terminals.openConsole(store.instances.value[0]!.id);
    store.terminals.setOpen(true);
    await rendered();
    expect([...everyElement(view.renderRoot)]).toContain(terminal);
    expect(lines()).toContain('kept for ever');
  });

  it('is resized and split by keyboard', async () => {
    await launch();
    store.terminals.split(store.terminals.openConsole(store.instances.value[0]!.id)!, 'row');
    store.go({ view: 'machines' });
    await rendered();
    const height = store.terminals.height.value;
    const divider = page.getByRole('separator', { name: 'Height of the terminals' });
    (divider.element() as HTMLElement).focus();
    await userEvent.keyboard('{ArrowUp}');
    expect(store.terminals.height.value).toBe(height + 24);
    (page.getByRole('separator', { name: 'Width of the left terminals' }).element() as HTMLElement).focus();
    await userEvent.keyboard('{ArrowLeft}');
    await rendered();
    const root = store.terminals.layout.value.root!;
    expect(root.kind === 'split' && root.share).toBeLessThan(0.5);
  });

  it('closes and renames tabs', async () => {
    await launch();
    await rendered();
    store.terminals.openShell(store.instances.value[0]!.id);
    await rendered();
    (page.getByRole('tab', { name: 'vm-1 sh 1' }).element() as HTMLElement).focus();
    await userEvent.keyboard('{F2}');
    await eventually(() => expect(focusedElement()?.localName).toBe('input'));
    await userEvent.keyboard('logs{Enter}');
    await eventually(() => expect(focusedElement()?.textContent).toContain('logs'));
    await userEvent.keyboard('{Delete}');
    await eventually(() => expect(groupsOf(store.terminals.layout.value.root)[0]?.tabs).toHaveLength(1));
    expect(store.route.value.view).toBe('machine');
  });

  it('pins a tab, which is not closed before it is loosened', async () => {
    await launch();
    await rendered();
    const shell = store.terminals.openShell(store.instances.value[0]!.id)!;
    await rendered();
    const pin = async (): Promise<void> => {
      await page.getByRole('button', { name: 'More of the terminal' }).click();
      await page.getByRole('menuitemcheckbox', { name: 'Pin the tab' }).click();
      await rendered();
    };
    await pin();
    const tab = () => page.getByRole('tab', { name: 'vm-1 sh 1, pinned' });
    await expect.element(tab()).toBeVisible();
    expect(groupsOf(store.terminals.layout.value.root)[0]?.tabs[0]).toBe(shell);
    expect(await axeProblems()).toEqual([]);
    (tab().element() as HTMLElement).focus();
    await userEvent.keyboard('{Delete}');
    await rendered();
    expect(store.terminals.tabs.value.has(shell)).toBe(true);
    await pin();
    (page.getByRole('tab', { name: 'vm-1 sh 1' }).element() as HTMLElement).focus();
    await userEvent.keyboard('{Delete}');
    await eventually(() => expect(store.terminals.tabs.value.has(shell)).toBe(false));
  });
});

describe('dialogs', () => {
  it('start several machines with a name, memory, two networks and a disk', async () => {
    store.networkVerbs.create({ name: 'lan', subnet: '10.9.0.0/24', mtu: 1500 });
    await clock.advance(0);
    store.ask({ kind: 'new-vm' });
    await rendered();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabelText('Name').fill('web');
    await dialog.getByLabelText('Memory, MB').fill('96');
    await dialog.getByRole('button', { name: 'Add a card' }).click();
    await dialog.getByLabelText('Disk').selectOptions('256');
    await dialog.getByLabelText('How many').fill('2');
    await userEvent.keyboard('{Tab}');
    await dialog.getByRole('button', { name: 'Start 2' }).click();
    await eventually(() => expect(store.instances.value).toHaveLength(2));
    expect(store.instances.value[1]).toMatchObject({
      name: 'web-2',
      spec: { memoryMiB: 96, disks: [{ sizeMiB: 256 }], nics: [{ network: 'default' }, { network: 'lan' }] },
    });
    await eventually(() => expect(store.dialog.value).toBeUndefined());
  });

  it('say what is wrong with a network while it is typed', async () => {
    store.ask({ kind: 'new-network' });
    await rendered();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabelText('Name').fill('lan');
    await dialog.getByLabelText('Subnet').fill('10.0.0.0/16');
    await eventually(() => expect(dialog.element().textContent).toMatch(/overlap/));
    await expect.element(dialog.getByRole('button', { name: 'Make the network' })).toBeDisabled();
    await dialog.getByLabelText('Subnet').fill('10.7.0.0/24');
    await dialog.getByRole('button', { name: 'Make the network' }).click();
    await eventually(() => expect(store.networks.value.map(({ name }) => name)).toContain('lan'));
  });

  it.each([
    [1280, 600],
    [320, 640],
  ])('begin at their top, as that of the shortcuts does: %d × %d', async (width, height) => {
    await page.viewport(width, height);
    await userEvent.keyboard('?');
    await expect.element(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
    const content = page.getByRole('dialog').element().querySelector('.content')!;
    expect(content.scrollHeight).toBeGreaterThan(content.clientHeight);
    expect(content.scrollTop).toBe(0);
    // From there the arrows scroll.
    expect(content.contains(focusedElement())).toBe(true);
  });

  it('begin with their first field, and where they have none at their heading', async () => {
    store.ask({ kind: 'new-unikernel' });
    await eventually(() => expect(focusedElement()?.localName).toBe('select'));
    store.ask({ kind: 'confirm', title: 'Sure?', body: 'It is lost for good.', action: 'Delete', run: () => {} });
    await eventually(() => expect(focusedElement()?.textContent).toBe('Sure?'));
  });

  it('give the focus back', async () => {
    await launch();
    store.go({ view: 'networks' });
    await rendered();
    const opener = page.getByRole('button', { name: 'New network' });
    await opener.click();
    await rendered();
    await userEvent.keyboard('{Escape}');
    await eventually(() => expect(store.dialog.value).toBeUndefined());
    expect(focusedElement()).toBe(opener.element());
  });
});

describe('the settings', () => {
  afterEach(() => {
    for (const name of ['contrast', 'motion', 'stage']) delete document.documentElement.dataset[name];
  });

  it('hold at once, for the page and its terminals', async () => {
    const look = applyLook(store.settings, document.documentElement);
    await launch();
    store.ask({ kind: 'settings' });
    await rendered();
    const dialog = page.getByRole('dialog');
    const lines = (): string => getComputedStyle(document.documentElement).getPropertyValue('--line');
    const before = lines();
    await dialog.getByLabelText('Contrast').selectOptions('More');
    expect(lines()).not.toBe(before);
    await dialog.getByLabelText('Motion').selectOptions('As little as can be');
    expect(getComputedStyle(document.documentElement).getPropertyValue('--turn')).toBe('0s');
    await dialog.getByRole('checkbox', { name: /^Stage/ }).click();
    expect(getComputedStyle(document.documentElement).fontSize).toBe('22px');
    await rendered();
    const terminal = [...everyElement(view.renderRoot)].find((element) => element.localName === 'strata-terminal');
    expect((terminal as TerminalElement).fontSize).toBe(22);
    expect(await axeProblems()).toEqual([]);
    await dialog.getByRole('button', { name: 'Change for default' }).click();
    await eventually(() => expect(store.dialog.value).toEqual({ kind: 'egress', network: 'default' }));
    look.dispose();
  });
});

describe('a terminal that is touched', () => {
  it('has the keys that a phone has not', async () => {
    await page.viewport(390, 800);
    await cdp().send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
    try {
      await launch();
      await rendered();
      const typed: string[] = [];
      driver.at(0).console.attach(({ bytes }) => typed.push(new TextDecoder().decode(bytes)));
      const keys = page.getByRole('toolbar', { name: 'Keys that the keyboard has not' });
      await keys.getByRole('button', { name: 'Esc, the escape key' }).click();
      await keys.getByRole('button', { name: 'Up' }).click();
      await keys.getByRole('button', { name: 'Ctrl' }).click();
      await expect.element(keys.getByRole('button', { name: 'Ctrl' })).toHaveAttribute('aria-pressed', 'true');
      await eventually(() => expect(focusedElement()?.localName).toBe('textarea'));
      await userEvent.keyboard('cc');
      await eventually(() => expect(typed.join('')).toBe('\x1b\x1b[A\x03c'));
      // One key alone, whichever it is.
      await keys.getByRole('button', { name: 'Ctrl' }).click();
      await keys.getByRole('button', { name: 'Left' }).click();
      await expect.element(keys.getByRole('button', { name: 'Ctrl' })).toHaveAttribute('aria-pressed', 'false');
      await userEvent.keyboard('c');
      await eventually(() => expect(typed.join('')).toBe('\x1b\x1b[A\x03c\x1b[1;5Dc'));
      expect(await axeProblems()).toEqual([]);
    } finally {
      await cdp().send('Emulation.setTouchEmulationEnabled', { enabled: false });
    }
  });
});

describe('how a terminal is left', () => {
  it('is said while one has the focus', async () => {
    await launch();
    await rendered();
    const all = [...everyElement(view.renderRoot)].filter((each): each is HTMLElement => each instanceof HTMLElement);
    const seen = (): string => getComputedStyle(all.find(({ className }) => className === 'leave')!).visibility;
    expect(seen()).toBe('hidden');
    all.find(({ localName }) => localName === 'strata-terminal')!.focus();
    await eventually(() => expect(seen()).toBe('visible'));
    (focusedElement() as HTMLElement).blur();
    expect(seen()).toBe('hidden');
  });
});

describe('the machines', () => {
  it('have their heading before there is one', async () => {
    store.go({ view: 'machines' });
    await expect.element(page.getByRole('heading', { name: 'Machines', level: 2 })).toBeVisible();
  });
});

describe('a name', () => {
  it('is changed where it stands', async () => {
    await launch();
    await rendered();
    await page.getByRole('button', { name: 'Rename: vm-1' }).click();
    await userEvent.keyboard('web{Enter}');
    await eventually(() => expect(store.instances.value[0]?.name).toBe('web'));
  });
});

describe('a removal', () => {
  it('is undone by the message that tells of it', async () => {
    await launch();
    await rendered();
    store.act('remove', store.instances.value[0]!.id);
    await eventually(() => expect(store.instances.value[0]?.state.phase).toBe('paused'));
    await page.getByLabelText('Messages').getByRole('button', { name: 'Undo' }).click();
    await eventually(() => expect(store.instances.value[0]).toMatchObject({ state: { phase: 'running' } }));
    expect(store.messages.toasts.value).toEqual([]);
  });

  it.each([
    ['its key', '{Control>}z{/Control}'],
    ['its command', '{Control>}k{/Control}undo{Enter}'],
  ])('is undone by %s', async (_, keys) => {
    await launch();
    store.go({ view: 'machines' });
    await rendered();
    (focusedElement() as HTMLElement | null)?.blur();
    store.act('remove', store.instances.value[0]!.id);
    await eventually(() => expect(store.messages.toasts.value).toHaveLength(1));
    await userEvent.keyboard(keys);
    await eventually(() => expect(store.messages.toasts.value).toEqual([]));
    await eventually(() => expect(store.instances.value[0]).toMatchObject({ state: { phase: 'running' } }));
  });
});

describe('a message', () => {
  it.each([
    [1280, 500],
    [390, 844],
  ])('leaves room to bring out what it covers, in a window of %d by %d', async (width, height) => {
    await page.viewport(width, height);
    await launch(2);
    store.go({ view: 'machines' });
    for (const title of ['One', 'Two', 'Three']) store.report(title, new Error('It went wrong'));
    await rendered();
    const list = view.renderRoot.querySelector('strata-toast-list')!;
    const machines = view.renderRoot.querySelector('strata-machines-view')!;
    await eventually(() => expect(view.style.getPropertyValue('--toasts')).toMatch(/px$/));
    machines.scrollTop = machines.scrollHeight;
    const last = [...everyElement(machines.shadowRoot!)].filter((each) => each.matches('button, a[href]')).at(-1)!;
    expect(last.getBoundingClientRect().bottom).toBeLessThanOrEqual(list.getBoundingClientRect().top);
    for (const { id } of store.messages.toasts.value) store.messages.dismiss(id);
    await eventually(() => expect(view.style.getPropertyValue('--toasts')).toBe(''));
  });
});

describe('the lab of another tab', () => {
  it('is asked for by one press', async () => {
    const takeOver = vi.fn();
    store.setOwnership({ state: 'other', takeOver });
    await rendered();
    await page.getByRole('button', { name: 'Use Strata in this tab' }).click();
    expect(takeOver).toHaveBeenCalledOnce();
  });
});
