import { expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { FakeClock, settle } from '../base/fake-clock';
import type { LessonCheck } from '../formats/lesson/lesson';
import { CheckWatch } from './check-watch';
import type { LessonLab } from './lesson-lab';

const check: LessonCheck = { kind: 'packet', name: 'x', network: 'default', protocol: 'arp', within: 5 };
const other: LessonCheck = { kind: 'instance', name: 'y', instance: 'box', phase: 'running', within: 5 };

function watched(packets: () => Promise<number>) {
  const clock = new FakeClock();
  const lab = { packets, phaseOf: () => 'running' } as unknown as LessonLab;
  const watch = new CheckWatch([other, check], { lab, clock });
  const next = async (): Promise<string | undefined> => {
    await clock.advance(1500);
    return watch.states[1]?.state;
  };
  return { watch, next };
}

it('packets of an earlier step are none of this one, though the network was asked for them then', async () => {
  let frames = 7;
  const { next } = watched(async () => frames);
  await settle();
  expect(await next()).toBe('missing');
  frames = 8;
  expect(await next()).toBe('passed');
});

it('packets on a network that comes later, or begins anew, are counted from its beginning', async () => {
  let frames: number | undefined;
  const packets = async (): Promise<number> => {
    if (frames === undefined) throw new SandboxError('NotFound', 'There is no network "default"');
    return frames;
  };
  const late = watched(packets);
  expect(await late.next()).toBe('missing');
  frames = 1;
  expect(await late.next()).toBe('passed');
  frames = 5;
  const anew = watched(packets);
  expect(await anew.next()).toBe('missing');
  frames = 0;
  expect(await anew.next()).toBe('missing');
  // As many as there were at first.
  frames = 5;
  expect(await anew.next()).toBe('passed');
});
