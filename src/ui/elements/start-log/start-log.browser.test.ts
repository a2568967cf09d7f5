import { afterEach, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import type { LabAction } from '../../../engine/instance-record';
import type { TaskRecord } from '../../../engine/tasks';
import '../../styles/tokens.css';
import { StartLog } from './start-log';

const names = ['Looking up the artifact', 'Fetching state', 'Reading from the store', 'Restoring the snapshot'];
const task: TaskRecord<LabAction> = {
  id: '1',
  kind: 'start',
  subject: 'web',
  state: 'succeeded',
  startedAt: 0,
  endedAt: 9000,
  cancelable: false,
  phases: names.map((name, at) => ({ name, startedAt: at * 830, endedAt: at * 830 + 650 })),
};

let log: StartLog | undefined;
afterEach(() => log?.remove());

it('has each time of a step on one line on the narrowest phone, and nothing wider than it', async () => {
  await page.viewport(320, 640);
  log = new StartLog();
  log.task = task;
  document.body.append(log);
  await log.updateComplete;
  const times = [...log.renderRoot.querySelectorAll('td + td')];
  expect(times).toHaveLength(8);
  for (const time of times) {
    const range = document.createRange();
    range.selectNodeContents(time);
    const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
    expect(lines.size, time.textContent ?? '').toBe(1);
  }
  expect(log.renderRoot.querySelector('table')!.getBoundingClientRect().right).toBeLessThanOrEqual(320);
});
