import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { FakeClock } from '../../base/fake-clock';
import { MachineUse } from './machine-use';

describe('a machine as a whole', () => {
  it('is used for one thing at a time, and says for what', async () => {
    const use = new MachineUse();
    const saved = createDeferred<string>();
    const saving = use.exclusive('checkpoint', () => saved.promise);
    await expect(use.exclusive('pause', async () => {})).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: 'Cannot pause: the instance is busy (checkpoint)',
    });
    saved.resolve('layer');
    expect(await saving).toBe('layer');
    expect(await use.exclusive('pause', async () => 'paused')).toBe('paused');
  });

  it('is free again after something that failed', async () => {
    const use = new MachineUse();
    await expect(use.exclusive('pause', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await use.exclusive('resume', async () => 'resumed')).toBe('resumed');
  });
});

describe('a move', () => {
  it('begins once the guest has answered what it was asked', async () => {
    const [use, clock] = [new MachineUse(), new FakeClock()];
    const answer = createDeferred<string>();
    const asking = use.awaitAnswer(answer.promise);
    let begun = false;
    const moving = use.move(clock, async () => {
      begun = true;
    });
    await clock.advance(0);
    expect(begun).toBe(false);
    answer.resolve('here');
    await moving;
    expect([begun, await asking, clock.pending]).toEqual([true, 'here', 0]);
  });

  it('does not wait longer than a second for answers, nor for one that has come', async () => {
    const [use, clock] = [new MachineUse(), new FakeClock()];
    await expect(use.awaitAnswer(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    const never = use.awaitAnswer(new Promise<never>(() => {}));
    let begun = false;
    const moving = use.move(clock, async () => {
      begun = true;
    });
    await clock.advance(999);
    expect(begun).toBe(false);
    await clock.advance(1);
    await moving;
    expect(begun).toBe(true);
    void never;
  });

  it('is there to be waited for until it is over, also when it fails', async () => {
    const [use, clock] = [new MachineUse(), new FakeClock()];
    expect(use.moving).toBeUndefined();
    const moving = use.move(clock, () => Promise.reject(new Error('no room')));
    moving.catch(() => {});
    expect(await use.moving).toBeUndefined();
    await expect(moving).rejects.toThrow('no room');
    expect(use.moving).toBeUndefined();
  });
});
