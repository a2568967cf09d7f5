import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { scriptedEngines } from '../containers/engine-fixture';
import { hostLabel } from '../containers/placement';
import { ScriptedHost, ScriptedHosts } from '../containers/scripted-host';
import { openTestLab } from '../lab-fixture';
import { createStores } from '../stores-fixture';
import { ownNames } from './own-names';
import { ownInstances, type RemovalLab, removeOwn } from './remove-own';

const vm = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;

describe('what a comparison has started', () => {
  it('is taken away, running or not, and nothing else', async () => {
    const { lab } = await openTestLab();
    const running = await lab.create({ ...vm, name: ownNames.vm });
    await lab.start(running.id).finished;
    await lab.create({ ...vm, name: ownNames.emulated });
    await lab.create({ ...vm, name: 'compare-notes' });
    expect(ownInstances(lab.list()).map(({ name }) => name)).toEqual([ownNames.vm, ownNames.emulated]);
    await removeOwn(lab);
    expect(lab.list().map(({ name }) => name)).toEqual(['compare-notes']);
  });

  it('stays where the engine has put something of somebody else on its host', async () => {
    const { lab } = await openTestLab();
    const { id } = await lab.create({ ...vm, name: ownNames.host, containerHost: true });
    await lab.create({ ...vm, name: ownNames.vm });
    const hosts = new ScriptedHosts();
    hosts.add(new ScriptedHost(ownNames.host));
    const engine = await scriptedEngines({ clock: new FakeClock(1000), stores: await createStores(), hosts })();
    for (const name of [ownNames.container, 'web']) {
      const body = { Image: 'busybox', Labels: { [hostLabel]: ownNames.host } };
      const { Id } = await engine.containers.create(body, { name });
      await engine.containers.start(Id);
    }
    const shared: RemovalLab = {
      list: () => lab.list(),
      kill: (each) => lab.kill(each),
      discard: (each) => lab.discard(each),
      containers: async () => engine,
    };
    await expect(removeOwn(shared)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: `host ${ownNames.host} has container web: remove them first, or all of it with "host rm --force ${ownNames.host}"`,
    });
    expect(lab.list().map((each) => each.id)).toEqual([id]);
    expect(engine.list().map(({ Names }) => Names)).toEqual([['/web']]);
    await engine.containers.remove('web', { force: true });
    await removeOwn(shared);
    expect(lab.list()).toEqual([]);
  });

  it('may be nothing', async () => {
    const { lab } = await openTestLab();
    await removeOwn(lab);
    expect(lab.list()).toEqual([]);
  });
});
