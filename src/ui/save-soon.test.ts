import { expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { SaveSoon, saveSoonMs } from './save-soon';

interface Title {
  readonly name: string;
  readonly notes: string;
}

it('saves once, a moment after the last key', async () => {
  const clock = new FakeClock(0);
  const saved: unknown[] = [];
  const soon = new SaveSoon<Title>((change) => saved.push(change), clock);
  for (const name of ['w', 'we', 'web']) {
    soon.put({ name });
    await clock.advance(saveSoonMs - 1);
  }
  expect(saved).toEqual([]);
  soon.put({ notes: 'mine' });
  await clock.advance(saveSoonMs);
  expect(saved).toEqual([{ name: 'web', notes: 'mine' }]);
});

it('saves at once what waits, and then nothing more', async () => {
  const clock = new FakeClock(0);
  const saved: unknown[] = [];
  const soon = new SaveSoon<Title>((change) => saved.push(change), clock);
  soon.now();
  soon.put({ name: 'web' });
  soon.now();
  await clock.advance(saveSoonMs * 2);
  expect(saved).toEqual([{ name: 'web' }]);
});
