import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../base/fake-clock';
import { onQuiet } from './quiet-moment';
import { Tasks } from './tasks';

const quiet = { atFirst: 4000, afterTasks: 30_000 };

function begin(tasks: Tasks): { end(): Promise<void> } {
  const abort = new AbortController();
  const ended = new Promise((resolve) => abort.signal.addEventListener('abort', resolve));
  tasks.run({ kind: 'start', subject: 'vm-1', cancelable: false }, () => ended);
  return {
    end: async () => {
      abort.abort();
      await settle();
    },
  };
}

describe('a quiet moment', () => {
  it('comes soon where nothing is begun, and once', async () => {
    const clock = new FakeClock();
    let calls = 0;
    onQuiet(new Tasks(clock), clock, quiet, () => {
      calls += 1;
    });
    await clock.advance(3999);
    expect(calls).toBe(0);
    await clock.advance(100_000);
    expect(calls).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('comes once all tasks are over for longer', async () => {
    const clock = new FakeClock();
    const tasks = new Tasks(clock);
    let calls = 0;
    onQuiet(tasks, clock, quiet, () => {
      calls += 1;
    });
    await clock.advance(3000);
    const [first, second] = [begin(tasks), begin(tasks)];
    await clock.advance(60_000);
    await first.end();
    await clock.advance(60_000);
    expect(calls).toBe(0);
    await second.end();
    await clock.advance(29_999);
    expect(calls).toBe(0);
    await clock.advance(1);
    expect(calls).toBe(1);
  });

  it('does not come for whom it is taken from', async () => {
    const clock = new FakeClock();
    let calls = 0;
    onQuiet(new Tasks(clock), clock, quiet, () => {
      calls += 1;
    }).dispose();
    await clock.advance(100_000);
    expect(calls).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
