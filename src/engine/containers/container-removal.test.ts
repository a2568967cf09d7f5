import { expect, it } from 'vitest';
import { openOneHostEngine } from './one-host-fixture';

it('takes a volume without a name with the last container that has it, whoever it was made for', async () => {
  const engine = await openOneHostEngine();
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
