import { expect, it } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { settle } from '../../base/fake-clock';
import { createStores } from '../stores-fixture';
import { LeftBehind } from './left-behind';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

async function setUp() {
  const { records } = await createStores();
  const hosts = new ScriptedHosts();
  const open = async (): Promise<LeftBehind> => {
    const roots = new LeftBehind({ records, hosts });
    await roots.open();
    return roots;
  };
  /** Removes a container as the engine does. */
  const remove = async (roots: LeftBehind, id: string, host: string): Promise<void> => {
    const { changes, keep } = await roots.remove('root', id, host);
    await records.apply(changes);
    keep();
  };
  const noted = async () => (await records.list('containers')).map(({ key }) => key);
  return { records, hosts, open, remove, noted };
}

it('takes a root away at once where its host runs', async () => {
  const { hosts, open, remove, noted } = await setUp();
  const host = new ScriptedHost('one');
  hosts.add(host);
  await remove(await open(), 'web', 'one');
  expect([host.removed, await noted()]).toEqual([['web'], []]);
});

it('starts no host for it: the root goes when the host runs again, in a later page too', async () => {
  const { hosts, open, remove, noted } = await setUp();
  hosts.known.add('one');
  const first = await open();
  await remove(first, 'web', 'one');
  expect(first.records()).toEqual([
    { collection: 'containers', key: 'left-web', value: { left: true, id: 'web', host: 'one' } },
  ]);
  first.dispose();
  const second = await open();
  const host = new ScriptedHost('one');
  hosts.add(host);
  await settle();
  expect([host.removed, second.records(), await noted()]).toEqual([['web'], [], []]);
});

it('takes it away from a host that begins to run while it is being noted', async () => {
  const { records, hosts, open, noted } = await setUp();
  hosts.known.add('one');
  const roots = await open();
  const { changes, keep } = await roots.remove('root', 'web', 'one');
  const host = new ScriptedHost('one');
  hosts.add(host);
  await records.apply(changes);
  keep();
  await settle();
  expect([host.removed, roots.records(), await noted()]).toEqual([['web'], [], []]);
});

it('has it noted until it has gone, asks for it once at a time, and again after a failure', async () => {
  const { hosts, open, remove, noted } = await setUp();
  hosts.known.add('one');
  const roots = await open();
  await remove(roots, 'web', 'one');
  const host = new ScriptedHost('one');
  const answers = [createDeferred<void>(), createDeferred<void>()];
  let asked = 0;
  host.removeRoot = () => answers[asked++]!.promise;
  hosts.add(host);
  hosts.add(new ScriptedHost('two'));
  await settle();
  expect([asked, roots.records().length]).toEqual([1, 1]);
  answers[0]!.reject(new Error('The disk is full'));
  await settle();
  expect([asked, roots.records().length, await noted()]).toEqual([1, 1, ['left-web']]);
  hosts.add(new ScriptedHost('three'));
  await settle();
  expect([asked, roots.records().length]).toEqual([2, 1]);
  answers[1]!.resolve();
  await settle();
  expect([roots.records(), await noted()]).toEqual([[], []]);
});

it('has a volume gone before another of its name is made there, however often it is asked for', async () => {
  const { records, hosts, open, noted } = await setUp();
  hosts.known.add('one');
  const left = await open();
  const { changes, keep } = await left.remove('volume', 'data', 'one');
  await records.apply(changes);
  keep();
  expect(await noted()).toEqual(['left-volume-one/data']);
  left.dispose();
  const later = await open();
  const host = new ScriptedHost('one');
  const removed = createDeferred<void>();
  const asked: string[] = [];
  host.removeVolume = (name) => {
    asked.push(name);
    return removed.promise;
  };
  hosts.add(host);
  let cleared = false;
  const clearing = later.clearVolume('data', host).then(() => {
    cleared = true;
  });
  await settle();
  expect([asked, cleared]).toEqual([['data'], false]);
  removed.resolve();
  await clearing;
  await later.clearVolume('data', host);
  expect([asked, await noted()]).toEqual([['data'], []]);
});

it('forgets what was on the disk of a host that is gone', async () => {
  const { hosts, open, remove, noted } = await setUp();
  hosts.known.add('one');
  await remove(await open(), 'web', 'one');
  hosts.known.delete('one');
  const later = await open();
  await settle();
  expect([later.records(), await noted()]).toEqual([[], []]);
  await remove(later, 'api', 'one');
  expect(await noted()).toEqual([]);
});
