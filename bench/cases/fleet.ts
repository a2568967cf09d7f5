import type { Page } from 'playwright-core';
import { launch, openPage, runInGuest, type StrataPage, smallVm } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { removeInstance } from '../page-lab';
import { atLeast, atMost, type Row } from '../row';
import { median } from '../statistics';

const cloneRuns = 7;

/** From the wish for a clone to its shell's answer, which names the clone. */
export async function cloneToPrompt(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const id = await launch(page, { ...smallVm, name: 'original' });
  await page.evaluate(async (which) => {
    const { lab: inside } = (globalThis as unknown as StrataPage).strata;
    await inside.snapshot(which, { name: 'base' }).finished;
  }, id);
  const times: number[] = [];
  for (let run = 0; run < cloneRuns; run += 1) {
    await page.waitForTimeout(4000);
    const clone = await cloneAndAsk(page, `clone-${run}`);
    times.push(clone.ms);
    await removeInstance(page, clone.id);
  }
  await close();
  const peer = `fastest ${Math.min(...times).toFixed(0)}`;
  return [{ name: 'clone to answered prompt', value: median(times), unit: 'ms', goal: atMost(500), peer }];
}

/** Ping between two machines, a worker each; each answer's time as the guest takes it. */
export async function vmPing(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const [a] = [await launch(page, { ...smallVm, name: 'a' }), await launch(page, { ...smallVm, name: 'b' })];
  await runInGuest(page, a, 'ping -c 50 -i 0.05 b');
  const printed = await runInGuest(page, a, 'ping -c 50 -i 0.2 b');
  await close();
  const times = [...printed.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
  const peer = `${times.length} of 50 answered, longest ${Math.max(...times).toFixed(1)}`;
  return [{ name: 'VM to VM ping', value: median(times), unit: 'ms', goal: atMost(2), peer }];
}

const tcpPairs = 3;
const warmRuns = 12;

/** busybox httpd to busybox wget, 32 MB: the first transfer of fresh machines, and later ones. */
export async function vmTcp(lab: BrowserLab): Promise<readonly Row[]> {
  const standard = await tcpRates(lab, 1500);
  const jumbo = await tcpRates(lab, 9000);
  const rows = (rates: typeof standard, mtu: string, goals: boolean): readonly Row[] => [
    {
      name: `VM to VM TCP, MTU ${mtu}, first 32 MB`,
      value: median(rates.first),
      unit: 'MB/s',
      ...(goals && { goal: atLeast(12) }),
      peer: rates.first.map((rate) => rate.toFixed(1)).join(', '),
    },
    {
      name: `VM to VM TCP, MTU ${mtu}, warm`,
      value: median(rates.warm),
      unit: 'MB/s',
      ...(goals && { goal: atLeast(35, 60) }),
      peer: `fastest ${Math.max(...rates.warm).toFixed(1)}`,
    },
  ];
  return [...rows(standard, '1500', true), ...rows(jumbo, '9000', false)];
}

/** Eight machines at once, and a command for all of them at the same instant. */
export async function eightMachines(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  await removeInstance(page, await launch(page, smallVm));
  await page.waitForTimeout(4000);
  const [startMs, answerMs] = await page.evaluate(async (spec) => {
    const { lab: inside } = (globalThis as unknown as StrataPage).strata;
    const names = Array.from({ length: 8 }, (_, index) => `eight-${index}`);
    const begun = performance.now();
    const records = await Promise.all(names.map((name) => inside.create({ ...spec, name })));
    await Promise.all(records.map(({ id }) => inside.start(id).finished));
    const started = performance.now();
    await Promise.all(
      records.map(async ({ id }) => {
        const process = await inside.instance(id).exec({ argv: ['/bin/hostname'] });
        await new Response(process.stdout).text();
      }),
    );
    return [started - begun, performance.now() - started] as const;
  }, smallVm);
  await close();
  return [
    { name: 'eight 64 MB VMs started', value: startMs / 1000, unit: 's', goal: atMost(4) },
    { name: 'a command answered by the last of eight', value: answerMs / 1000, unit: 's', goal: atMost(1) },
  ];
}

const migrations = 7;

/** How long a running 64 MB machine stands still while it moves to another worker. */
export async function migrationDowntime(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const id = await launch(page, smallVm);
  const times: number[] = [];
  for (let run = 0; run < migrations; run += 1) {
    await page.waitForTimeout(3000);
    times.push(
      await page.evaluate(async (which) => {
        const { lab: inside } = (globalThis as unknown as StrataPage).strata;
        return (await inside.instance(which).migrate()).downtimeMs;
      }, id),
    );
  }
  await close();
  const peer = `fastest ${Math.min(...times).toFixed(0)}, longest ${Math.max(...times).toFixed(0)}`;
  return [{ name: 'migration downtime, 64 MB', value: median(times), unit: 'ms', goal: atMost(500), peer }];
}

const floodRuns = 5;

/** What a pair keeps of its goodput while a third guest's bridge loop sends broadcasts as fast as it can. */
export async function broadcastFlood(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const { client, server } = await serverAndClient(page, 'default');
  const flooder = await launch(page, { ...smallVm, name: 'flooder' });
  for (let run = 0; run < warmRuns; run += 1) await transfer(page, client, server);
  const quiet: number[] = [];
  for (let run = 0; run < floodRuns; run += 1) quiet.push(await transfer(page, client, server));
  // busybox calls the other end veth0, whatever it is asked for. Two ends of one cable on one bridge: the first broadcast goes round for ever, and out of eth0 each time. The bridge
  // has the address of eth0, from which alone the switch takes frames.
  await runInGuest(
    page,
    flooder,
    'mac=$(cat /sys/class/net/eth0/address); ip link add br0 type bridge && ip link add v0 type veth && ' +
      'for i in v0 veth0 eth0; do ip link set $i master br0; ip link set $i up; done; ip link set br0 address $mac; ' +
      'ip link set br0 up; sleep 1; arping -D -c 2 -w 2 -I br0 10.0.255.254 > /dev/null 2>&1; true',
  );
  const flooded: number[] = [];
  for (let run = 0; run < floodRuns; run += 1) flooded.push(await transfer(page, client, server));
  const { came, stopped } = await page.evaluate(
    (which) =>
      new Promise<{ came: number; stopped: number }>((resolve) => {
        const { lab: inside } = (globalThis as unknown as StrataPage).strata;
        inside.networkStatus(({ ports }) => {
          const counters = ports.find(({ id }) => id.startsWith(which))?.counters;
          resolve({ came: counters?.rxFrames ?? 0, stopped: counters?.drops['storm-control'] ?? 0 });
        });
      }),
    flooder,
  );
  if (stopped === 0) throw new Error(`There was no flood: ${came} frames came`);
  await close();
  const peer = `${median(quiet).toFixed(1)} MB/s quiet, ${median(flooded).toFixed(1)} flooded; ${came} frames came, ${stopped} stopped by storm control`;
  const share = (100 * median(flooded)) / median(quiet);
  return [{ name: 'goodput kept under a broadcast flood', value: share, unit: '%', goal: atLeast(50), peer }];
}

async function tcpRates(lab: BrowserLab, mtu: number): Promise<{ first: number[]; warm: number[] }> {
  const first: number[] = [];
  const warm: number[] = [];
  for (let pair = 0; pair < tcpPairs; pair += 1) {
    const { page, close } = await lab.firstVisit();
    await openPage(page, lab.url);
    await page.evaluate(async (bytes) => {
      const { lab: inside } = (globalThis as unknown as StrataPage).strata;
      await inside.createNetwork({ name: 'wire', subnet: '10.200.0.0/24', mtu: bytes });
    }, mtu);
    const { client, server } = await serverAndClient(page, 'wire');
    first.push(await transfer(page, client, server));
    if (pair === tcpPairs - 1) {
      for (let run = 0; run < warmRuns; run += 1) warm.push(await transfer(page, client, server));
    }
    await close();
  }
  return { first, warm: warm.slice(warmRuns / 2) };
}

async function serverAndClient(page: Page, network: string): Promise<{ client: string; server: string }> {
  const nics = [{ network }];
  const server = await launch(page, { ...smallVm, name: 'server', nics });
  const client = await launch(page, { ...smallVm, name: 'client', nics });
  // A file of holes: it takes no memory, and reading it costs what reading zeros costs.
  await runInGuest(page, server, 'truncate -s 32M /tmp/file && httpd -h /tmp');
  return { client, server: 'server' };
}

/** MB/s of 32 MB, by the host's clock, the client's start included. */
async function transfer(page: Page, client: string, server: string): Promise<number> {
  const begun = performance.now();
  await runInGuest(page, client, `wget -q -O /dev/null http://${server}/file`);
  return (32 * 1.048576) / ((performance.now() - begun) / 1000);
}

function cloneAndAsk(page: Page, name: string): Promise<{ id: string; ms: number }> {
  return page.evaluate(async (wished) => {
    const { lab: inside } = (globalThis as unknown as StrataPage).strata;
    const snapshot = inside.snapshots().find((each) => each.name === 'base')?.id ?? '';
    const begun = performance.now();
    await inside.clone({ snapshot }, { names: [wished] }).finished;
    const id = inside.list().find((each) => each.name === wished)?.id ?? '';
    await new Promise<void>((resolve) => {
      let text = '';
      const console = inside.instance(id).attachConsole(({ bytes }) => {
        text += new TextDecoder().decode(bytes);
        // The echo of the line has quotes in it; only the answer matches.
        if (text.includes(`I am ${wished}`)) resolve();
      });
      console.write(new TextEncoder().encode('echo "I"" am $(hostname)"\r'));
    });
    return { id, ms: performance.now() - begun };
  }, name);
}
