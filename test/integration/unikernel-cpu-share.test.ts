import { expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock';
import { ConsoleSender } from '../../src/runtime/unikernel/console-sender';
import { Guest } from '../../src/runtime/unikernel/guest';
import { TurnScheduler } from '../../src/runtime/unikernel/turn-scheduler';
import { guest as assembled } from '../support/guest-modules';

/** Its turns take 10 ms each, by the clock that stands still otherwise, and it always wants the next one. */
const busy = assembled({ poll: '(drop (call $random (i32.const 0) (i32.const 8))) (i64.const 0)' });

async function turnsIn(ms: number, cpus: number): Promise<number> {
  const clock = new FakeClock();
  const scheduler = new TurnScheduler(clock);
  const console = new MessageChannel();
  const guest = new Guest({
    module: new WebAssembly.Module(busy),
    kind: 'evented',
    args: [],
    config: {},
    cpus,
    console: new ConsoleSender(console.port1),
    devices: [],
    scheduler,
    clock,
    random: () => void clock.jump(10),
    announce: () => {},
    onMemory: () => {},
    onEnd: () => {},
  });
  try {
    expect(await guest.begin()).toBeUndefined();
    // Its first turn is asked for in a turn of the event loop.
    while (guest.counters.turns === 0) await new Promise((resolve) => setImmediate(resolve));
    const before = guest.counters.turns;
    await clock.advance(ms);
    return guest.counters.turns - before;
  } finally {
    guest.dispose();
    scheduler.dispose();
    console.port2.close();
  }
}

it('a unikernel gets no more of the CPU than its share, however much it wants', async () => {
  expect(await turnsIn(4000, 0.25)).toBe(100);
  expect(await turnsIn(4000, 0.1)).toBe(40);
});
