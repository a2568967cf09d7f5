import type { JSHandle } from 'playwright-core';
import { launch, openPage, runInGuest, smallVm } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { type PageTools, pageTools, unikernelDraft } from '../page-http';
import { atMost, type Row } from '../row';
import { median } from '../statistics';

/** The first ones warm the code up. */
const [warmUp, rounds] = [5, 15];

/** How long a service is left alone before it sleeps, milliseconds. */
const idleMs = 100;

async function repeated(measure: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < warmUp + rounds; round += 1) times.push(await measure());
  return times.slice(warmUp);
}

const fastest = (times: readonly number[]): string => `fastest ${Math.min(...times).toFixed(1)}`;

/** From a connection to a service that sleeps to the end of its answer, by the page through the network's gateway. */
export async function sleepingService(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const tools = await pageTools(page);
  const rows: Row[] = [];
  for (const name of ['httpd', 'kv']) {
    const { id, address } = await tools.evaluate(
      async ({ lab: inside }, draft) => {
        const record = await inside.create(draft);
        await inside.start(record.id).finished;
        return { id: record.id, address: record.nics[0]?.address ?? '' };
      },
      unikernelDraft(name, { onDemand: { idleMs } }),
    );
    await tools.evaluate((inside, to) => inside.get(to), address);
    const ups: number[] = [];
    const asleep = await repeated(async () => {
      const [took, up] = await tools.evaluate(
        async (inside, [which, to]) => {
          await inside.asleep(which);
          // What it has closed is closed when somebody comes.
          await new Promise((resolve) => setTimeout(resolve, 100));
          const answered = await inside.get(to);
          const demand = inside.lab.list().find((record) => record.id === which)?.demand;
          return [answered, demand?.lastWakeMs ?? 0] as const;
        },
        [id, address] as const,
      );
      ups.push(up);
      return took;
    });
    const awake = await repeated(() => tools.evaluate((inside, to) => inside.get(to), address));
    rows.push({
      name: `${name} asleep: SYN to response`,
      value: median(asleep),
      unit: 'ms',
      goal: atMost(30),
      peer: `${fastest(asleep)}; up after ${median(ups.slice(warmUp)).toFixed(1)}; awake ${median(awake).toFixed(1)}`,
    });
  }
  await close();
  return rows;
}

/** From the wish for a server to its first answer, the lab's records and the network's gateway included. */
export async function createOverNetwork(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const tools = await pageTools(page);
  const rows: Row[] = [];
  for (const addressing of ['dhcp', 'static'] as const) {
    const parts: (readonly [number, number])[] = [];
    const times = await repeated(async () => {
      const [took, created, started] = await createOnce(tools, addressing);
      parts.push([created, started]);
      return took;
    });
    const part = (index: 0 | 1): string => median(parts.slice(warmUp).map((each) => each[index])).toFixed(1);
    rows.push({
      name: `httpd in the lab: create to first answer, ${addressing === 'dhcp' ? 'by DHCP' : 'static address'}`,
      value: median(times),
      unit: 'ms',
      goal: atMost(addressing === 'dhcp' ? 60 : 10),
      peer: `${fastest(times)}; recorded after ${part(0)}, running after ${part(1)}`,
    });
  }
  await close();
  return rows;
}

async function createOnce(
  tools: JSHandle<PageTools>,
  addressing: 'dhcp' | 'static',
): Promise<readonly [number, number, number]> {
  return tools.evaluate(
    async (inside, draft) => {
      const begun = performance.now();
      const { id, nics } = await inside.lab.create(draft);
      const created = performance.now() - begun;
      // It serves as soon as it runs; that it is started again after a reload is written down meanwhile.
      const running = inside.running(id);
      const { finished } = inside.lab.start(id);
      await running;
      const started = performance.now() - begun;
      await inside.get(nics[0]?.address ?? '');
      const took = performance.now() - begun;
      await finished;
      await inside.lab.kill(id).finished;
      return [took, created, started] as const;
    },
    { ...unikernelDraft('httpd'), addressing },
  );
}

/** How long it takes to get an address from the network's gateway. */
export async function dhcpLeases(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const tools = await pageTools(page);
  const startToAddress = (addressing: 'dhcp' | 'static') =>
    repeated(() =>
      tools.evaluate(
        async (inside, draft) => {
          const { id } = await inside.lab.create(draft);
          const printed = inside.printed(id, 'Address 10.0.');
          const begun = performance.now();
          const { finished } = inside.lab.start(id);
          await printed;
          const took = performance.now() - begun;
          await finished;
          await inside.lab.kill(id).finished;
          return took;
        },
        { ...unikernelDraft('httpd'), addressing },
      ),
    );
  const [leased, told] = [await startToAddress('dhcp'), await startToAddress('static')];
  const vm = await launch(page, { ...smallVm, name: 'client' });
  const timed = async (command: string): Promise<number> => {
    const begun = performance.now();
    await runInGuest(page, vm, command);
    return performance.now() - begun;
  };
  const nothing = await repeated(() => timed('ip addr flush dev eth0'));
  const machine = await repeated(() => timed('ip addr flush dev eth0 && udhcpc -n -q -f -i eth0'));
  await close();
  return [
    {
      name: 'DHCP lease to a unikernel',
      value: median(leased),
      unit: 'ms',
      goal: atMost(40),
      peer: `${fastest(leased)}; its start included, which takes ${median(told).toFixed(1)} where it is told its address`,
    },
    {
      name: "DHCP lease to a VM's udhcpc",
      value: median(machine),
      unit: 'ms',
      goal: atMost(300),
      peer: `${fastest(machine)}; of it ${median(nothing).toFixed(0)} for a shell that only drops the address`,
    },
  ];
}
