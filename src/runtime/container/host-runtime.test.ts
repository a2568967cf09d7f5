import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { HostRuntime } from './host-runtime';
import { type HeldProcess, holdProcess } from './process-fixture';
import type { RuntimeState } from './runtime-protocol';

const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

function setUp() {
  const clock = new FakeClock(0);
  const started: HeldProcess[] = [];
  const serve = async () => {
    const held = holdProcess();
    started.push(held);
    held.say('{"id":1,"result":{"protocol":1}}\n');
    return held.process;
  };
  return { clock, started, start: () => HostRuntime.start({ serve, clock }) };
}

describe('the runtime of a host', () => {
  it('is started again when it dies, and says what runs then', async () => {
    const { clock, started, start } = setUp();
    const runtime = await start();
    const resumed: (readonly RuntimeState[])[] = [];
    runtime.resumed((states) => resumed.push(states));
    const lost = runtime.list();
    lost.catch(() => {});
    await turns();
    started[0]?.end(139);
    await expect(lost).rejects.toMatchObject({ code: 'Unavailable' });
    await turns();
    const next = runtime.call('pause', { container: 'web' });
    clock.advance(250);
    await turns();
    started[1]?.say(
      '{"id":2,"result":{"containers":[{"id":"web","status":"running","pid":7}]}}\n{"id":3,"result":{}}\n',
    );
    await turns();
    expect(started[1]?.lines.map((line) => JSON.parse(line).call)).toEqual(['hello', 'list', 'pause']);
    expect(await next).toEqual({});
    expect(resumed).toEqual([[{ id: 'web', status: 'running', pid: 7 }]]);
    runtime.dispose();
  });

  it('gives up when it dies again and again before it has answered, and says why', async () => {
    const clock = new FakeClock(0);
    const first = holdProcess();
    first.say('{"id":1,"result":{"protocol":1}}\n');
    let starts = 0;
    const runtime = await HostRuntime.start({
      clock,
      serve: async () => {
        starts += 1;
        if (starts === 1) return first.process;
        const held = holdProcess();
        held.complain('no memory\n');
        held.end(125);
        return held.process;
      },
    });
    first.end(1);
    for (let round = 0; round < 6; round += 1) {
      await turns();
      clock.advance(250);
    }
    await turns();
    await expect(runtime.list()).rejects.toMatchObject({ message: expect.stringContaining('no memory') });
    expect(starts).toBe(6);
    runtime.dispose();
  });

  it('is not started again for a host that is not used any more', async () => {
    const { clock, started, start } = setUp();
    const runtime = await start();
    runtime.dispose();
    await turns();
    clock.advance(1000);
    await turns();
    expect(started).toHaveLength(1);
    expect(started[0]?.signals).toEqual(['SIGKILL']);
  });
});
