import { describe, expect, it } from 'vitest';
import { extendSeries, historyLength, type StatPoint, type StatSeries, seriesLength, sumSeries } from './series';

const reading = (at: number, rxBytes: number, used = 1) => ({
  id: 'a',
  cpuShare: 0.5,
  sample: {
    at,
    cpuMicros: 0,
    memory: { total: 10, used },
    network: { rxBytes, txBytes: 0, rxPackets: 0, txPackets: 0 },
    disk: { readBytes: 0, writtenBytes: 0 },
    processes: 1,
  },
});

describe('the past minute of an instance', () => {
  it('has rates from the second reading on', () => {
    const first = extendSeries(undefined, reading(1000, 500));
    const second = extendSeries(first, reading(1500, 1500));
    expect(second.points.map((point) => point.received)).toEqual([0, 2000]);
  });

  it('has no rate where the counters began anew', () => {
    const first = extendSeries(undefined, reading(1000, 500));
    expect(extendSeries(first, reading(2000, 0)).points.at(-1)?.received).toBe(0);
  });

  it('keeps the newest points only', () => {
    let series: StatSeries | undefined;
    for (let at = 1; at <= historyLength + 5; at += 1) series = extendSeries(series, reading(at * 1000, 0, at));
    expect(series?.points).toHaveLength(seriesLength);
    expect(series?.points.at(-1)?.memory).toBe(historyLength + 5);
    expect(series?.history).toHaveLength(historyLength);
    expect(series?.history[0]?.memory).toBe(6);
  });
});

describe('the sum of several pasts', () => {
  const point = (cpu: number): StatPoint => ({ cpu, memory: 1, received: 0, sent: 0 });

  it('lines them up at their newest points', () => {
    const sum = sumSeries([[point(1), point(2)], [point(10)]]);
    expect(sum.map(({ cpu, memory }) => [cpu, memory])).toEqual([
      [1, 1],
      [12, 2],
    ]);
  });

  it('of none is empty', () => expect(sumSeries([])).toEqual([]));
});
