import type { JSHandle } from 'playwright-core';
import { buildLinuxHttpd, canBuildLinuxHttpd, copyHttpdIn, startLinuxHttpd } from '../../test/support/linux-httpd';
import { launch, openPage, runInGuest, smallVm } from '../../test/support/page-fleet';
import { unikernelModule } from '../../test/support/unikernel-lab';
import type { BrowserLab } from '../browser';
import { type PageTools, pageTools, unikernelDraft } from '../page-http';
import type { Row } from '../row';
import { median } from '../statistics';

const page100 = 'x'.repeat(100);
const [warmUp, rounds] = [2, 5];
const connections = 8;
const loadMs = 3000;
const turns = 3;

/**
 * One program, `httpd`, compiled from the same sources for both: as a unikernel, and for Linux on a machine. The page
 * asks both in the same way, by the network's gateway.
 */
export async function sameHttpd(lab: BrowserLab): Promise<readonly Row[]> {
  if (!canBuildLinuxHttpd) {
    console.error('The same httpd on a machine is not measured: there is no clang to compile it');
    return [];
  }
  const program = buildLinuxHttpd();
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const tools = await pageTools(page);
  const config = { '/www/index.html': page100 };
  const draft = { ...unikernelDraft('httpd'), config };

  const [small, large] = [[] as number[], [] as number[]];
  for (let round = 0; round < warmUp + rounds; round += 1) {
    small.push(await firstAnswer(tools, () => launch(page, draft)));
    large.push(
      await firstAnswer(tools, async () => {
        const id = await launch(page, smallVm);
        await copyHttpdIn(page, id, program);
        await runInGuest(page, id, `mkdir /www && printf ${page100} > /www/index.html && ${startLinuxHttpd('vm')}`);
        return id;
      }),
    );
  }
  const unikernel = await launch(page, draft);
  const machine = await launch(page, smallVm);
  await copyHttpdIn(page, machine, program);
  await runInGuest(page, machine, `mkdir /www && printf ${page100} > /www/index.html && ${startLinuxHttpd('vm')}`);
  const rates = { small: [] as number[], large: [] as number[] };
  for (let turn = 0; turn < turns; turn += 1) {
    rates.small.push(await rateOf(tools, unikernel));
    rates.large.push(await rateOf(tools, machine));
  }
  const memory = await tools.evaluate(
    async ({ lab: own }, [one, other]) =>
      (await Promise.all([one, other].map((id) => own.instance(id).stats()))).map((sample) => sample.memory.used),
    [unikernel, machine] as const,
  );
  const resident = await runInGuest(page, machine, "grep VmRSS /proc/$(pidof httpd)/status | tr -dc '0-9'");
  await close();
  const [ownBytes = 0, machineBytes = 0] = memory;
  const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
  const onMachine = 'the same program on a VM';
  return [
    {
      name: 'same httpd: create to first answer',
      value: median(small.slice(warmUp)),
      unit: 'ms',
      peer: `${onMachine} ${median(large.slice(warmUp)).toFixed(0)}`,
    },
    {
      name: `same httpd: requests from the page, ${connections} connections`,
      value: median(rates.small),
      unit: 'requests/s',
      peer: `${onMachine} ${Math.round(median(rates.large))}`,
    },
    {
      name: 'same httpd: memory',
      value: ownBytes / 1024,
      unit: 'KiB',
      peer: `${onMachine} ${Number(resident)} KiB for the process, ${kib(machineBytes)} with its kernel`,
    },
    {
      name: 'same httpd: bytes of the program',
      value: unikernelModule('httpd').length / 1024,
      unit: 'KiB',
      peer: `with its TCP/IP stack; ${onMachine} ${kib(program.length)} without`,
    },
  ];
}

/** Milliseconds until what is begun has answered; it is ended afterwards. */
async function firstAnswer(tools: JSHandle<PageTools>, begin: () => Promise<string>): Promise<number> {
  const begun = performance.now();
  const id = await begin();
  await tools.evaluate((inside, which) => inside.get(inside.addressOf(which)), id);
  const took = performance.now() - begun;
  await tools.evaluate((inside, which) => inside.lab.kill(which).finished, id);
  return took;
}

function rateOf(tools: JSHandle<PageTools>, id: string): Promise<number> {
  return tools.evaluate(
    (inside, [which, many, ms]) => inside.rate(inside.addressOf(which), { connections: many, forMs: ms }),
    [id, connections, loadMs] as const,
  );
}
