import { describe, expect, it } from 'vitest';
import { delay, every, systemClock } from './clock';
import { FakeClock } from './fake-clock';

describe('delay', () => {
  it('resolves when the time is over and not before', async () => {
    const clock = new FakeClock();
    let over = false;
    void delay(clock, 100).then(() => {
      over = true;
    });
    await clock.advance(99);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(over).toBe(true);
  });

  it('resolves at once when the signal fires, and leaves no alarm behind', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const waiting = delay(clock, 100, controller.signal);
    controller.abort();
    await waiting;
    expect(clock.pending).toBe(0);
  });

  it('does not wait for a signal that has fired already', async () => {
    const clock = new FakeClock();
    await delay(clock, 100, AbortSignal.abort());
    expect(clock.pending).toBe(0);
  });
});

describe('the system clock', () => {
  it('rings, and does not ring when disposed', async () => {
    let rung = '';
    systemClock
      .after(0, () => {
        rung += 'disposed';
      })
      .dispose();
    await delay(systemClock, 1);
    expect(rung).toBe('');
  });
});

describe('the fake clock', () => {
  it('rings alarms in the order of their times', async () => {
    const clock = new FakeClock(0);
    const rung: number[] = [];
    clock.after(30, () => rung.push(clock.now()));
    clock.after(10, () => rung.push(clock.now()));
    await clock.advance(50);
    expect(rung).toEqual([10, 30]);
    expect(clock.now()).toBe(50);
  });
});

describe('every', () => {
  it('calls at once, then at each period, and not after it is disposed', async () => {
    const clock = new FakeClock(0);
    const calls: number[] = [];
    const timer = every(clock, 10, () => calls.push(clock.now()));
    await clock.advance(25);
    timer.dispose();
    await clock.advance(50);
    expect(calls).toEqual([0, 10, 20]);
    expect(clock.pending).toBe(0);
  });
});
