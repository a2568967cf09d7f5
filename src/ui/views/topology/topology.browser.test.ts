import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cdp, page, userEvent } from 'vitest/browser';
import type { ContainerKernel } from '../../../api/container-kernel';
import { eventually } from '../../../base/eventually-fixture';
import type { FakeClock } from '../../../base/fake-clock';
import type { LabContainers } from '../../../engine/containers/engine';
import { scriptedEngines } from '../../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../../engine/containers/scripted-host';
import type { Lab } from '../../../engine/lab';
import { openTestLab } from '../../../engine/lab-fixture';
import { createStores } from '../../../engine/stores-fixture';
import type { SwitchClient } from '../../../network/switch-client';
import { broadcast, ethernet, macOf } from '../../../network/switch-fixture';
import { SlabPort } from '../../../rpc/slab-port';
import { portName } from '../../../runtime/container/port-guard';
import { ContainerShelf } from '../../containers/container-shelf';
import { axeProblems } from '../../elements/axe-problems';
import { focusedElement } from '../../elements/focused-element';
import { standardFlavor } from '../../flavors';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from '../app/app-view';
import type { TopologyView } from './topology-view';

let store: Store;
let lab: Lab;
let wire: SwitchClient;
let clock: FakeClock;
let engine: LabContainers;
let view: AppView;

beforeEach(async () => {
  await page.viewport(1280, 800);
  history.replaceState(null, '', '#');
  ({ lab, wire, clock } = await openTestLab());
  const hosts = new ScriptedHosts();
  const host = new ScriptedHost('host-1');
  host.inspect = async (id) => ({ interfaces: interfacesOf(host, id) }) as never;
  hosts.add(host);
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  const shelf = new ContainerShelf({ engine, lab, pull: async () => {} });
  store = new Store({ lab, settings: createSettings(undefined), clock, containers: async () => shelf });
  view = new AppView();
  view.store = store;
  document.title = 'Strata';
  document.documentElement.lang = 'en';
  document.documentElement.style.setProperty('--quick', '0ms');
  document.body.append(view);
  await view.updateComplete;
});

/** As the runtime answers: what the container was started with. */
function interfacesOf({ specs }: ScriptedHost, id: string): ContainerKernel['interfaces'] {
  const bridges = new Map([
    ['default', 'br0'],
    ['backend', 'br1'],
  ]);
  const { nics = [] } = specs.findLast((spec) => spec.id === id) ?? {};
  return nics.map(({ network, name, mac, address }) => {
    const bridge = bridges.get(network) ?? '';
    return { name, bridge, host: portName({ bridge, mac, address }) };
  });
}

afterEach(() => {
  store.dispose();
  engine.dispose();
  view.remove();
  delete document.documentElement.dataset['theme'];
});

async function launch(count: number, draft: object = standardFlavor.draft): Promise<void> {
  const before = store.instances.value.length;
  await store.launch(draft as never, count);
  await eventually(() => expect(store.instances.value[before + count - 1]?.state.phase).toBe('running'));
}

async function open(): Promise<TopologyView> {
  store.setWatched(true);
  store.go({ view: 'topology' });
  // It is fetched, which takes a busy server longer than what is usually waited.
  await eventually(() =>
    expect(view.renderRoot.querySelector('strata-topology-view')?.shadowRoot?.querySelector('svg')).toBeTruthy(),
  );
  const topology = view.renderRoot.querySelector<TopologyView>('strata-topology-view')!;
  await clock.advance(1000);
  await topology.updateComplete;
  return topology;
}

const idOf = (name: string): string => store.instances.value.find((each) => each.name === name)!.id;
const node = (topology: TopologyView, id: string): SVGAElement =>
  topology.renderRoot.querySelector<SVGAElement>(`[data-node="${id}"]`)!;
const placeOf = (element: Element): readonly number[] =>
  (element.getAttribute('transform')?.match(/\d+/g) ?? []).map(Number);
const focused = (topology: TopologyView): string | undefined =>
  (topology.shadowRoot?.activeElement as SVGElement | null)?.dataset['node'];

/** A card that somebody plugs in while a machine runs, and its other end. */
async function plug(id: string, station: number, network = 'default'): Promise<SlabPort> {
  const { port1, port2 } = new MessageChannel();
  await wire.addPort({ id, network, label: id, mtu: 1500 }, port1);
  const port = new SlabPort(port2);
  port.setLink({ up: true, offload: false });
  port.send(ethernet(broadcast, macOf(station)));
  port.flush();
  return port;
}

