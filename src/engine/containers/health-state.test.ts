import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterProbe, healthPlan, nextProbe, startingHealth } from './health-state';

const shell = ['/bin/sh', '-c'];
const probe = (ExitCode: number) => ({ Start: '', End: '', ExitCode, Output: '' });

describe('health checks', () => {
  it.each([
    [undefined, undefined],
    [{ Test: ['NONE'] }, undefined],
    [{ Test: [] }, undefined],
    [{ Test: ['CMD', 'check', '-q'] }, ['check', '-q']],
    [{ Test: ['CMD-SHELL', 'test -f /ok'] }, ['/bin/sh', '-c', 'test -f /ok']],
  ])('%j run %j', (config, argv) => {
    expect(healthPlan(config, shell)?.argv).toEqual(argv);
  });

  it('have the usual times where nothing is said', () => {
    expect(healthPlan({ Test: ['CMD', 'x'], Interval: 2e9 }, shell)).toMatchObject({
      intervalMs: 2000,
      timeoutMs: 30_000,
      startPeriodMs: 0,
      retries: 3,
    });
  });

  const plan = { argv: ['x'], intervalMs: 100, timeoutMs: 10, startPeriodMs: 1000, startIntervalMs: 20, retries: 2 };

  it('do not count failures while it starts, and ask more often then', () => {
    const failed = afterProbe(startingHealth, probe(1), plan, 500);
    expect(failed).toMatchObject({ Status: 'starting', FailingStreak: 0 });
    expect(nextProbe(failed, plan, 500)).toBe(20);
    expect(nextProbe(failed, plan, 1500)).toBe(100);
  });

  it('are unhealthy after so many failures in a row, healthy after one success, and keep five results', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), (results) => {
        let health = startingHealth;
        for (const well of results) health = afterProbe(health, probe(well ? 0 : 1), plan, 5000);
        const streak = results.length - 1 - results.lastIndexOf(true);
        expect(health.FailingStreak).toBe(streak);
        const expected = streak >= 2 ? 'unhealthy' : results.includes(true) ? 'healthy' : 'starting';
        expect(health.Status).toBe(expected);
        expect(health.Log).toHaveLength(Math.min(5, results.length));
      }),
    );
  });
});
