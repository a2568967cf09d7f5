import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { createSeededRandom } from '../base/seeded-random';
import { type ChaosOptions, type ChaosPort, createChaosPort } from './chaos-port-fixture';

const count = 500;

describe('a chaos port', () => {
  let chaos: ChaosPort;
  afterEach(() => chaos.dispose());

  /** Sends numbers through and gives what came out, once all that was taken has been dealt with. */
  const send = async (options: Omit<ChaosOptions, 'random'>): Promise<number[]> => {
    const { port1, port2 } = new MessageChannel();
    chaos = createChaosPort(port2, { random: createSeededRandom(5), ...options });
    const received: number[] = [];
    const last = new Promise<void>((resolve) => {
      chaos.port.onmessage = ({ data }: MessageEvent<number>) => {
        received.push(data);
        if (received.length === chaos.counters.delivered && chaos.counters.taken === count) resolve();
      };
    });
    for (let value = 0; value < count; value += 1) port1.postMessage(value);
    await last;
    const waiting = chaos.counters.delivered;
    chaos.flush();
    if (chaos.counters.delivered > waiting) await new Promise((resolve) => setTimeout(resolve));
    return received;
  };
  const all = Array.from({ length: count }, (_, value) => value);
  const sorted = (values: number[]): number[] => [...values].sort((a, b) => a - b);

  it('changes nothing unless told to', async () => {
    expect(await send({})).toEqual(all);
  });

  it('loses messages and counts them', async () => {
    const received = await send({ drop: 0.1 });
    expect(received).toHaveLength(count - chaos.counters.dropped);
    expect(chaos.counters.dropped).toBeGreaterThan(20);
    expect(sorted(received)).toEqual(received);
  });

  it('doubles messages and counts them', async () => {
    const received = await send({ duplicate: 0.1 });
    expect(received).toHaveLength(count + chaos.counters.duplicated);
    expect(chaos.counters.duplicated).toBeGreaterThan(20);
    expect([...new Set(received)]).toEqual(all);
  });

  it('swaps neighbours and loses none', async () => {
    const received = await send({ reorder: 0.1 });
    expect(received).not.toEqual(all);
    expect(sorted(received)).toEqual(all);
    for (const [place, value] of received.entries()) expect(Math.abs(place - value)).toBeLessThanOrEqual(2);
  });

  it('holds messages back for a while', async () => {
    const clock = new FakeClock();
    const { port1, port2 } = new MessageChannel();
    chaos = createChaosPort(port2, { random: createSeededRandom(1), delay: 1, delayMs: 50, clock });
    const received = new Promise((resolve) => {
      chaos.port.onmessage = ({ data }) => resolve(data);
    });
    port1.postMessage('late');
    while (chaos.counters.delayed === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(chaos.counters.delivered).toBe(0);
    await clock.advance(50);
    expect(await received).toBe('late');
  });

  it('works in the other direction too, and carries ports', async () => {
    const { port1, port2 } = new MessageChannel();
    chaos = createChaosPort(port2, { random: createSeededRandom(1) });
    const carried = new MessageChannel();
    const came = new Promise<MessagePort>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<{ port: MessagePort }>) => resolve(data.port);
    });
    chaos.port.postMessage({ port: carried.port2 }, [carried.port2]);
    const answer = new Promise((resolve) => {
      carried.port1.onmessage = ({ data }) => resolve(data);
    });
    (await came).postMessage('hello');
    expect(await answer).toBe('hello');
    carried.port1.close();
  });
});
