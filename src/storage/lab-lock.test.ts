import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../base/deferred';
import { FakeClock } from '../base/fake-clock';
import { acquireLab, type LabLock, type LabOwnership } from './lab-lock';
import { FakeOrigin } from './web-locks-fixture';

const name = 'lab';

describe('the lock of the lab', () => {
  let origin: FakeOrigin;
  let clock: FakeClock;
  beforeEach(() => {
    origin = new FakeOrigin();
    clock = new FakeClock();
  });

  const open = async (tab: string): Promise<LabLock> => {
    const opening = acquireLab({ locks: origin.locks(tab), channel: () => origin.channel(tab), clock, name });
    // Those who watch the lock may be in the way of the first try.
    await clock.advance(20);
    return opening;
  };
  /** Old enough not to be taken for the reload of the owner. */
  const openOld = async (tab: string): Promise<LabLock> => {
    const lab = await open(tab);
    await clock.advance(2000);
    return lab;
  };
  const heard = (lab: LabLock): LabOwnership[] => {
    const states: LabOwnership[] = [];
    lab.changes((state) => states.push(state));
    return states;
  };

  it('belongs to the first tab, and the second learns at once that it does', async () => {
    const [first, second] = [await open('a'), await open('b')];
    expect(first.state).toBe('owner');
    expect(second.state).toBe('other');
    expect(origin.owners(name)).toEqual(['a']);
  });

  it('is handed over once the owner has saved, and the former owner says so', async () => {
    const [first, second] = [await open('a'), await openOld('b')];
    const saved = createDeferred<void>();
    first.beforeHandOver(() => saved.promise);
    const taking = second.takeOver();
    await clock.advance(4000);
    expect(second.state).toBe('other');
    expect(first.state).toBe('owner');
    saved.resolve();
    await clock.advance(0);
    await taking;
    expect(second.state).toBe('owner');
    expect(first.state).toBe('lost');
    expect(origin.owners(name)).toEqual(['b']);
  });

  it.each([
    ['never ends', () => new Promise<void>(() => undefined), 5000],
    ['fails', () => Promise.reject(new Error('no room')), 0],
    [
      'throws',
      () => {
        throw new Error('bug');
      },
      0,
    ],
  ])('is handed over all the same when saving %s', async (_, save, ms) => {
    const [first, second] = [await open('a'), await openOld('b')];
    first.beforeHandOver(save);
    const taking = second.takeOver();
    await clock.advance(ms);
    await taking;
    expect([first.state, second.state]).toEqual(['lost', 'owner']);
  });

  it('is taken from an owner that does not answer, which hears of it when it wakes', async () => {
    const [first, second] = [await open('a'), await openOld('b')];
    let saves = 0;
    first.beforeHandOver(async () => {
      saves += 1;
    });
    origin.freeze('a');
    const taking = second.takeOver();
    await clock.advance(1999);
    expect(second.state).toBe('other');
    await clock.advance(1);
    await taking;
    expect(second.state).toBe('owner');
    origin.thaw('a');
    await clock.advance(0);
    expect(first.state).toBe('lost');
    expect(origin.owners(name)).toEqual(['b']);
    expect(saves).toBeLessThanOrEqual(1);
  });

  it('is told to be free within a second of the owner’s death, to all who wait, and stays so until it is taken', async () => {
    const [, second, third] = [await open('a'), await open('b'), await openOld('c')];
    origin.kill('a');
    await clock.advance(1000);
    expect([second.state, third.state]).toEqual(['free', 'free']);
    expect(origin.owners(name)).toEqual([]);
    const states = heard(third);
    await second.takeOver();
    await clock.advance(0);
    expect([second.state, third.state]).toEqual(['owner', 'other']);
    origin.kill('b');
    await clock.advance(1000);
    expect(states).toEqual(['other', 'free']);
  });

  it('stays with a tab that reloads, and the tab that waits never calls it free', async () => {
    const [, second] = [await open('a'), await openOld('b')];
    const states = heard(second);
    origin.kill('a');
    const again = await open('a, reloaded');
    await clock.advance(2000);
    expect([again.state, second.state]).toEqual(['owner', 'other']);
    expect(states).toEqual([]);
  });

  it('goes to a page that came just before the last one went, as a reload does', async () => {
    await open('a');
    const again = await open('a, reloaded');
    expect(again.state).toBe('other');
    origin.kill('a');
    await clock.advance(20);
    expect(again.state).toBe('owner');
  });

  it('is free when the owner lets go by itself', async () => {
    const [first, second] = [await open('a'), await openOld('b')];
    first.dispose();
    await clock.advance(1000);
    expect(second.state).toBe('free');
  });

  it('goes back and forth', async () => {
    const [first, second] = [await open('a'), await openOld('b')];
    for (const [taker, loser] of [
      [second, first],
      [first, second],
      [second, first],
    ] as const) {
      const taking = taker.takeOver();
      await clock.advance(0);
      await taking;
      expect([taker.state, loser.state]).toEqual(['owner', 'lost']);
    }
  });

  it('is one tab’s in the end when two ask at once, and no asking hangs', async () => {
    const [first, second, third] = [await open('a'), await open('b'), await openOld('c')];
    first.beforeHandOver(async () => undefined);
    const taking = Promise.all([second.takeOver(), third.takeOver()]);
    await clock.advance(20_000);
    await taking;
    expect([first.state, second.state, third.state].filter((state) => state === 'owner')).toHaveLength(1);
    expect(origin.owners(name)).toHaveLength(1);
  });

  it('leaves no alarm, no lock and no listener when all are disposed', async () => {
    const labs = [await open('a'), await open('b'), await openOld('c')];
    const taking = labs[1]?.takeOver();
    for (const lab of labs) lab.dispose();
    await clock.advance(0);
    await taking;
    expect(origin.owners(name)).toEqual([]);
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['there are no locks', undefined, () => origin.channel('a')],
    ['locks are denied', { request: () => Promise.reject(new DOMException('Denied', 'SecurityError')) }, undefined],
    [
      'channels are denied',
      {},
      () => {
        throw new DOMException('Denied', 'SecurityError');
      },
    ],
  ])('is this tab’s, as far as can be told, where %s', async (_, locks, channel = () => origin.channel('a')) => {
    const lab = await acquireLab({ locks: locks as LockManager | undefined, channel, clock, name });
    expect(lab.state).toBe('alone');
    expect(lab.reason).toEqual(expect.any(String));
    await lab.takeOver();
    lab.dispose();
  });

  it('has at most one owner whatever tabs do, and always finds one that asks', async () => {
    const tab = fc.integer({ min: 0, max: 3 });
    const step = fc.oneof(
      fc.record({ what: fc.constant('take' as const), tab }),
      fc.record({ what: fc.constantFrom('open', 'kill', 'freeze', 'thaw', 'close'), tab }),
      fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 4000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        origin = new FakeOrigin();
        clock = new FakeClock();
        const tabs = new Map<number, { readonly id: string; readonly lab: LabLock }>();
        const asked: Promise<void>[] = [];
        let opened = 0;
        const check = (): void => {
          expect(origin.owners(name).length).toBeLessThanOrEqual(1);
          const owners = [...tabs.values()].filter(({ lab }) => lab.state === 'owner').map(({ id }) => id);
          // A frozen tab may still believe; whoever can act on it knows better.
          expect(owners.filter((id) => !frozen.has(id)).length).toBeLessThanOrEqual(1);
        };
        const frozen = new Set<string>();
        for (const each of steps) {
          if (each.what === 'wait') await clock.advance(each.ms);
          else if (each.what === 'open') {
            if (!tabs.has(each.tab)) {
              opened += 1;
              const id = `${each.tab}.${opened}`;
              tabs.set(each.tab, { id, lab: await open(id) });
            }
          } else {
            const found = tabs.get(each.tab);
            if (!found) continue;
            const { id, lab } = found;
            if (each.what === 'take' && !frozen.has(id)) asked.push(lab.takeOver());
            else if (each.what === 'freeze' && !frozen.has(id)) {
              origin.freeze(id);
              frozen.add(id);
            } else if (each.what === 'thaw' && frozen.delete(id)) origin.thaw(id);
            else if (each.what === 'kill' || each.what === 'close') {
              if (each.what === 'close') lab.dispose();
              else origin.kill(id);
              tabs.delete(each.tab);
              frozen.delete(id);
            }
          }
          await clock.advance(0);
          check();
        }
        for (const id of frozen) origin.thaw(id);
        frozen.clear();
        await clock.advance(30_000);
        check();
        const last = [...tabs.values()].at(-1);
        if (!last) return;
        const taking = last.lab.takeOver();
        await clock.advance(10_000);
        await taking;
        expect(last.lab.state).toBe('owner');
        expect(origin.owners(name)).toEqual([last.id]);
        for (const { lab } of tabs.values()) lab.dispose();
      }),
      { numRuns: 200 },
    );
  });
});
