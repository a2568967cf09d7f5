import { afterEach, beforeEach, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import type { LabContainers } from '../../../engine/containers/engine';
import { scriptedEngines } from '../../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../../engine/containers/scripted-host';
import { openTestLab } from '../../../engine/lab-fixture';
import { Previews } from '../../../engine/previews/previews';
import { createStores } from '../../../engine/stores-fixture';
import { ContainerShelf } from '../../containers/container-shelf';
import { axeProblems } from '../../elements/axe-problems';
import { PreviewLinks } from '../../previews/preview-links';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { containerText } from '../../text/containers';
import { previewWords } from '../../text/previews';
import { AppView } from '../app/app-view';
import './containers-view';
import { portText } from '../../text/ports';

let store: Store;
let view: AppView;
let engine: LabContainers;

beforeEach(async () => {
  await page.viewport(1280, 800);
  history.replaceState(null, '', '#');
  const { lab, clock } = await openTestLab();
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('host-1'));
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const links = new PreviewLinks({
    // Without an origin of their own, as on a static host.
    config: async () => ({}),
    clock,
    previews: new Previews({ lab, clock, randomBytes, words: previewWords }),
  });
  const shelf = new ContainerShelf({ engine, lab, pull: async () => {} });
  store = new Store({
    lab,
    settings: createSettings(undefined),
    clock,
    containers: async () => shelf,
    previews: async () => links,
  });
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

it('shows what a container serves on the ports that it publishes, for as long as it runs', async () => {
  const PortBindings = {
    '80/tcp': [{ HostPort: '8080' }],
    '81/tcp': [{ HostIp: '127.0.0.1', HostPort: '8081' }],
    '53/udp': [{}],
  };
  const { Id } = await engine.containers.create({ Image: 'busybox', HostConfig: { PortBindings } }, { name: 'web' });
  await engine.containers.start(Id);
  store.go({ view: 'container', id: Id, tab: 'ports' });
  const ports = page.getByRole('group', { name: containerText.ports.label('web') });
  const first = ports.getByRole('button', { name: containerText.ports.show(8080, 80) });
  await expect.element(first).toHaveAttribute('aria-pressed', 'true');
  expect(ports.getByRole('button').elements()).toHaveLength(2);
  await expect.element(page.getByTitle(portText.preview.frame('web', 80))).toBeVisible();
  expect(page.getByRole('button', { name: portText.preview.connect }).elements()).toHaveLength(0);
  const elsewhere = ports.getByText(containerText.ports.elsewhere(8080));
  await expect.element(elsewhere).toBeVisible();
  expect(await axeProblems(view)).toEqual([]);
  await ports.getByRole('button', { name: containerText.ports.show(8081, 81) }).click();
  await expect.element(page.getByTitle(portText.preview.frame('web', 81))).toBeVisible();
  // It is for the loopback.
  expect(elsewhere.elements()).toHaveLength(0);
  await engine.containers.kill(Id);
  await expect.element(page.getByText(containerText.onlyRunning('exited'))).toBeVisible();
});

it('says how a port is published when none is', async () => {
  const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
  await engine.containers.start(Id);
  store.go({ view: 'container', id: Id, tab: 'ports' });
  await expect.element(page.getByText(containerText.ports.none)).toBeVisible();
  expect(page.getByRole('group', { name: containerText.ports.label('web') }).elements()).toHaveLength(0);
});

it('says that internal networks publish none, until the container is on another one', async () => {
  await engine.networks.create({ Name: 'inner', Internal: true });
  const HostConfig = { NetworkMode: 'inner', PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
  const { Id } = await engine.containers.create({ Image: 'busybox', HostConfig }, { name: 'web' });
  await engine.containers.start(Id);
  store.go({ view: 'container', id: Id, tab: 'ports' });
  await expect.element(page.getByText(containerText.ports.internal('web'))).toBeVisible();
  await engine.networks.connect('bridge', { Container: Id });
  const elsewhere = page.getByText(containerText.ports.elsewhere(8080));
  await expect.element(elsewhere).toBeVisible();
  await engine.networks.disconnect('bridge', Id);
  await expect.element(page.getByText(containerText.ports.internal('web'))).toBeVisible();
  expect(elsewhere.elements()).toHaveLength(0);
});