describe('the topology', () => {
  it('draws networks, machines, and containers in their host with what its kernel says', async () => {
    await launch(2);
    await launch(1, { ...standardFlavor.draft, name: 'host-1', containerHost: true });
    const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'shop' });
    await engine.containers.start(Id);
    const topology = await open();
    await expect.element(page.getByText('shop')).toBeVisible();
    await expect.element(page.getByText(/^eth0 – veth-/)).toBeVisible();
    await expect.element(page.getByRole('link', { name: 'Network default, up, 10.0.0.0/16' })).toBeVisible();
    expect(topology.renderRoot.querySelectorAll('[data-link]')).toHaveLength(3);
    expect(await axeProblems()).toEqual([]);
    await page.getByText('shop').click();
    expect(store.route.value).toMatchObject({ view: 'container', id: Id });
  });

  it('draws a bridge for each network of a host, its card, and the veths of a container on each, apart from each other', async () => {
    await launch(1, { ...standardFlavor.draft, name: 'host-1', containerHost: true });
    await lab.createNetwork({ name: 'backend', subnet: '172.17.0.0/16', mtu: 1500 });
    await engine.networks.create({ Name: 'backend' });
    const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'two' });
    await engine.networks.connect('backend', { Container: Id });
    await engine.containers.start(Id);
    const card = await plug(`${idOf('host-1')}/1`, 1, 'backend');
    const topology = await open();
    const host = node(topology, idOf('host-1'));
    const all = (selector: string): readonly Element[] => [...host.querySelectorAll(selector)];
    await eventually(async () => {
      await clock.advance(1000);
      expect(all('.veth')).toHaveLength(2);
    });
    const names = (kind: 'bridge' | 'card' | 'arm') =>
      all(`[data-${kind}]`).map((each) => (each as SVGElement).dataset[kind]);
    expect([names('bridge'), names('card'), names('arm')]).toEqual([
      ['br0', 'br1'],
      ['eth0', 'eth1'],
      ['br0', 'br1'],
    ]);
    await expect.element(page.getByText(/^eth0 – veth-/)).toBeVisible();
    await expect.element(page.getByText(/^eth1 – veth-/)).toBeVisible();
    // Each veth begins at the arm of its own bridge.
    const starts = (selector: string) => all(selector).map((each) => /^M([\d.]+) /.exec(each.getAttribute('d')!)?.[1]);
    expect(starts('.veth')).toEqual(starts('.arm'));
    expect(new Set(starts('.arm')).size).toBe(2);
    const cables = [...topology.renderRoot.querySelectorAll('.cable')].map((each) => each.getAttribute('d')!);
    expect(cables).toHaveLength(2);
    expect(new Set(cables.map((path) => /^M([\d.]+) /.exec(path)?.[1])).size).toBe(2);
    expect(await axeProblems()).toEqual([]);
    await page.getByRole('button', { name: 'Table' }).click();
    await expect.element(page.getByRole('cell', { name: 'eth0 – br0: default, eth1 – br1: backend' })).toBeVisible();
    await page.getByRole('button', { name: 'Table' }).click();
    // A network that it leaves while it runs takes its veth along.
    await engine.networks.disconnect('backend', Id);
    await eventually(() => expect(node(topology, idOf('host-1')).querySelectorAll('.veth')).toHaveLength(1));
    card.dispose();
  });

  it.each([1280, 390])('is clean for axe as a picture and as a table, light and dark, %d wide', async (width) => {
    await page.viewport(width, 800);
    await launch(2);
    const topology = await open();
    topology.renderRoot
      .querySelector<SVGElement>('[data-link]')!
      .dispatchEvent(new MouseEvent('click', { bubbles: true }));
    await expect.element(page.getByRole('region', { name: 'Traffic of vm-1 eth0 on default' })).toBeVisible();
    for (const scheme of ['light', 'dark'] as const) {
      document.documentElement.dataset['theme'] = scheme;
      await view.updateComplete;
      expect(await axeProblems(), `picture, ${scheme}`).toEqual([]);
      await page.getByRole('button', { name: 'Table' }).click();
      await expect.element(page.getByRole('row', { name: /vm-2/ })).toBeVisible();
      expect(await axeProblems(), `table, ${scheme}`).toEqual([]);
      await page.getByRole('button', { name: 'Table' }).click();
    }
  });

  it('is walked through and arranged by keyboard, and is kept', async () => {
    await launch(2);
    const topology = await open();
    const [first, second] = [idOf('vm-1'), idOf('vm-2')];
    node(topology, 'network/default').focus();
    await userEvent.keyboard('{ArrowDown}');
    await eventually(() => expect(focused(topology)).toBe(first));
    await userEvent.keyboard('{ArrowRight}');
    await eventually(() => expect(focused(topology)).toBe(second));
    const [x = 0, y = 0] = placeOf(node(topology, second));
    await userEvent.keyboard('{Shift>}{ArrowRight}{ArrowDown}{/Shift}');
    await eventually(() => expect(placeOf(node(topology, second))).toEqual([x + 16, y + 16]));
    await eventually(async () => expect((await lab.layout()).layout).toEqual({ [second]: { x: x + 16, y: y + 16 } }));
    await userEvent.keyboard('l');
    await expect.element(page.getByRole('region', { name: 'Traffic of vm-2 eth0 on default' })).toBeVisible();
    (page.getByRole('button', { name: 'Close the traffic' }).element() as HTMLElement).focus();
    await userEvent.keyboard('{Enter}');
    await eventually(() => expect(focusedElement()).toBe(node(topology, second)));
    await page.getByRole('button', { name: 'Arrange anew' }).click();
    await eventually(() => expect(placeOf(node(topology, second))).toEqual([x, y]));
    node(topology, second).focus();
    await userEvent.keyboard('{Shift>}{F10}{/Shift}');
    await eventually(() => expect(focusedElement()?.textContent?.trim()).toBe('Open'));
    await userEvent.keyboard('{Escape}');
    await eventually(() => expect(focusedElement()).toBe(node(topology, second)));
    await userEvent.keyboard('{Home}');
    await eventually(() => expect(focusedElement()).not.toBe(node(topology, second)));
    await userEvent.keyboard('{End}');
    node(topology, second).focus();
    await userEvent.keyboard('{Enter}');
    await eventually(() => expect(store.selected.value?.id).toBe(second));
  });

  it('is arranged by dragging, which opens nothing', async () => {
    await launch(1);
    const topology = await open();
    const box = node(topology, idOf('vm-1'));
    const [x = 0, y = 0] = placeOf(box);
    const at = (type: string, by: number, buttons = 0): void => {
      const place = { clientX: 400 + by, clientY: 400 + by, button: 0, pointerId: 1, bubbles: true, cancelable: true };
      box.dispatchEvent(type === 'click' ? new MouseEvent(type, place) : new PointerEvent(type, { ...place, buttons }));
    };
    box.setPointerCapture = () => {};
    at('pointerdown', 0, 1);
    at('pointermove', 60, 1);
    at('pointermove', 100, 1);
    at('pointerup', 100);
    at('click', 100);
    await eventually(() => expect(placeOf(box)).toEqual([x + 100, y + 100]));
    expect(store.route.value.view).toBe('topology');
    const { layout } = await eventually(async () => {
      const book = await lab.layout();
      expect(Object.keys(book.layout)).toEqual([idOf('vm-1')]);
      return book;
    });
    expect(layout).toEqual({ [idOf('vm-1')]: { x: x + 100, y: y + 100 } });
  });

  it('is arranged by a finger', async () => {
    await launch(1);
    const topology = await open();
    const id = idOf('vm-1');
    const before = placeOf(node(topology, id));
    const { x, y, width, height } = node(topology, id).getBoundingClientRect();
    // The runner shows the page in a frame, and smaller than it is.
    const frame = window.frameElement!.getBoundingClientRect();
    const scale = frame.width / innerWidth;
    const onScreen = (by: number) => ({
      x: frame.x + (x + width / 2 + by) * scale,
      y: frame.y + (y + height / 2 + by) * scale,
    });
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...by: readonly number[]) =>
      cdp().send('Input.dispatchTouchEvent', { type, touchPoints: by.map(onScreen) });
    await send('touchStart', 0);
    for (const by of [20, 40, 60, 80]) await send('touchMove', by);
    await send('touchEnd');
    await eventually(() => expect(placeOf(node(topology, id))).toEqual(before.map((each) => each + 80)));
  });

  it('is as large as the type of the page, as on a stage, and follows the pointer there as well', async () => {
    await launch(1);
    const topology = await open();
    const box = node(topology, idOf('vm-1'));
    const seen = (): number => box.querySelector('.box')!.getBoundingClientRect().width;
    const plain = seen();
    document.documentElement.dataset['stage'] = '';
    try {
      expect(seen() / plain).toBeCloseTo(1.375, 1);
      const from = box.getBoundingClientRect();
      box.setPointerCapture = () => {};
      for (const [type, by] of [
        ['pointerdown', 0],
        ['pointermove', 55],
        ['pointermove', 110],
      ] as const) {
        const place = { clientX: 400 + by, clientY: 400 + by, button: 0, buttons: 1, pointerId: 1, bubbles: true };
        box.dispatchEvent(new PointerEvent(type, place));
      }
      await topology.updateComplete;
      expect(box.getBoundingClientRect().left - from.left).toBeCloseTo(110, -1);
    } finally {
      delete document.documentElement.dataset['stage'];
    }
  });

  it('puts what is dropped onto another beside it, and moves it past others by keys', async () => {
    await launch(2);
    const topology = await open();
    const [first, second] = [idOf('vm-1'), idOf('vm-2')];
    const [from, to] = [placeOf(node(topology, second)), placeOf(node(topology, first))];
    const box = node(topology, second);
    box.setPointerCapture = () => {};
    const at = (type: string, x: number, buttons = 0): void => {
      const place = { clientX: 400 + x, clientY: 400, button: 0, pointerId: 1, bubbles: true };
      box.dispatchEvent(new PointerEvent(type, { ...place, buttons }));
    };
    at('pointerdown', 0, 1);
    at('pointermove', to[0]! - from[0]! + 10, 1);
    await topology.updateComplete;
    expect(placeOf(box)).toEqual([to[0]! + 10, to[1]!]);
    at('pointerup', to[0]! - from[0]! + 10);
    const beside = { x: to[0]! + 10, y: to[1]! + 70 + 12 };
    await eventually(async () => expect((await lab.layout()).layout).toEqual({ [second]: beside }));
    await eventually(() => expect(placeOf(box)).toEqual([beside.x, beside.y]));
    expect(placeOf(node(topology, first))).toEqual(to);
    node(topology, second).focus();
    await userEvent.keyboard('{Shift>}{ArrowUp}{/Shift}');
    // Above it, where its network is: there is room neither between them nor above that.
    await eventually(() => expect(placeOf(box)).toEqual([beside.x, beside.y]));
    node(topology, first).focus();
    await userEvent.keyboard('{Shift>}{ArrowDown}{/Shift}');
    await eventually(() => expect(placeOf(node(topology, first))).toEqual([to[0]!, beside.y + 70 + 12]));
    expect(placeOf(box)).toEqual([beside.x, beside.y]);
  });

  it('has the colours of the system where those are forced', async () => {
    await launch(1);
    const topology = await open();
    await cdp().send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
    try {
      const map = topology.renderRoot.querySelector('svg.map')!;
      const probe = map.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'rect'));
      const system = (color: string): string => {
        probe.style.fill = color;
        return getComputedStyle(probe).fill;
      };
      const look = (selector: string) => {
        const { fill, stroke } = getComputedStyle(topology.renderRoot.querySelector(selector)!);
        return [fill, stroke];
      };
      expect(look('.vm .box')).toEqual([system('Canvas'), system('CanvasText')]);
      expect(look('.network .box')).toEqual([system('Canvas'), system('LinkText')]);
      expect(look('.cable')[1]).toBe(system('CanvasText'));
      probe.remove();
    } finally {
      await cdp().send('Emulation.setEmulatedMedia', { features: [] });
    }
  });

  it('shows what passes a link, by the counters of its port', async () => {
    await launch(1);
    const topology = await open();
    const id = `${idOf('vm-1')}/3`;
    const port = await plug(id, 1);
    const link = (): Element => topology.renderRoot.querySelector(`[data-link="${id}"]`)!;
    const rates = (): Element => topology.renderRoot.querySelector(`[data-rates="${id}"]`)!;
    await eventually(async () => {
      await clock.advance(1000);
      expect(link()).toBeTruthy();
    });
    const before = Number(link().querySelector('.cable')!.getAttribute('stroke-width'));
    await eventually(async () => {
      for (let frames = 0; frames < 20; frames += 1) port.send(ethernet(broadcast, macOf(1)));
      port.flush();
      await new Promise((resolve) => setTimeout(resolve));
      await clock.advance(1000);
      expect(rates().textContent).toMatch(/↑ \d.*\/s/);
    });
    expect(Number(link().querySelector('.cable')!.getAttribute('stroke-width'))).toBeGreaterThan(before);
    const cables = topology.renderRoot.querySelectorAll('.cable');
    expect(
      [...cables].every((cable) => cable.compareDocumentPosition(rates()) & Node.DOCUMENT_POSITION_FOLLOWING),
    ).toBe(true);
    port.dispose();
  });

  it('records the frames of a link, shows what they say, and saves them', async () => {
    await launch(1);
    const topology = await open();
    const id = `${idOf('vm-1')}/3`;
    const port = await plug(id, 1);
    await eventually(async () => {
      await clock.advance(1000);
      expect(topology.renderRoot.querySelector(`[data-link="${id}"]`)).toBeTruthy();
    });
    topology.renderRoot
      .querySelector<SVGElement>(`[data-link="${id}"]`)!
      .dispatchEvent(new MouseEvent('click', { bubbles: true }));
    const heading = page.getByRole('heading', { name: 'Capture' });
    const start = page.getByRole('button', { name: 'Start capture' });
    await expect.element(start).toBeVisible();
    start.element().focus();
    await userEvent.keyboard('{Enter}');
    await expect.element(page.getByText('Recording. No frame has passed yet.')).toBeVisible();
    // The button that was pressed is another now.
    await eventually(() => expect(focusedElement()).toBe(heading.element()));
    port.send(ethernet(broadcast, macOf(1)));
    port.send(ethernet(broadcast, macOf(1), new Uint8Array(46), [0x88b6]));
    port.flush();
    await eventually(async () => {
      await clock.advance(1000);
      expect(page.getByRole('row', { name: /0x88b6/ }).elements()).toHaveLength(1);
    });
    await expect.element(page.getByRole('row', { name: /↑ from it 02:00:00:00:00:01 ff:ff.* 0x88b5/ })).toBeVisible();
    for (const scheme of ['light', 'dark'] as const) {
      document.documentElement.dataset['theme'] = scheme;
      expect(await axeProblems(), scheme).toEqual([]);
    }
    await page.getByRole('searchbox', { name: 'Filter' }).fill('0X88B6 02:00');
    await expect.element(page.getByText('1 of 1 shown')).toBeVisible();
    await expect.element(page.getByRole('row', { name: /0x88b5/ })).not.toBeInTheDocument();
    const saved: Blob[] = [];
    const address = URL.createObjectURL;
    const create = vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      saved.push(blob as Blob);
      return address.call(URL, blob);
    });
    await page.getByRole('button', { name: 'Save as pcapng' }).click();
    await eventually(() => expect(saved).toHaveLength(1));
    create.mockRestore();
    const file = new DataView(await saved[0]!.arrayBuffer());
    expect(file.getUint32(0, true)).toBe(0x0a0d0d0a);
    await page.getByRole('button', { name: 'Stop capture' }).click();
    await expect.element(page.getByText(/^Stopped: 2 frames/)).toBeVisible();
    await page.getByRole('button', { name: 'Discard' }).click();
    await expect.element(start).toBeVisible();
    await eventually(() => expect(focusedElement()).toBe(heading.element()));
    port.dispose();
  });

  it('of a hundred nodes is laid out once, and a reading of the counters touches the links with traffic alone', async () => {
    for (let batch = 0; batch < 4; batch += 1) {
      const unikernel = { kind: 'unikernel', image: 'strata/unikernel-hello:1', args: [], config: {}, memoryMiB: 1 };
      await launch(24, { ...unikernel, name: `u${batch}`, addressing: 'static', nics: [{ network: 'default' }] });
    }
    const topology = await open();
    await eventually(() => expect(topology.renderRoot.querySelectorAll('[data-node]').length).toBeGreaterThan(96));
    const id = `${store.instances.value[0]!.id}/3`;
    const port = await plug(id, 1);
    await eventually(async () => {
      await clock.advance(1000);
      expect(topology.renderRoot.querySelector(`[data-link="${id}"]`)).toBeTruthy();
    });
    await clock.advance(2000);
    await topology.updateComplete;
    const { layouts } = topology;
    const changed = new Set<Element | null>();
    const watch = new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        changed.add(element?.closest('[data-node],[data-link],[data-rates]') ?? null);
      }
    });
    const map = topology.renderRoot.querySelector('svg.map')!;
    watch.observe(map, { subtree: true, childList: true, attributes: true, characterData: true });
    for (let second = 0; second < 10; second += 1) {
      port.send(ethernet(broadcast, macOf(1)));
      port.flush();
      await new Promise((resolve) => setTimeout(resolve));
      await clock.advance(1000);
      await topology.updateComplete;
    }
    await eventually(() => expect(changed.size).toBeGreaterThan(0));
    // Its own link with its rates, and those that the broadcast went out by.
    expect([...changed].filter((element) => !element?.matches('[data-link],[data-rates]'))).toEqual([]);
    expect(topology.layouts).toBe(layouts);
    watch.disconnect();
    port.dispose();
  });
});
