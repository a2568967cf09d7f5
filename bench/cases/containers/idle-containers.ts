import type { Page } from 'playwright-core';
import { hostDraft } from '../../../src/engine/host-draft';
import { launch, runInGuest } from '../../../test/support/page-fleet';
import type { BrowserLab } from '../../browser';
import { openPageEngine } from '../../page-engine';
import { atMost, type Row } from '../../row';
import { median } from '../../statistics';

const [idle, listed] = [20, 50];
const lists = 30;

/** What idle containers take of a host of 128 MB, each with its interface, and how long `docker ps` takes for 50. */
export async function idleContainers(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  const engine = await openPageEngine(page, lab.url);
  await engine.evaluate((inside) => inside.pull('busybox'));
  const host = await launch(page, { ...hostDraft(), name: 'host-1' });
  await engine.evaluate((inside) => inside.run(['true']));
  const start = (count: number): Promise<string[]> =>
    engine.evaluate(async (inside, each) => {
      const ids = [];
      for (let at = 0; at < each; at += 1) ids.push(await inside.runDetached(['sleep', '3600']));
      return ids;
    }, count);
  const before = await availableMB(page, host);
  await start(idle);
  const after = await availableMB(page, host);
  await start(listed - idle);
  const times = await engine.evaluate(async (inside, count) => {
    const all = [];
    for (let at = 0; at < count; at += 1) all.push(await inside.list());
    return all;
  }, lists);
  await close();
  if (times.some(({ count }) => count !== listed)) throw new Error(`docker ps has ${times[0]?.count} containers`);
  const ms = times.map((each) => each.ms);
  return [
    {
      name: 'memory of an idle container',
      value: (before - after) / idle,
      unit: 'MB',
      goal: atMost(0.8),
      peer: `MemAvailable ${before.toFixed(1)} MB before, ${after.toFixed(1)} with ${idle}`,
    },
    {
      name: `docker ps with ${listed} containers`,
      value: median(ms),
      unit: 'ms',
      goal: atMost(20),
      peer: `first ${ms[0]?.toFixed(1)}, fastest ${Math.min(...ms).toFixed(1)}`,
    },
  ];
}

/** MemAvailable of the guest, the page cache dropped. */
async function availableMB(page: Page, host: string): Promise<number> {
  const said = await runInGuest(page, host, 'sync; echo 3 > /proc/sys/vm/drop_caches; grep MemAvailable /proc/meminfo');
  const [, kibibytes] = /(\d+) kB/.exec(said) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}
