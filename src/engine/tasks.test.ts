import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { FakeClock } from '../base/fake-clock';
import { Tasks } from './tasks';

const spec = { kind: 'start', subject: 'vm-1', cancelable: true };

describe('a task', () => {
  it('is running until its work is done, then succeeded', async () => {
    const clock = new FakeClock(5);
    const tasks = new Tasks(clock);
    const task = tasks.run(spec, async () => {});
    expect(tasks.get(task.id)).toMatchObject({ ...spec, state: 'running', startedAt: 5 });
    await task.finished;
    expect(tasks.get(task.id)).toMatchObject({ state: 'succeeded', endedAt: 5 });
  });

  it('keeps one phase per name in a row, with its latest counts and its times', async () => {
    const clock = new FakeClock(0);
    const tasks = new Tasks(clock);
    const task = tasks.run(spec, async ({ onProgress }) => {
      onProgress({ phase: 'Fetching', done: 1, total: 9 });
      await clock.advance(10);
      onProgress({ phase: 'Fetching', done: 9, total: 9 });
      onProgress({ phase: 'Restoring' });
      await clock.advance(5);
    });
    await task.finished;
    expect(tasks.get(task.id).phases).toEqual([
      { name: 'Fetching', startedAt: 0, endedAt: 10, done: 9, total: 9 },
      { name: 'Restoring', startedAt: 10, endedAt: 15 },
    ]);
  });

  it('that fails keeps the error with its code', async () => {
    const tasks = new Tasks(new FakeClock());
    const task = tasks.run(spec, async () => {
      throw new SandboxError('DataLoss', 'sha256:ab does not match');
    });
    await expect(task.finished).rejects.toThrow('sha256:ab does not match');
    expect(tasks.get(task.id)).toMatchObject({ state: 'failed', error: { code: 'DataLoss' } });
  });

  it('that is canceled sees its signal fire and ends canceled', async () => {
    const tasks = new Tasks(new FakeClock());
    const task = tasks.run(
      spec,
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    task.cancel();
    await expect(task.finished).rejects.toMatchObject({ code: 'Canceled' });
    expect(tasks.get(task.id).state).toBe('canceled');
    expect(tasks.get(task.id).error).toBeUndefined();
  });

  it('that had finished its work before it saw the cancel has succeeded', async () => {
    const tasks = new Tasks(new FakeClock());
    const task = tasks.run(spec, async () => {});
    task.cancel();
    await task.finished;
    expect(tasks.get(task.id).state).toBe('succeeded');
  });

  it('that cannot be canceled says so', () => {
    const tasks = new Tasks(new FakeClock());
    const task = tasks.run({ ...spec, cancelable: false }, () => new Promise(() => {}));
    expect(() => task.cancel()).toThrow(SandboxError);
  });

  it('ignores progress told after its end', async () => {
    const tasks = new Tasks(new FakeClock());
    let late = (_: { phase: string }): void => {};
    const task = tasks.run(spec, async ({ onProgress }) => {
      late = onProgress;
    });
    await task.finished;
    late({ phase: 'Late' });
    expect(tasks.get(task.id).phases).toEqual([]);
  });
});

describe('the history of tasks', () => {
  it('lists the newest first and forgets finished tasks beyond the last hundred', async () => {
    const tasks = new Tasks(new FakeClock());
    for (let index = 0; index < 130; index += 1) await tasks.run(spec, async () => {}).finished;
    expect(tasks.list()).toHaveLength(100);
    expect(tasks.list()[0]?.id).toBe('task-130');
    expect(() => tasks.get('task-30')).toThrow('No such task: task-30');
  });

  it('never forgets a task that is running', async () => {
    const tasks = new Tasks(new FakeClock());
    const running = tasks.run(spec, () => new Promise(() => {}));
    for (let index = 0; index < 130; index += 1) await tasks.run(spec, async () => {}).finished;
    expect(tasks.get(running.id).state).toBe('running');
  });

  it('tells each change as it happens', async () => {
    const tasks = new Tasks(new FakeClock());
    const told: string[] = [];
    tasks.changes((record) => told.push(`${record.state} ${record.phases.length}`));
    await tasks.run(spec, async ({ onProgress }) => onProgress({ phase: 'One' })).finished;
    expect(told).toEqual(['running 0', 'running 1', 'succeeded 1']);
  });
});
