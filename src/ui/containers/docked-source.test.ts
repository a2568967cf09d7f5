import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../base/eventually-fixture';
import type { LabContainers } from '../../engine/containers/engine';
import { scriptedEngines } from '../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../engine/containers/scripted-host';
import { openTestLab } from '../../engine/lab-fixture';
import { createStores } from '../../engine/stores-fixture';
import type { DockedContainer, TerminalSource } from '../terminals/terminals';
import { containerText } from '../text/containers';
import { ContainerShelf } from './container-shelf';
import { openDockedSource } from './docked-source';

let engine: LabContainers;
let shelf: ContainerShelf;
let host: ScriptedHost;

beforeEach(async () => {
  const { lab, clock } = await openTestLab();
  const hosts = new ScriptedHosts();
  host = new ScriptedHost('host-1');
  hosts.add(host);
  engine = await scriptedEngines({ clock, stores: await createStores(), hosts })();
  shelf = new ContainerShelf({ engine, lab, pull: async () => {} });
});

afterEach(() => engine.dispose());

async function run(name: string): Promise<DockedContainer> {
  const { Id } = await engine.containers.create({ Image: 'busybox' }, { name });
  await engine.containers.start(Id);
  return { id: Id, name };
}

function attach(source: TerminalSource) {
  let shown = '';
  const attached = source.attachConsole(({ bytes }) => {
    shown += new TextDecoder().decode(bytes);
  });
  attached.resize({ columns: 80, rows: 24 });
  return { attached, shown: () => shown };
}

it('logs end with their container, go on with it, and say when it is gone', async () => {
  const web = await run('web');
  const { shown } = attach(await openDockedSource(shelf, 'container-logs', web));
  host.exit(web.id, 0);
  await eventually(() => expect(shown()).toContain(`[${containerText.logs.ended}]`));
  await eventually(() => expect(shelf.containers.value[0]?.State).toBe('exited'));
  expect(shown()).not.toContain('\x1b[2J');
  await engine.containers.start(web.id);
  // What was printed before comes again, on a clear screen.
  await eventually(() => expect(shown()).toContain('\x1b[2J'));
  await engine.containers.remove(web.id, { force: true });
  await eventually(() => expect(shown()).toContain('[No such container: web]'));
});

it('logs are those of the container that has the name now', async () => {
  const web = await run('web');
  const { shown } = attach(await openDockedSource(shelf, 'container-logs', { ...web, id: 'of an earlier one' }));
  host.exit(web.id, 0);
  await eventually(() => expect(shown()).toContain(`[${containerText.logs.ended}]`));
});

it('a container that is gone is told of, be it logs or a shell that was remembered', async () => {
  for (const kind of ['container-logs', 'container-shell'] as const) {
    const { shown } = attach(await openDockedSource(shelf, kind, { id: 'f00d', name: 'web' }));
    await eventually(() => expect(shown()).toContain('[No such container: web]'));
  }
});

it('a shell waits for its container, and starts with it', async () => {
  const { Id } = await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
  const { shown } = attach(await openDockedSource(shelf, 'container-shell', { id: Id, name: 'web' }));
  await eventually(() => expect(shown()).toContain(containerText.dock.off('web')));
  await engine.containers.start(Id);
  // The scripted host runs none, which shows that one was asked for.
  await eventually(() => expect(shown()).toContain('Not in a scripted host'));
});
