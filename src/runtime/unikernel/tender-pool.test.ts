import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../base/fake-clock';
import { expose } from '../../rpc/control';
import { inProcessSpawner } from '../../rpc/spawn-node';
import { Supervisor } from '../supervisor';
import { TenderPool } from './tender-pool';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Lets messages between ports of this thread arrive. */
const messages = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await settle();
};

describe('a worker for unikernels', () => {
  it.each([
    ['is ended within half a second when it does not answer', () => new Promise<void>(() => {}), true],
    ['goes on as long as it answers', async () => {}, false],
  ])('%s', async (_, ping, ends) => {
    const clock = new FakeClock();
    const supervisor = new Supervisor(clock);
    const spawn = inProcessSpawner((port) => {
      ports.push(port);
      expose({ ping, open: async () => {}, end: async () => {} }, port);
    });
    const pool = new TenderPool({ spawn, supervisor, spread: 1 });
    const host = pool.take('evented');
    const lost: boolean[] = [];
    host.enter(1, { ended: () => {}, lost: (_error, blamed) => lost.push(blamed) });
    await host.ready;
    await messages();
    for (let elapsed = 0; elapsed < 500; elapsed += 50) {
      await clock.advance(50);
      await messages();
    }
    expect(host.lost.aborted).toBe(ends);
    // Nobody was announced to have the CPU.
    expect(lost).toEqual(ends ? [false] : []);
    expect(pool.workers).toBe(ends ? 0 : 1);
    supervisor.dispose();
  });

  it.each([
    ['is asked rarely while nothing runs in it', async () => {}, false],
    ['is ended as soon when what was told to end keeps it', () => new Promise<void>(() => {}), true],
  ])('%s', async (_, end, ends) => {
    const clock = new FakeClock();
    const supervisor = new Supervisor(clock);
    let asked = 0;
    let keptBusy = false;
    const ping = (): Promise<void> => {
      asked += 1;
      return keptBusy ? new Promise(() => {}) : Promise.resolve();
    };
    const spawn = inProcessSpawner((port) => {
      ports.push(port);
      expose({ ping, open: async () => {}, end }, port);
    });
    const pool = new TenderPool({ spawn, supervisor, spread: 1 });
    const host = pool.take('evented');
    await host.ready;
    const lasts = async (ms: number): Promise<number> => {
      const before = asked;
      for (let elapsed = 0; elapsed < ms; elapsed += 50) {
        await clock.advance(50);
        await messages();
      }
      return asked - before;
    };
    expect(await lasts(10_000)).toBeLessThanOrEqual(3);
    host.enter(1, { ended: () => {}, lost: () => {} });
    expect(await lasts(1000)).toBeGreaterThanOrEqual(6);
    keptBusy = ends;
    host.leave(1);
    await messages();
    expect(await lasts(500)).toBeLessThanOrEqual(4);
    expect(host.lost.aborted).toBe(ends);
    expect(await lasts(10_000)).toBeLessThanOrEqual(3);
    supervisor.dispose();
    expect(clock.pending).toBe(0);
  });
});
