import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock';
import { acquireLab, type LabLock } from './lab-lock';
import { randomId } from './random-id';

describe('the lock of the lab, by the browser’s own locks', () => {
  let name: string;
  const ends: (() => void)[] = [];
  beforeEach(() => {
    name = `test-${randomId()}`;
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  const open = async (locks: LockManager = navigator.locks): Promise<LabLock> => {
    const lab = await acquireLab({ locks, channel: () => new BroadcastChannel(name), clock: systemClock, name });
    ends.push(() => lab.dispose());
    return lab;
  };
  const become = (lab: LabLock, wanted: LabLock['state']): Promise<void> =>
    new Promise((resolve) => {
      if (lab.state === wanted) resolve();
      lab.changes((state) => state === wanted && resolve());
    });
  /** Another document, whose locks go when it does. */
  const openFrame = async (): Promise<{ readonly locks: LockManager; remove(): void }> => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    ends.push(() => frame.remove());
    const { navigator: inside } = frame.contentWindow as Window;
    return { locks: inside.locks, remove: () => frame.remove() };
  };

  it('is handed over after saving', async () => {
    const [first, second] = [await open(), await open()];
    expect([first.state, second.state]).toEqual(['owner', 'other']);
    let saved = false;
    first.beforeHandOver(async () => {
      saved = true;
    });
    await second.takeOver();
    expect(saved).toBe(true);
    expect([first.state, second.state]).toEqual(['lost', 'owner']);
  });

  it('is free when the owner’s document has gone, and can be taken', async () => {
    const frame = await openFrame();
    await open(frame.locks);
    const lab = await open();
    expect(lab.state).toBe('other');
    frame.remove();
    // A page this young takes it by itself, as after a reload.
    await become(lab, 'owner');
  });

  it('is taken from an owner that does not answer, which hears of it', async () => {
    const owner = await acquireLab({
      locks: navigator.locks,
      // Nobody hears what is told on another channel.
      channel: () => new BroadcastChannel(`${name}-elsewhere`),
      clock: systemClock,
      name,
    });
    ends.push(() => owner.dispose());
    const lab = await open();
    await lab.takeOver();
    expect(lab.state).toBe('owner');
    await become(owner, 'lost');
  });
});
