import { ensureSite } from '../../scripts/lib/build-site.mjs';
import type { SeededRandom } from '../../src/base/seeded-random';
import { crashPages, type PageVictim } from '../../test/support/browser-crashes';
import { crashVolumes, type Victim } from '../../test/support/volume-crashes';
import { createVolumeLab } from '../../test/support/volume-lab';

/** Machines and stores that die in Node, and tabs, stores and whole browsers in Chromium. */
const killsInNode = 40;
const killsInBrowser = 24;

/** ext4 volumes under a guest that writes, whose surroundings are killed; every acknowledged file is looked for. */
export async function killedVolumes(random: SeededRandom): Promise<void> {
  const volumes = await createVolumeLab();
  const victims: readonly Victim[] = ['machine', 'store'];
  const node = await crashVolumes(volumes, pick(victims, killsInNode, random), random);
  await volumes.dispose();
  await ensureSite();
  const pageVictims: readonly PageVictim[] = ['tab', 'browser', 'store'];
  const page = await crashPages(pick(pageVictims, killsInBrowser, random), random);
  const acknowledged = node.acknowledged + page.acknowledged;
  console.log(
    `${node.kills + page.kills} kills, ${acknowledged} acknowledged files, none lost, e2fsck content with all`,
  );
}

function pick<T>(from: readonly T[], count: number, random: SeededRandom): readonly T[] {
  return Array.from({ length: count }, () => from[random.below(from.length)] as T);
}
