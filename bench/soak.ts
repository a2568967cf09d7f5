import { parseArgs } from 'node:util';
import { printedRandom } from '../src/base/seed-fixture';
import { createNodeLab } from '../test/support/node-lab';
import { useBaseImages } from './soak/bases';
import { createAndRemove } from './soak/containers';
import { startBootstrapped } from './soak/debootstrap';
import { storeDeaths } from './soak/disks';
import { damageAndCollect } from './soak/images';
import { installDebian } from './soak/installer';
import { hostileLayers } from './soak/layers';
import { solveLessons } from './soak/lessons';
import { endWorkers, startAndEnd } from './soak/machines';
import { endToEndOffline } from './soak/offline';
import { storeInTabs } from './soak/store';
import { streamBothWays } from './soak/streams';
import { openAndClose } from './soak/terminals';
import { killedVolumes } from './soak/volumes';
import { sleepAndWake } from './soak/wakes';

/**
 * `npm run soak [-- --only NAME]`: the full counts of what `npm test` shows with small ones, with real guests in Node
 * and a real browser. Ends with an exit code of 0 only when nothing was lost, moved or left behind.
 */
const random = printedRandom('soak');
const lab = await createNodeLab();
const runs: Readonly<Record<string, () => Promise<void>>> = {
  streams: () => streamBothWays(lab),
  machines: () => startAndEnd(lab),
  containers: () => createAndRemove(),
  deaths: () => endWorkers(lab, random),
  store: () => storeInTabs(random),
  layers: () => hostileLayers(random),
  disks: () => storeDeaths(lab, random),
  volumes: () => killedVolumes(random),
  images: () => damageAndCollect(random),
  bases: () => useBaseImages(),
  debootstrap: () => startBootstrapped(),
  installer: () => installDebian(),
  terminals: () => openAndClose(),
  wakes: () => sleepAndWake(),
  lessons: () => solveLessons(),
  'offline-e2e': () => endToEndOffline(),
};

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = Object.entries(runs).filter(([name]) => values.only === undefined || name === values.only);
if (chosen.length === 0) throw new Error(`No run named ${values.only}; there are: ${Object.keys(runs).join(', ')}`);
for (const [name, run] of chosen) {
  const begun = performance.now();
  await run();
  console.log(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}
await lab.dispose();
console.log('Nothing was lost and nothing is left');
process.exit(0);
