import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { FakeClock, settle } from '../../base/fake-clock';
import { HostUse } from './host-use';
import { holdProcess } from './process-fixture';

describe('the use of a host', () => {
  it('goes on while one of the calls is under way, however it ends', async () => {
    const clock = new FakeClock(0);
    const use = new HostUse(clock);
    const [first, second] = [createDeferred<number>(), createDeferred<number>()];
    const [one, two] = [use.during(() => first.promise), use.during(() => second.promise)];
    await clock.advance(5000);
    expect(use.idleMs).toBe(0);
    first.resolve(7);
    expect(await one).toBe(7);
    await clock.advance(5000);
    expect(use.idleMs).toBe(0);
    second.reject(new SandboxError('NotFound', 'No such container: web'));
    await expect(two).rejects.toThrow('No such container');
    await clock.advance(400);
    expect(use.idleMs).toBe(400);
    use.note();
    expect(use.idleMs).toBe(0);
  });

  it('goes on until a program has ended that reads or writes for it', async () => {
    const clock = new FakeClock(0);
    const use = new HostUse(clock);
    const held = holdProcess();
    const guest = use.guest({ exec: async () => ({ ...held.process, id: '1' }) });
    await guest.exec({ argv: ['strata-files', 'unpack'] });
    await clock.advance(5000);
    expect(use.idleMs).toBe(0);
    held.end(0);
    await settle();
    await clock.advance(300);
    expect(use.idleMs).toBe(300);
  });

  it('is over when a program cannot be started', async () => {
    const clock = new FakeClock(0);
    const use = new HostUse(clock);
    const refused = new SandboxError('FailedPrecondition', 'The machine is paused');
    await expect(use.guest({ exec: () => Promise.reject(refused) }).exec({ argv: ['true'] })).rejects.toBe(refused);
    await clock.advance(200);
    expect(use.idleMs).toBe(200);
  });
});
