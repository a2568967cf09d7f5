import { describe, expect, it } from 'vitest';
import { failpoint, handleFailpoints } from './failpoint';
import { FaultPlan } from './fault-plan-fixture';

describe('a failpoint', () => {
  it('is nothing while nobody handles it', () => {
    expect(failpoint('test.step')).toBeUndefined();
  });

  it('has one handler at a time, until that is disposed', () => {
    const names: string[] = [];
    const handling = handleFailpoints((name) => void names.push(name) as undefined);
    expect(() => handleFailpoints(() => undefined)).toThrow('already');
    failpoint('test.first');
    handling.dispose();
    failpoint('test.second');
    expect(names).toEqual(['test.first']);
  });
});

describe('a fault plan', () => {
  const work = async (done: string[]): Promise<void> => {
    for (const step of ['a', 'b', 'c']) {
      await failpoint(`test.${step}`);
      done.push(step);
    }
  };

  it.each([0, 1, 2])('lets the step at number %i fail, and no other', async (at) => {
    const plan = new FaultPlan('error', at);
    const handling = plan.handleFailpoints();
    const done: string[] = [];
    await expect(work(done)).rejects.toThrow('Failpoint test.');
    handling.dispose();
    expect(done).toHaveLength(at);
    expect(plan.happened).toBe(true);
    expect(plan.passed).toHaveLength(at + 1);
  });

  it('crashes a run so that it never goes on, and says so', async () => {
    const plan = new FaultPlan('crash', 1);
    const handling = plan.handleFailpoints();
    const done: string[] = [];
    const crashed = new Promise<void>((resolve) => plan.onCrash(resolve));
    const run = work(done);
    await crashed;
    expect(await Promise.race([run, Promise.resolve('waiting')])).toBe('waiting');
    expect(done).toEqual(['a']);
    handling.dispose();
  });

  it('has happened nowhere when the run is shorter', async () => {
    const plan = new FaultPlan('delay', 3);
    const handling = plan.handleFailpoints();
    const done: string[] = [];
    await work(done);
    handling.dispose();
    expect(done).toEqual(['a', 'b', 'c']);
    expect(plan.happened).toBe(false);
  });
});
