import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comesBack, nextRestart, readRestartPolicy } from './restart-policy';

const fresh = { exitCode: 1, restarts: 0, ranMs: 50, lastPauseMs: 0, stopped: false };
const always = { Name: 'always', MaximumRetryCount: 0 } as const;

describe('restart policies', () => {
  it('wait 100 ms, twice as long each time, a minute at most, and begin again after ten seconds of running', () => {
    const pauses: number[] = [];
    let last = 0;
    for (let at = 0; at < 12; at += 1) {
      last = nextRestart({ ...fresh, policy: always, restarts: at, lastPauseMs: last }) ?? -1;
      pauses.push(last);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
    expect(nextRestart({ ...fresh, policy: always, lastPauseMs: 60_000, ranMs: 10_000 })).toBe(100);
  });

  it.each([
    ['no', 1, 0, undefined],
    ['on-failure', 0, 0, undefined],
    ['on-failure', 1, 2, 100],
    ['on-failure', 1, 3, undefined],
    ['unless-stopped', 0, 9, 100],
  ] as const)('%s after exit code %i and %i restarts', (Name, exitCode, restarts, pause) => {
    const policy = { Name, MaximumRetryCount: Name === 'on-failure' ? 3 : 0 };
    expect(nextRestart({ ...fresh, policy, exitCode, restarts })).toBe(pause);
  });

  it('never start what somebody has stopped', () => {
    expect(nextRestart({ ...fresh, policy: always, stopped: true })).toBeUndefined();
  });

  it('never wait longer than a minute, nor less than 100 ms', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 100_000 }), fc.nat({ max: 60_000 }), (restarts, ranMs, lastPauseMs) => {
        const pause = nextRestart({ policy: always, exitCode: 0, restarts, ranMs, lastPauseMs, stopped: false }) ?? 0;
        expect(pause).toBeGreaterThanOrEqual(lastPauseMs === 0 ? 100 : Math.min(100, 2 * lastPauseMs));
        expect(pause).toBeLessThanOrEqual(60_000);
      }),
    );
  });

  it.each([
    ['always', true, true, 0, true],
    ['unless-stopped', true, true, 0, false],
    ['unless-stopped', true, false, 0, true],
    ['on-failure', true, false, 1, true],
    ['on-failure', true, false, 0, false],
    ['no', true, false, 1, false],
  ] as const)('after a reload %s, ran %s, stopped %s, code %i', (Name, ran, stopped, code, back) => {
    expect(comesBack({ Name }, ran, stopped, code)).toBe(back);
  });

  it.each([
    [{ Name: 'sometimes' }, false, "unknown policy 'sometimes'"],
    [{ Name: 'always', MaximumRetryCount: 2 }, false, "can only be used with 'on-failure'"],
    [{ Name: 'on-failure', MaximumRetryCount: -1 }, false, 'cannot be negative'],
    [{ Name: 'always' }, true, "can't create 'AutoRemove' container with restart policy"],
  ])('%j are refused', (policy, autoRemove, message) => {
    expect(() => readRestartPolicy(policy as never, autoRemove)).toThrow(message);
  });
});
