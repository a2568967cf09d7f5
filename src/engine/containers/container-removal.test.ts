import { expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { createStores } from '../stores-fixture';
import { scriptedEngines } from './engine-fixture';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

it('takes a volume without a name with the last container that has it, whoever it was made for', async () => {
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('one'));
  const engine = await scriptedEngines({ clock: new FakeClock(1000), stores: await createStores(), hosts })();
  onTestFinished(() => engine.dispose());
  const volumes = async () => (await engine.volumes.list()).map(({ Name, Labels }) => Labels?.['own'] ?? Name.length);
  await engine.volumes.create({ Name: 'named', Labels: { own: 'named' } });
  const first = { Image: 'busybox', Volumes: { '/a': {} }, HostConfig: { Binds: ['named:/n'] } };
  await engine.containers.create(first, { name: 'first' });
  for (const name of ['second', 'third']) {
    await engine.containers.create({ Image: 'busybox', HostConfig: { VolumesFrom: ['first'] } }, { name });
  }
  await engine.containers.remove('first');
  await engine.containers.remove('second', { force: true, volumes: true });
  expect(await volumes()).toEqual(['named', 64]);
  await engine.containers.remove('third', { force: true, volumes: true });
  expect(await volumes()).toEqual(['named']);
});
