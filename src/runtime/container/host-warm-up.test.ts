import { describe, expect, it } from 'vitest';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { FakeClock, settle } from '../../base/fake-clock';
import { HostUse } from './host-use';
import { HostWarmUp } from './host-warm-up';

function setUp({ clear = async () => {} } = {}) {
  const clock = new FakeClock(0);
  const runs: Deferred<void>[] = [];
  const containers = new Set<string>();
  const rehearse = (): Promise<void> => {
    const run = createDeferred<void>();
    runs.push(run);
    return run.promise;
  };
  const busy = (): boolean => containers.size > 0;
  const use = new HostUse(clock);
  return { clock, runs, containers, use, warmUp: new HostWarmUp({ clock, runs: 12, use, busy, clear, rehearse }) };
}

describe('warming a host up', () => {
  it('begins when nobody has used the host for a while, and is over after all runs, one after the other', async () => {
    const { clock, runs, warmUp } = setUp();
    await clock.advance(1499);
    expect(runs).toHaveLength(0);
    await clock.advance(1);
    for (let run = 1; run <= 12; run += 1) {
      expect(runs).toHaveLength(run);
      runs[run - 1]?.resolve();
      await settle();
    }
    await warmUp.over;
    expect(runs).toHaveLength(12);
  });

  it('waits again whenever somebody uses it, and counts what has run', async () => {
    const { clock, runs, use, warmUp } = setUp();
    await clock.advance(1000);
    for (let run = 0; run < 10; run += 1) warmUp.ran();
    use.note();
    await clock.advance(1499);
    expect(runs).toHaveLength(0);
    await clock.advance(1);
    expect(runs).toHaveLength(1);
    use.note();
    runs[0]?.resolve();
    await clock.advance(1499);
    expect(runs).toHaveLength(1);
    await clock.advance(1);
    expect(runs).toHaveLength(2);
    runs[1]?.resolve();
    await warmUp.over;
  });

  it('keeps out of the way of containers that run', async () => {
    const { clock, runs, containers } = setUp();
    containers.add('web');
    await clock.advance(60_000);
    expect(runs).toHaveLength(0);
    containers.delete('web');
    await clock.advance(3000);
    expect(runs).toHaveLength(1);
  });

  it('keeps out of the way of a call for as long as it takes', async () => {
    const { clock, runs, use } = setUp();
    const call = createDeferred<void>();
    const called = use.during(() => call.promise);
    await clock.advance(60_000);
    expect(runs).toHaveLength(0);
    call.resolve();
    await called;
    await clock.advance(1499);
    expect(runs).toHaveLength(0);
    await clock.advance(1500);
    expect(runs).toHaveLength(1);
  });

  it('goes on after a run that failed on a host that was paused meanwhile, however often', async () => {
    const { clock, runs, containers } = setUp();
    await clock.advance(1500);
    for (let pause = 1; pause <= 5; pause += 1) {
      containers.add('paused');
      runs[pause - 1]?.reject(new SandboxError('FailedPrecondition', 'The host is paused'));
      await clock.advance(60_000);
      expect(runs).toHaveLength(pause);
      containers.clear();
      await clock.advance(3000);
      expect(runs).toHaveLength(pause + 1);
    }
  });

  it('is over when it fails three times in a row', async () => {
    const { clock, runs, warmUp } = setUp();
    const fail = async (): Promise<void> => {
      await clock.advance(1500);
      runs.at(-1)?.reject(new SandboxError('Internal', 'Operation not permitted'));
      await settle();
    };
    await fail();
    await fail();
    await clock.advance(1500);
    runs.at(-1)?.resolve();
    await settle();
    runs.at(-1)?.reject(new SandboxError('Internal', 'Operation not permitted'));
    await fail();
    await fail();
    await warmUp.over;
    expect(runs).toHaveLength(6);
  });

  it('takes first away what an earlier page has left, and goes on if it cannot', async () => {
    const cleared = createDeferred<void>();
    const { clock, runs } = setUp({ clear: () => cleared.promise });
    await clock.advance(5000);
    expect(runs).toHaveLength(0);
    cleared.reject(new SandboxError('Unavailable', 'The runtime has died'));
    await clock.advance(0);
    expect(runs).toHaveLength(1);
  });

  it('is over when the host is not used any more', async () => {
    const { clock, runs, warmUp } = setUp();
    warmUp.dispose();
    await warmUp.over;
    await clock.advance(5000);
    expect(runs).toHaveLength(0);
  });
});
