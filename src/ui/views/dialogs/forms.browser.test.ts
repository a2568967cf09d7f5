import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { createDeferred, type Deferred } from '../../../base/deferred';
import { SandboxError } from '../../../base/errors';
import type { FakeClock } from '../../../base/fake-clock';
import type { LabContainers } from '../../../engine/containers/engine';
import { scriptedEngines } from '../../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../../engine/containers/scripted-host';
import type { Lab } from '../../../engine/lab';
import { openTestLab } from '../../../engine/lab-fixture';
import { createStores } from '../../../engine/stores-fixture';
import { UnikernelLibrary } from '../../../engine/unikernel-library';
import type { Artifact } from '../../../storage/artifact-source';
import { ContainerShelf } from '../../containers/container-shelf';
import { axeProblems } from '../../elements/axe-problems';
import { focusedElement } from '../../elements/focused-element';
import { standardFlavor } from '../../flavors';
import { createSettings } from '../../settings';
import { Store } from '../../store';
import '../../styles/tokens.css';
import { AppView } from '../app/app-view';

let store: Store;
let view: AppView;
let clock: FakeClock;
let lab: Lab;
let engine: LabContainers;
/** A pull, which ends when the test says so. */
let pulling: Deferred<void>;

beforeEach(async () => {
  await page.viewport(1280, 800);
  history.replaceState(null, '', '#');
  ({ lab, clock } = await openTestLab(undefined, undefined, {
    library: ({ blobs }) =>
      new UnikernelLibrary(
        { resolve: async (reference) => ({ reference }) as Artifact, load: async () => new ArrayBuffer(0) },
        blobs,
      ),
  }));
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('host-1'));
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  pulling = createDeferred();
  const shelf = new ContainerShelf({ engine, lab, pull: () => pulling.promise });
  store = new Store({ lab, settings: createSettings(undefined), clock, containers: async () => shelf });
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
});

const dialog = () => page.getByRole('dialog');
const field = (name: string) => dialog().getByLabelText(name, { exact: true });
const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();
const toasts = () => store.messages.toasts.value.map(({ title }) => title);

async function ask(kind: 'new-vm' | 'new-unikernel' | 'new-volume' | 'new-container' | 'clone'): Promise<void> {
  store.ask(kind === 'clone' ? { kind, name: 'vm-1', source: { instance: store.instances.value[0]!.id } } : { kind });
  await expect.element(dialog()).toBeVisible();
}

describe('the form for a VM', () => {
  it('says the bounds of its memory beside the field, keeps what was typed, and goes there', async () => {
    await ask('new-vm');
    await field('Name').fill('web');
    await field('Memory, MB').fill('99999');
    await expect.element(dialog().getByText('Enter a whole number from 32 to 1024')).toBeVisible();
    await press('Start it');
    await expect.poll(() => focusedElement()).toBe(field('Memory, MB').element());
    await expect.element(field('Memory, MB')).toHaveValue(99_999);
    await expect.element(field('Name')).toHaveValue('web');
    expect(await axeProblems()).toEqual([]);
    expect([store.instances.value, toasts()]).toEqual([[], []]);
    await field('Memory, MB').fill('64');
    await press('Start it');
    await expect.poll(() => store.dialog.value).toBeUndefined();
    expect(store.instances.value).toMatchObject([{ name: 'web', spec: { memoryMiB: 64 } }]);
  });

  it('says which names there can be, and which are taken', async () => {
    await store.launch({ ...standardFlavor.draft, name: 'web-2' });
    await ask('new-vm');
    await field('Name').fill('My server');
    await expect.element(dialog().getByText(/^Use lower-case letters/)).toBeVisible();
    await field('Name').fill('y'.repeat(3000));
    await expect.element(dialog().getByText('Use at most 63 characters')).toBeVisible();
    await field('Name').fill('web');
    expect(dialog().getByText('There is one called').elements()).toEqual([]);
    await field('How many').fill('3');
    await expect.element(dialog().getByText('There is one called web-2 already: choose another name')).toBeVisible();
  });

  it('stays with what the lab says of it, at its foot, until it is taken', async () => {
    await ask('new-vm');
    await field('Name').fill('web');
    const create = lab.create.bind(lab);
    lab.create = () => Promise.reject(new SandboxError('ResourceExhausted', 'There are 64 instances: remove one'));
    await press('Start it');
    await expect.element(dialog().getByRole('alert').getByText('There are 64 instances: remove one')).toBeVisible();
    await expect.element(field('Name')).toHaveValue('web');
    expect(toasts()).toEqual([]);
    lab.create = create;
    await press('Start it');
    await expect.poll(() => store.dialog.value).toBeUndefined();
    expect(store.instances.value).toMatchObject([{ name: 'web' }]);
  });

  it('tells how many were made when not all can be', async () => {
    await ask('new-vm');
    await field('How many').fill('3');
    const create = lab.create.bind(lab);
    lab.create = (draft) =>
      store.instances.value.length < 2 ? create(draft) : Promise.reject(new SandboxError('Internal', 'Boom'));
    await press('Start 3');
    await expect.element(dialog().getByText(/^2 of 3 were made and start\. The next: Boom/)).toBeVisible();
  });
});

