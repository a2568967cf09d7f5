import type { Page } from 'playwright-core';
import { hostDraft } from '../../../src/engine/host-draft';
import { launch, runInGuest } from '../../../test/support/page-fleet';
import type { BrowserLab } from '../../browser';
import { openPageEngine } from '../../page-engine';
import { atMost, type Row } from '../../row';
import { median } from '../../statistics';

const runs = 10;
const execs = 20;

/** `docker run --rm busybox true` on a host that was just restored, and ten times once it is warm; crun in the guest beside it; `docker exec`. */
export async function runAndExec(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  const engine = await openPageEngine(page, lab.url);
  await engine.evaluate((inside) => inside.pull('busybox'));
  const host = await launch(page, { ...hostDraft(), name: 'host-1' });
  await engine.evaluate((inside, id) => inside.hostReady(id), host);
  const first = await engine.evaluate((inside) => inside.run(['true']));
  await engine.evaluate((inside, id) => inside.hostWarm(id), host);
  const times = await engine.evaluate(async (inside, count) => {
    const all = [];
    for (let run = 0; run < count; run += 1) all.push(await inside.run(['true']));
    return all;
  }, runs);
  const sleeper = await engine.evaluate((inside) => inside.runDetached(['sleep', '3600']));
  const executed = await engine.evaluate(
    async (inside, [id, count]) => {
      const all = [];
      for (let run = 0; run < count; run += 1) all.push((await inside.exec(id, ['true'])).ms);
      return all;
    },
    [sleeper, execs] as const,
  );
  const crun = await crunInGuest(page, host);
  await close();
  const list = (values: readonly number[]): string => values.map((ms) => ms.toFixed(0)).join(', ');
  const whole = times.map(({ ms }) => ms);
  const begun = times.map(({ startedMs }) => startedMs);
  const crunPeer = `crun by hand in the same guest: first ${crun[0]?.toFixed(0)}, median ${median(crun).toFixed(0)}`;
  return [
    {
      name: 'docker run --rm busybox true, host warm',
      value: median(whole),
      unit: 'ms',
      goal: atMost(300),
      peer: `in order: ${list(whole)}; ${crunPeer}`,
    },
    {
      name: 'docker run, process started, host warm',
      value: median(begun),
      unit: 'ms',
      goal: atMost(150),
      peer: `in order: ${list(begun)}`,
    },
    { name: 'docker run, first on a restored host', value: first.ms, unit: 'ms' },
    { name: 'docker run, tenth', value: whole.at(-1) ?? 0, unit: 'ms', goal: atMost(300) },
    {
      name: 'docker exec of true',
      value: median(executed),
      unit: 'ms',
      goal: atMost(100),
      peer: `in order: ${list(executed)}`,
    },
  ];
}

const prepareCrun = `
mkdir -p /srv/crun/rootfs/bin /srv/crun/rootfs/proc /srv/crun/rootfs/dev /srv/crun/rootfs/sys
cp /bin/busybox /srv/crun/rootfs/bin/true
cd /srv/crun && crun spec
sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"true"/' config.json
`;

/** The same by crun, without an engine, a network or a layered root; milliseconds as the page sees them. */
async function crunInGuest(page: Page, host: string): Promise<readonly number[]> {
  await runInGuest(page, host, prepareCrun);
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const begun = performance.now();
    await runInGuest(page, host, `crun --cgroup-manager=cgroupfs run -b /srv/crun bench-${run}`);
    times.push(performance.now() - begun);
  }
  return times;
}
