import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock';
import { Emitter } from '../base/events';
import { FakeClock } from '../base/fake-clock';
import { DisposableStore } from '../base/lifecycle';
import { LeakTracker } from './leak-tracker-fixture';
import { inProcessSpawner } from './spawn-node';

describe('the leak tracker', () => {
  let tracker: LeakTracker;
  beforeEach(() => {
    tracker = new LeakTracker();
  });
  afterEach(() => tracker.dispose());

  it('names where a listener was added that nobody ended', () => {
    const emitter = new Emitter<number>();
    const kept = emitter.event(() => undefined);
    emitter.event(() => undefined).dispose();
    expect(tracker.leaks()).toEqual([expect.stringContaining('leak-tracker.test.ts')]);
    kept.dispose();
    expect(tracker.leaks()).toEqual([]);
  });

  it('counts an alarm until it rings or is disposed', async () => {
    const clock = new FakeClock();
    clock.after(10, () => undefined);
    clock.after(20, () => undefined).dispose();
    expect(tracker.leaks()).toHaveLength(1);
    await clock.advance(10);
    expect(tracker.leaks()).toEqual([]);
    await new Promise<void>((resolve) => void systemClock.after(0, resolve));
    expect(tracker.leaks()).toEqual([]);
  });

  it('follows what a store ends', () => {
    const store = new DisposableStore();
    store.add(new Emitter<void>().event(() => undefined));
    expect(tracker.leaks()).toHaveLength(1);
    store.dispose();
    expect(tracker.leaks()).toEqual([]);
  });

  it('counts workers until they are terminated', () => {
    const spawn = tracker.track(inProcessSpawner(() => undefined));
    const [first, second] = [spawn('vm'), spawn('vm')];
    first.terminate();
    first.terminate();
    expect(tracker.leaks()).toEqual(['1 × worker vm']);
    second.terminate();
    expect(tracker.leaks()).toEqual([]);
  });

  it('hears nothing more once it is disposed', () => {
    tracker.dispose();
    new Emitter<void>().event(() => undefined);
    expect(tracker.leaks()).toEqual([]);
  });
});
