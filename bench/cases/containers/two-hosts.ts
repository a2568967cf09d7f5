import type { JSHandle, Page } from 'playwright-core';
import { hostDraft } from '../../../src/engine/host-draft';
import { launch, runInGuest, smallVm } from '../../../test/support/page-fleet';
import type { BrowserLab } from '../../browser';
import { openPageEngine, type PageEngine } from '../../page-engine';
import { atLeast, atMost, type Row } from '../../row';
import { median } from '../../statistics';

const [warmPings, pings] = [50, 50];
const [warmTransfers, transfers] = [6, 5];
const megabytes = 32;

/** Runs a shell command in a guest. */
type Shell = (command: string) => Promise<string>;

/** A container asks one on another host; beside it, in turns, a VM asks a VM. */
export async function twoHosts(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  const engine = await openPageEngine(page, lab.url);
  await engine.evaluate((inside) => inside.pull('busybox'));
  const server = await startContainer(page, engine, 'host-1');
  const client = await startContainer(page, engine, 'host-2');
  const vm = await launch(page, { ...smallVm, name: 'vm-client' });
  const vmServer = await launch(page, { ...smallVm, name: 'vm-server' });
  const address = await engine.evaluate((inside, id) => inside.addressOf(id), server);
  // A file of holes: it takes no memory, and reading it costs what reading zeros costs.
  const serve = `truncate -s ${megabytes}M /tmp/file && httpd -h /tmp`;
  const inClient = shellOf(engine, client);
  const inVm: Shell = (command) => runInGuest(page, vm, command);
  await shellOf(engine, server)(serve);
  await runInGuest(page, vmServer, serve);

  const pairs = [
    { shell: inClient, to: address },
    { shell: inVm, to: 'vm-server' },
  ] as const;
  for (const { shell, to } of pairs) await shell(`ping -c ${warmPings} -i 0.05 ${to}`);
  const answered: number[] = [];
  for (const { shell, to } of pairs) answered.push(await pingMs(shell, to));
  const rates: number[][] = [[], []];
  for (let run = 0; run < warmTransfers + transfers; run += 1) {
    for (const [at, { shell, to }] of pairs.entries()) {
      const rate = await transferRate(shell, to);
      if (run >= warmTransfers) rates[at]?.push(rate);
    }
  }
  await close();
  const [ping = 0, vmPing = 0] = answered;
  const [tcp = 0, vmTcp = 0] = rates.map(median);
  return [
    {
      name: 'container to container on two hosts, ping, of VM to VM',
      value: ping / vmPing,
      unit: 'times',
      goal: atMost(1.5),
      peer: `${ping.toFixed(2)} ms, VM to VM ${vmPing.toFixed(2)}`,
    },
    {
      name: 'container to container on two hosts, TCP, of VM to VM',
      value: tcp / vmTcp,
      unit: 'times',
      goal: atLeast(2 / 3),
      peer: `${tcp.toFixed(1)} MB/s, VM to VM ${vmTcp.toFixed(1)}`,
    },
  ];
}

async function startContainer(page: Page, engine: JSHandle<PageEngine>, host: string): Promise<string> {
  const id = await launch(page, { ...hostDraft(), name: host });
  await engine.evaluate((inside, which) => inside.hostReady(which), id);
  return engine.evaluate((inside, name) => inside.runDetached(['sleep', '3600'], name), host);
}

function shellOf(engine: JSHandle<PageEngine>, container: string): Shell {
  return async (command) => {
    const asked = [container, ['sh', '-c', command]] as const;
    return (await engine.evaluate((inside, [id, argv]) => inside.exec(id, argv), asked)).text;
  };
}

/** Median of what each answer took, as the guest takes it, milliseconds. */
async function pingMs(shell: Shell, to: string): Promise<number> {
  const printed = await shell(`ping -c ${pings} -i 0.1 ${to}`);
  return median([...printed.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms)));
}

/** MB/s by the guest's own clock, so that neither pays for how its command was started. */
async function transferRate(shell: Shell, to: string): Promise<number> {
  const clock = 'read now rest < /proc/uptime';
  const printed = await shell(
    `${clock}; begun=$now; wget -q -O /dev/null http://${to}/file; ${clock}; echo $begun $now`,
  );
  const [begun = 0, ended = 0] = printed.trim().split(' ').map(Number);
  return (megabytes * 1.048576) / (ended - begun);
}
