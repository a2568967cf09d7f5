import { describe, expect, it } from 'vitest';
import type { Exit } from '../../api/instance';
import { SandboxError } from '../../base/errors';
import { FakeClock } from '../../base/fake-clock';
import { InstanceStateMachine } from '../instance-state';
import { ended, exitInTime, nextExit } from './vm-exits';

const never = new Promise<never>(() => {});

describe('a machine whose guest was asked to power off', () => {
  it('ends as it does by itself', async () => {
    const clock = new FakeClock();
    const state = new InstanceStateMachine(() => 0);
    for (const phase of ['starting', 'running'] as const) state.enter(phase);
    const exited = nextExit(state.changed);
    state.enter('stopping');
    const exit = exitInTime(clock, 10_000, { asked: Promise.resolve(), exited });
    state.enter('stopped', { exit: ended('Powered off') });
    expect(await exit).toEqual({ code: 0, reason: 'Powered off' });
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it.each<[string, () => Promise<void>]>([
    ['does not obey', async () => {}],
    ['cannot be reached', () => Promise.reject(new SandboxError('Unavailable', 'Its agent is silent'))],
  ])('is killed after the grace time when it %s', async (_, ask) => {
    const clock = new FakeClock();
    let exit: Exit | undefined;
    const ending = exitInTime(clock, 10_000, { asked: ask(), exited: never }).then((how) => {
      exit = how;
    });
    await clock.advance(9_999);
    expect(exit).toBeUndefined();
    await clock.advance(1);
    await ending;
    expect(exit).toEqual({ code: 137, reason: 'Killed: did not power off within 10 s' });
  });

  it('is killed at once when nobody in it would hear', async () => {
    const asked = Promise.reject(new SandboxError('FailedPrecondition', 'It does not listen'));
    expect(await exitInTime(new FakeClock(), 10_000, { asked, exited: never })).toEqual({
      code: 137,
      reason: 'Killed: its system does not listen to the power button',
    });
  });
});
