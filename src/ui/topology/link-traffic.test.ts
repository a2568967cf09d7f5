import { describe, expect, it } from 'vitest';
import type { PortStatus } from '../../api/network';
import { seriesLength } from '../series';
import { extendTraffic, type LinkTraffic, linkWidth } from './link-traffic';

const port = (id: string, rxBytes: number, txBytes: number) => ({ id, counters: { rxBytes, txBytes } }) as PortStatus;

describe('the traffic of links', () => {
  it('is what the counters have grown by in the time between', () => {
    let traffic: ReadonlyMap<string, LinkTraffic> = new Map();
    traffic = extendTraffic(traffic, [port('a', 100, 0)], 1000);
    expect(traffic.get('a')?.rates).toEqual([]);
    traffic = extendTraffic(traffic, [port('a', 600, 50), port('b', 9, 9)], 1500);
    expect(traffic.get('a')?.rates).toEqual([{ sent: 1000, received: 100 }]);
    traffic = extendTraffic(traffic, [port('a', 5, 60)], 2500);
    expect(traffic.get('a')?.rates.at(-1)).toEqual({ sent: 0, received: 10 });
    expect(traffic.has('b')).toBe(false);
  });

  it('is remembered for a minute', () => {
    let traffic: ReadonlyMap<string, LinkTraffic> = new Map();
    for (let second = 0; second < 90; second += 1)
      traffic = extendTraffic(traffic, [port('a', second, 0)], second * 1000);
    expect(traffic.get('a')?.rates).toHaveLength(seriesLength);
  });

  it.each([
    [0, 1.5],
    [1000, 3.4],
    [1e7, 6],
    [1e12, 6],
  ])('of %d bytes a second is drawn %d pixels wide', (sent, width) => {
    expect(linkWidth({ sent, received: 0 })).toBe(width);
  });
});
