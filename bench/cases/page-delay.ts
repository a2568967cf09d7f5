import { openPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { bootToAnswer, startToAnswer } from '../page-lab';
import { atMost, type Row } from '../row';
import { quantile } from '../statistics';

const boots = 3;

/** How late a message to itself arrives on the page's thread while a machine boots from cold beside it. */
export async function pageDelay(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const { id } = await startToAnswer(page);
  await bootToAnswer(page, id);
  await page.evaluate(() => {
    const scope = globalThis as unknown as { delays: number[]; stopDelays: boolean };
    scope.delays = [];
    scope.stopDelays = false;
    const { port1, port2 } = new MessageChannel();
    let sent = 0;
    port1.onmessage = () => {
      scope.delays.push(performance.now() - sent);
      if (!scope.stopDelays) setTimeout(send, 2);
    };
    const send = (): void => {
      sent = performance.now();
      port2.postMessage(0);
    };
    send();
  });
  for (let boot = 0; boot < boots; boot += 1) await bootToAnswer(page, id);
  const delays = await page.evaluate(() => {
    const scope = globalThis as unknown as { delays: number[]; stopDelays: boolean };
    scope.stopDelays = true;
    return scope.delays;
  });
  await close();
  const peer = `median ${quantile(delays, 0.5).toFixed(2)}, longest ${Math.max(...delays).toFixed(1)}`;
  return [
    {
      name: 'page thread delay while a VM boots, p99',
      value: quantile(delays, 0.99),
      unit: 'ms',
      goal: atMost(16),
      peer,
    },
  ];
}
