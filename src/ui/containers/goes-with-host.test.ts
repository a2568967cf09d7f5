import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import type { LabContainers } from '../../engine/containers/engine';
import { scriptedEngines } from '../../engine/containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../../engine/containers/scripted-host';
import { createStores } from '../../engine/stores-fixture';
import { goesWithHost } from './goes-with-host';

const engines: LabContainers[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

describe('what goes with a container host', () => {
  it('is named: its containers and volumes, and not those of others', async () => {
    const hosts = new ScriptedHosts();
    hosts.add(new ScriptedHost('one'));
    hosts.add(new ScriptedHost('two'));
    const engine = await scriptedEngines({ clock: new FakeClock(1000), stores: await createStores(), hosts })();
    engines.push(engine);
    const run = async (name: string, host: string, volume: string): Promise<void> => {
      const Labels = { 'org.strata.host': host };
      await engine.containers.create({ Image: 'busybox', Labels, HostConfig: { Binds: [`${volume}:/d`] } }, { name });
      await engine.containers.start(name);
    };
    await run('web', 'one', 'data');
    await run('other', 'two', 'else');
    const lab = { containers: async () => engine };
    expect(await goesWithHost(lab, 'one')).toBe('With all that is on its disk: web, volume data.');
    expect(await goesWithHost(lab, 'three')).toBeUndefined();
  });
});
