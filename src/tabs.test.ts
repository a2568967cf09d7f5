import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDeferred } from './base/deferred';
import { FakeClock } from './base/fake-clock';
import { FakeOrigin } from './storage/web-locks-fixture';
import { followOwnership } from './tabs';

describe('what a tab does for the lab that it has', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('ends when another tab gets the lab, also what it would begin only then', async () => {
    const [origin, clock] = [new FakeOrigin(), new FakeClock()];
    const opening = createDeferred<void>();
    const done: string[] = [];
    const follow = async (tab: string) => {
      vi.stubGlobal('navigator', { locks: origin.locks(tab) });
      vi.stubGlobal('BroadcastChannel', function channel() {
        return origin.channel(tab);
      });
      const following = followOwnership(clock, {
        async open(owned) {
          owned.add(clock.after(30_000, () => done.push(`${tab} early`)));
          if (tab === 'a') await opening.promise;
          owned.add(clock.after(30_000, () => done.push(`${tab} late`)));
        },
        save: async () => {},
        close: async () => {},
        show: () => {},
        failed: (error) => {
          throw error;
        },
      });
      await clock.advance(20);
      return following;
    };
    const first = await follow('a');
    const second = await follow('b');
    // Old enough not to be taken for the reload of the owner.
    await clock.advance(2000);
    const taking = second.takeOver();
    await clock.advance(0);
    await taking;
    expect([first.state, second.state]).toEqual(['lost', 'owner']);
    opening.resolve();
    await clock.advance(30_000);
    expect(done).toEqual(['b early', 'b late']);
    for (const lock of [first, second]) lock.dispose();
  });
});
