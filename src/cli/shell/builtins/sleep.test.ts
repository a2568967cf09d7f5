import { expect, it } from 'vitest';
import { FakeClock } from '../../../base/fake-clock';
import { recordedIo } from '../../command-io-fixture';
import { runLine } from '../run-line';
import { createShellState } from '../shell';
import { sleep } from './sleep';

function start(line: string) {
  const clock = new FakeClock();
  const recorded = recordedIo();
  const shell = createShellState([sleep], clock);
  let code: number | undefined;
  void runLine(line, shell, recorded.io).then((ended) => {
    code = ended;
  });
  return { clock, ...recorded, code: () => code };
}

it.each([
  ['sleep 1.5', 1500],
  ['sleep 1m .5', 60_500],
  ['sleep 30d', 30 * 86_400_000],
])('%s ends after %d ms', async (line, ms) => {
  const { clock, code } = start(line);
  await clock.advance(ms - 1);
  expect(code()).toBeUndefined();
  await clock.advance(1);
  expect(code()).toBe(0);
});

it('ends by Ctrl-C', async () => {
  const { clock, code, interrupt } = start('sleep infinity');
  await clock.advance(1000);
  interrupt();
  await clock.advance(0);
  expect([code(), clock.pending]).toEqual([130, 0]);
});

it('says what is no time', async () => {
  const { clock, err } = start('sleep 1y');
  await clock.advance(0);
  expect(err()).toMatch(/^sleep: invalid time interval '1y'\nUsage: sleep /);
});
