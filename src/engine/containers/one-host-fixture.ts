import { onTestFinished } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { createStores, type Stores } from '../stores-fixture';
import type { LabContainers } from './engine';
import { scriptedEngines } from './engine-fixture';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

/** The container engine over one scripted host, for one test. */
export async function openOneHostEngine(given?: Stores): Promise<LabContainers> {
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('one'));
  const stores = given ?? (await createStores());
  const engine = await scriptedEngines({ clock: new FakeClock(1000), stores, hosts })();
  onTestFinished(() => engine.dispose());
  return engine;
}
