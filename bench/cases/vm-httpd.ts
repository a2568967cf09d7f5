import type { Page } from 'playwright-core';
import { launch, openPage, runInGuest, smallVm } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { unikernelDraft } from '../page-http';
import { atLeast, atMost, type Row } from '../row';
import { median } from '../statistics';

const [fewRequests, manyRequests] = [100, 400];
const latencyRuns = 5;
const bulkRuns = 12;
const singleRuns = 5;
const singleRequests = 20;
const mebibytes = 32;

/**
 * A shell's client with one connection that is kept: it asks by the head of a page and reads the answer, a line at a
 * time, up to the empty one. `nc` is joined to it by two pipes.
 */
const client = `
cr=$(printf '\\r')
keep() {
  rm -f /tmp/ask /tmp/answer; mkfifo /tmp/ask /tmp/answer
  "$@" < /tmp/ask > /tmp/answer &
  exec 3> /tmp/ask 4< /tmp/answer
}
ask() {
  i=0
  while [ $i -lt $1 ]; do
    printf 'HEAD / HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n' >&3
    while read -r line <&4 && [ "$line" != "$cr" ]; do :; done
    i=$((i + 1))
  done
}
done_() { exec 3>&-; exec 4<&-; wait; }
`;

/** What the same shell is answered by with no network between: a program that says the same at once. */
const echo = `sh -c 'while read -r a && read -r b && read -r c; do printf "HTTP/1.1 200 OK\\r\\nDate: x\\r\\nContent-Length: 1\\r\\nContent-Type: text/html\\r\\n\\r\\n"; done'`;

/** A virtual machine as a client of the unikernel `httpd`, and of busybox's httpd on another machine in the same run. */
export async function vmToHttpd(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const text = 'x'.repeat(1023);
  const config = { '/www/file': `${text}\n`.repeat(1000), '/www/small': 'small\n' };
  await launch(page, { ...unikernelDraft('httpd'), config, memoryMiB: 8, name: 'web' });
  const server = await launch(page, { ...smallVm, name: 'server' });
  await runInGuest(page, server, `truncate -s ${mebibytes}M /tmp/file && echo small > /tmp/small && httpd -h /tmp`);
  const vm = await launch(page, { ...smallVm, name: 'client' });

  const kept = await keptLatency(page, vm, 'nc web 80');
  const shellAlone = await keptLatency(page, vm, echo);
  const bulk = await bulkRates(page, vm);
  const single = { web: await singleRequestMs(page, vm, 'web'), server: await singleRequestMs(page, vm, 'server') };
  await close();
  return [
    {
      name: 'VM to httpd: request on a kept connection',
      value: median(kept),
      unit: 'ms',
      goal: atMost(3),
      peer: `by nc and a shell; the shell with a program of its own machine ${median(shellAlone).toFixed(1)}`,
    },
    {
      name: `VM to httpd: ${mebibytes} MB, warm`,
      value: median(bulk.web),
      unit: 'MB/s',
      goal: atLeast(Number(median(bulk.server).toFixed(1))),
      peer: `VM to VM ${median(bulk.server).toFixed(1)}; first ${bulk.firstWeb.toFixed(1)} and ${bulk.firstServer.toFixed(1)}`,
    },
    {
      name: 'VM to httpd: a wget',
      value: median(single.web),
      unit: 'ms',
      peer: `of busybox httpd on a VM ${median(single.server).toFixed(1)}`,
    },
  ];
}

/** Milliseconds for one of many requests; what is there once is in both of two runs and falls out. */
async function keptLatency(page: Page, vm: string, program: string): Promise<readonly number[]> {
  const run = async (requests: number): Promise<number> => {
    const begun = performance.now();
    await runInGuest(page, vm, `${client} keep ${program}; ask ${requests}; done_`);
    return performance.now() - begun;
  };
  await run(manyRequests);
  const times: number[] = [];
  for (let turn = 0; turn < latencyRuns; turn += 1) {
    const [few, many] = [await run(fewRequests), await run(manyRequests)];
    times.push((many - few) / (manyRequests - fewRequests));
  }
  return times;
}

/** MB/s of the same client for both servers, in turns: `nc`, which throws away what it gets. */
async function bulkRates(page: Page, vm: string) {
  const ask = (path: string, host: string, more = ''): string =>
    `GET ${path} HTTP/1.1\\r\\nHost: ${host}\\r\\n${more}\\r\\n`;
  // A file of a megabyte, asked for again and again on one connection; and one of all.
  const times = Math.round((mebibytes * 1024) / 1000);
  const web = `(i=1; while [ $i -lt ${times} ]; do printf '${ask('/file', 'web')}'; i=$((i + 1)); done; printf '${ask('/file', 'web', 'Connection: close\\r\\n')}') | nc web 80 > /dev/null`;
  const server = `printf 'GET /file HTTP/1.0\\r\\n\\r\\n' | nc server 80 > /dev/null`;
  const transfer = async (command: string): Promise<number> => {
    const begun = performance.now();
    await runInGuest(page, vm, command);
    return (mebibytes * 1.048576) / ((performance.now() - begun) / 1000);
  };
  const rates = { web: [] as number[], server: [] as number[] };
  for (let run = 0; run < bulkRuns; run += 1) {
    rates.web.push(await transfer(web));
    rates.server.push(await transfer(server));
  }
  const warm = (all: readonly number[]): readonly number[] => all.slice(bulkRuns / 2);
  const [firstWeb = 0, firstServer = 0] = [rates.web[0], rates.server[0]];
  return { web: warm(rates.web), server: warm(rates.server), firstWeb, firstServer };
}

/** A connection and a process each. */
async function singleRequestMs(page: Page, vm: string, host: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let run = 0; run <= singleRuns; run += 1) {
    const begun = performance.now();
    await runInGuest(
      page,
      vm,
      `i=0; while [ $i -lt ${singleRequests} ]; do wget -q -O /dev/null http://${host}/small || exit 1; i=$((i + 1)); done`,
    );
    times.push((performance.now() - begun) / singleRequests);
  }
  return times.slice(1);
}
