import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { createLab, type Lab } from '../../src/engine/lab';
import { createStores } from '../../src/engine/stores-fixture';
import { SwitchClient } from '../../src/network/switch-client';
import type { SwitchService } from '../../src/network/switch-service';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import { openTemplateRegistry } from './disk-templates';
import { KillableStore } from './killable-store';
import { createNodeLab, type NodeLab } from './node-lab';

export interface VolumeLab {
  readonly lab: Lab;
  readonly nodes: NodeLab;
  /** Where its disks are. */
  readonly store: KillableStore;
  dispose(): Promise<void>;
}

/** Size of the file systems that it has, MiB. */
export const templateMiB = 64;

/** A whole lab with real guests, disks in a store that can be killed, and empty file systems of one size. */
export async function createVolumeLab(): Promise<VolumeLab> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-volumes-'));
  const store = new KillableStore(join(directory, 'journal'));
  const nodes = await createNodeLab();
  const { records, blobs } = await createStores();
  const registry = await openTemplateRegistry([templateMiB]);
  const spawnSwitch = nodeSpawner(new URL('../../workers/switch.node.ts', import.meta.url));
  const lab = createLab({
    drivers: [nodes.driver],
    records,
    blobs,
    disks: store.disks,
    store: store.events,
    artifacts: registry.loader,
    switch: new SwitchClient({
      start: () => nodes.supervisor.spawn<SwitchService>(spawnSwitch, 'switch'),
      clock: systemClock,
    }),
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    removeGraceMs: 0,
  });
  await lab.open();
  return {
    lab,
    nodes,
    store,
    async dispose() {
      await lab.close();
      await nodes.dispose();
      store.dispose();
      await registry.dispose();
      await rm(directory, { recursive: true });
    },
  };
}
