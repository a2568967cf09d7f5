import { openPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { startToAnswer } from '../page-lab';
import { atMost, type Row } from '../row';
import { quantile } from '../statistics';

/** Console output that the page must take in its stride, as the guest counts it. */
const floodMs = 10_000;

interface FloodProbe {
  readonly delays: number[];
  readonly longTasks: number[];
  bytes: number;
  running: boolean;
}

/** How late a message to itself arrives on the page's thread while a guest prints `yes` into the terminal in view. */
export async function pageFlood(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const { id } = await startToAnswer(page);
  await page.evaluate((which) => {
    const probe: FloodProbe = { delays: [], longTasks: [], bytes: 0, running: true };
    const scope = globalThis as unknown as { flood: FloodProbe } & import('../../test/support/page-fleet').StrataPage;
    scope.flood = probe;
    const instance = scope.strata.lab.instance(which);
    const console = instance.attachConsole(({ bytes, skipped }) => {
      probe.bytes += bytes.length + skipped;
      queueMicrotask(() => console.acknowledge(bytes.length));
    });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) probe.longTasks.push(entry.duration);
    }).observe({ type: 'longtask' });
    const { port1, port2 } = new MessageChannel();
    let sent = 0;
    const send = (): void => {
      sent = performance.now();
      port2.postMessage(0);
    };
    port1.onmessage = () => {
      probe.delays.push(performance.now() - sent);
      if (probe.running) setTimeout(send, 2);
    };
    send();
    console.write(new TextEncoder().encode('yes\r'));
  }, id);
  await page.waitForTimeout(floodMs);
  const { delays, longTasks, bytes } = await page.evaluate(() => {
    const { flood } = globalThis as unknown as { flood: FloodProbe };
    flood.running = false;
    return flood;
  });
  await close();
  const peer = `median ${quantile(delays, 0.5).toFixed(2)}, ${(bytes / floodMs).toFixed(0)} kB/s printed`;
  const longest = Math.max(0, ...longTasks).toFixed(0);
  return [
    {
      name: 'page thread delay under a console flood, p99',
      value: quantile(delays, 0.99),
      unit: 'ms',
      goal: atMost(50),
      peer,
    },
    {
      name: 'long tasks under a console flood',
      value: longTasks.length,
      unit: '',
      goal: atMost(0),
      peer: `longest ${longest} ms`,
    },
  ];
}
