import { describe, expect, it } from 'vitest';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { FakeClock, settle } from '../base/fake-clock';
import { SampledEvent } from './sampled-event';

describe('a sampled event', () => {
  it('asks at once and at each period, only while somebody listens', async () => {
    const clock = new FakeClock(0);
    let asked = 0;
    const sampled = new SampledEvent(clock, 1000, async () => {
      asked += 1;
      return asked;
    });
    await clock.advance(5000);
    expect(asked).toBe(0);
    const heard: number[] = [];
    const subscription = sampled.event((value) => heard.push(value));
    await clock.advance(2500);
    subscription.dispose();
    await clock.advance(5000);
    expect(heard).toEqual([1, 2, 3]);
    expect(clock.pending).toBe(0);
  });

  it('does not ask again before the answer', async () => {
    const clock = new FakeClock(0);
    let asked = 0;
    const gate = createDeferred<number>();
    const sampled = new SampledEvent(clock, 1000, () => {
      asked += 1;
      return gate.promise;
    });
    sampled.event(() => {});
    await clock.advance(5000);
    expect(asked).toBe(1);
    gate.resolve(1);
    await settle();
    await clock.advance(1000);
    expect(asked).toBe(2);
    sampled.dispose();
  });

  it('counts what it could not have and goes on', async () => {
    const clock = new FakeClock(0);
    const heard: number[] = [];
    let fail = true;
    const sampled = new SampledEvent(clock, 1000, async () => {
      if (fail) throw new SandboxError('Unavailable', 'Gone');
      return 7;
    });
    sampled.event((value) => heard.push(value));
    await clock.advance(0);
    fail = false;
    await clock.advance(1000);
    expect(sampled.failures).toBe(1);
    expect(heard).toEqual([7]);
    sampled.dispose();
  });
});
