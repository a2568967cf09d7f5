import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../base/eventually-fixture';
import { FakeClock } from '../base/fake-clock';
import { SiteMemory } from './site-memory';

describe('the memory of all labs in frames of one site', () => {
  const clock = new FakeClock(1000);
  const ends: (() => void)[] = [];
  let site = 0;
  afterEach(() => {
    for (const end of ends.splice(0)) end();
    site += 1;
  });

  const open = (id: string, totalMiB = 1000) => {
    const channel = new BroadcastChannel(`site-memory-${site}`);
    const memory = new SiteMemory({ channel, clock, totalMiB, id });
    ends.push(() => memory.dispose());
    return memory;
  };
  /** The clock goes on until it is answered; what goes between frames takes its own time. */
  const settled = async <T>(work: Promise<T>, stepMs = 100): Promise<T> => {
    let result: { readonly value: T } | undefined;
    void work.then((value) => {
      result = { value };
    });
    await eventually(async () => {
      await clock.advance(stepMs);
      expect(result).toBeDefined();
    });
    return (result as { readonly value: T }).value;
  };

  it('is had once, and again when who had it gives it back', async () => {
    const [first, second] = [open('a'), open('b')];
    expect(await settled(first.take(700))).toEqual({ granted: true, left: 1000 });
    expect(await settled(second.take(400))).toEqual({ granted: false, left: 300 });
    await first.take(0);
    expect(await settled(second.take(400))).toEqual({ granted: true, left: 1000 });
  });

  it('is not had twice by two that want it at the same moment', async () => {
    const both = [open('a'), open('b')].map((memory) => memory.take(600));
    const answers = await settled(Promise.all(both));
    expect(answers.map(({ granted }) => granted)).toEqual([true, false]);
  });

  it('is told to a frame that comes later', async () => {
    await settled(open('a').take(700));
    expect(await settled(open('b').take(400))).toEqual({ granted: false, left: 300 });
  });

  it('is free again when the frame that had it goes', async () => {
    const [first, second] = [open('a'), open('b')];
    await settled(first.take(700));
    first.dispose();
    ends.shift();
    expect(await settled(second.take(400))).toMatchObject({ granted: true });
  });

  it('waits for a frame that does not answer, and then does without', async () => {
    const dead = new BroadcastChannel(`site-memory-${site}`);
    ends.push(() => dead.close());
    const memory = open('b');
    dead.postMessage({ from: 'a', kind: 'has', mib: 900 });
    const began = clock.monotonic();
    expect(await settled(memory.take(400))).toMatchObject({ granted: true });
    expect(clock.monotonic() - began).toBeGreaterThanOrEqual(2000);
  });
});
