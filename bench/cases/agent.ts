import { openPage, type StrataPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { startToAnswer } from '../page-lab';
import { atLeast, atMost, type Row } from '../row';
import { median, quantile } from '../statistics';

const streamBytes = 64 * 1024 * 1024;

/** How long the browser is left to compile what the start made hot; figures of the first moments are shown beside. */
const settleMs = 20_000;

/** 64 bytes to a program in the guest that writes back what it reads, and the agent's own answer beside it. */
export async function agentEcho(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const { id } = await startToAnswer(page);
  await page.waitForTimeout(settleMs);
  const times = await page.evaluate(async (which) => {
    const { lab: inPage } = (globalThis as unknown as StrataPage).strata;
    const instance = inPage.instance(which);
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const begun = performance.now();
      await work();
      return performance.now() - begun;
    };
    const process = await instance.exec({ argv: ['cat'] });
    const writer = process.stdin.getWriter();
    const reader = process.stdout.getReader();
    const echo: number[] = [];
    const stats: number[] = [];
    for (let round = 0; round < 300; round += 1) {
      echo.push(
        await timed(async () => {
          await writer.write(new Uint8Array(64));
          await reader.read();
        }),
      );
    }
    await writer.close();
    for (let round = 0; round < 1000; round += 1) stats.push(await timed(() => instance.ping()));
    return { echo: echo.slice(100), ping: stats.slice(500) };
  }, id);
  await close();
  return [
    {
      name: 'agent echo of 64 bytes, from the page',
      value: median(times.ping),
      unit: 'ms',
      goal: atMost(0.5),
      peer: `p95 ${quantile(times.ping, 0.95).toFixed(2)}`,
    },
    {
      name: 'echo through a program (cat)',
      value: median(times.echo),
      unit: 'ms',
      peer: `p95 ${quantile(times.echo, 0.95).toFixed(2)}`,
    },
  ];
}

/** One program's output and one program's input, without any work in the guest but the moving. */
export async function agentStream(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const { id } = await startToAnswer(page);
  await page.waitForTimeout(settleMs);
  const rates = await page.evaluate(
    async ({ which, total }) => {
      const instance = (globalThis as unknown as StrataPage).strata.lab.instance(which);
      const megabytesPerSecond = (begun: number): number => total / 1e3 / (performance.now() - begun);
      const out = async (): Promise<number> => {
        const begun = performance.now();
        const process = await instance.exec({ argv: ['dd', 'if=/dev/zero', 'bs=64k', `count=${total / 65536}`] });
        void process.stderr.cancel();
        let got = 0;
        for await (const chunk of process.stdout) got += chunk.length;
        if (got !== total) throw new Error(`Lost bytes: ${got} of ${total}`);
        return megabytesPerSecond(begun);
      };
      const into = async (): Promise<number> => {
        const begun = performance.now();
        // What it says at its end would find nobody who reads it.
        const process = await instance.exec({ argv: ['sh', '-c', 'exec dd of=/dev/null bs=64k 2>/dev/null'] });
        void process.stderr.cancel();
        void process.stdout.cancel();
        const writer = process.stdin.getWriter();
        const block = new Uint8Array(65536);
        for (let sent = 0; sent < total; sent += block.length) await writer.write(block);
        await writer.close();
        if ((await process.exited) !== 0) throw new Error('dd failed');
        return megabytesPerSecond(begun);
      };
      const rounds = { out: [] as number[], into: [] as number[] };
      for (let round = 0; round < 12; round += 1) {
        rounds.out.push(await out());
        rounds.into.push(await into());
      }
      return rounds;
    },
    { which: id, total: streamBytes },
  );
  await close();
  const row = (name: string, [first, ...others]: readonly number[]): Row => ({
    name,
    // The second half: both compilers are done by then.
    value: median(others.slice(-6)),
    unit: 'MB/s',
    goal: atLeast(30, 40),
    peer: `first run ${(first ?? 0).toFixed(1)}`,
  });
  return [row('agent stream out of the guest', rates.out), row('agent stream into the guest', rates.into)];
}