describe('the form for a unikernel', () => {
  it('stays with what is wrong, and calls it a unikernel once it is closed', async () => {
    await ask('new-unikernel');
    await expect.element(dialog().getByRole('combobox', { name: 'Program' })).toBeEnabled();
    const failing = createDeferred<never>();
    lab.create = () => failing.promise;
    await field('Name').fill('web');
    await press('Start it');
    await userEvent.keyboard('{Escape}');
    await expect.poll(() => store.dialog.value).toBeUndefined();
    failing.reject(new SandboxError('InvalidArgument', 'An argument cannot have a NUL in it'));
    await expect.poll(toasts).toEqual(['Could not make the unikernel']);
  });
});

describe('the form for a volume', () => {
  it('stays with what is wrong until the volume is made', async () => {
    await ask('new-volume');
    await field('Name').fill('-data');
    await press('Make the volume');
    await expect.poll(() => focusedElement()).toBe(field('Name').element());
    await expect.element(dialog().getByText(/^Use letters, digits, dots/)).toBeVisible();
    await field('Name').fill('data');
    await dialog().getByRole('combobox', { name: 'File system' }).selectOptions('None: all zeros');
    await press('Make the volume');
    await expect.poll(() => store.dialog.value).toBeUndefined();
    await ask('new-volume');
    await field('Name').fill('data');
    await expect.element(dialog().getByText('There is a volume data already: choose another name')).toBeVisible();
    expect(toasts()).toEqual([]);
  });
});

describe('the form for a container', () => {
  const lackImage = (): void => {
    engine.containers.create = () => Promise.reject(new SandboxError('NotFound', 'No such image: ngnix'));
  };

  it('says what is wrong beside each field', async () => {
    await ask('new-container');
    await field('Image').fill('busybox');
    await field('Ports').fill('80:http');
    await field('Memory limit in MB').fill('much');
    await field('Environment').fill('NAME');
    await press('Run');
    for (const words of [/^80:http is no port mapping/, 'Enter a whole number from 6 to 1024', 'NAME is no NAME=value'])
      await expect.element(dialog().getByText(words)).toBeVisible();
    expect(focusedElement()).toBe(field('Ports').element());
    expect(await axeProblems()).toEqual([]);
    await field('Ports').fill('8080:80');
    expect(
      dialog()
        .getByText(/is no port mapping/)
        .elements(),
    ).toEqual([]);
    await expect.element(field('Memory limit in MB')).toHaveValue('much');
  });

  it('stays while its image is pulled, and with what was typed when that fails, which is told once', async () => {
    await ask('new-container');
    lackImage();
    await field('Image').fill('ngnix');
    await field('Name').fill('web');
    await press('Run');
    await expect.element(dialog().getByText(/^It is being made/)).toBeVisible();
    pulling.reject(new SandboxError('NotFound', 'No such image: ngnix'));
    await expect.element(dialog().getByRole('alert').getByText('No such image: ngnix')).toBeVisible();
    await expect.element(field('Name')).toHaveValue('web');
    await expect.poll(() => store.tasks.value[0]?.state).toBe('failed');
    expect(toasts()).toEqual([]);
    await field('Image').fill('nginx');
    expect(dialog().getByText('No such image: ngnix').elements()).toEqual([]);
  });

  it('may be closed while its image is pulled: what fails then is told by a message', async () => {
    await ask('new-container');
    lackImage();
    await field('Image').fill('ngnix');
    await press('Run');
    await expect.element(dialog().getByText(/^It is being made/)).toBeVisible();
    await userEvent.keyboard('{Escape}');
    await expect.poll(() => store.dialog.value).toBeUndefined();
    pulling.reject(new SandboxError('NotFound', 'No such image: ngnix'));
    await expect.poll(toasts).toEqual(['ngnix was not run']);
  });
});

describe('the form for clones', () => {
  it('says what is wrong with names, and how many there can be', async () => {
    await store.launch(standardFlavor.draft);
    await clock.advance(0);
    await ask('clone');
    await field('How many').fill('99');
    await expect.element(dialog().getByText('Enter a whole number from 1 to 32')).toBeVisible();
    await field('How many').fill('2');
    await field('Names, one a line').fill('web\nweb');
    await expect.element(dialog().getByText('web stands there twice')).toBeVisible();
    await field('Names, one a line').fill('web\nvm-1');
    await expect.element(dialog().getByText(/^vm-1: There is one called/)).toBeVisible();
  });
});
