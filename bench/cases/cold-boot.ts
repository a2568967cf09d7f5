import { openPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { bootToAnswer, startToAnswer } from '../page-lab';
import { atMost, type Row } from '../row';
import { median } from '../statistics';

const runs = 5;

/** The reset button: a new machine, BIOS, kernel, PID 1, agent, shell. */
export async function coldBoot(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const { id } = await startToAnswer(page);
  await bootToAnswer(page, id);
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await bootToAnswer(page, id));
  await close();
  const peer = `fastest ${Math.min(...times).toFixed(0)}`;
  return [{ name: 'cold boot to prompt', value: median(times), unit: 'ms', goal: atMost(2500), peer }];
}
