import { describe, expect, it } from 'vitest';
import { historyLength } from '../series';
import type { ContainerFigures } from './container-figures';
import { type ContainerSeries, extendContainerSeries } from './container-series';

const figures = (at: number, more: Partial<ContainerFigures> = {}): ContainerFigures => ({
  at,
  cpu: 0.5,
  memoryBytes: 1000,
  memoryLimitBytes: 4000,
  pids: 1,
  receivedBytes: 0,
  sentBytes: 0,
  readBytes: 0,
  writtenBytes: 0,
  throttledPeriods: 0,
  ...more,
});

const seriesOf = (...readings: readonly ContainerFigures[]): ContainerSeries | undefined =>
  readings.reduce<ContainerSeries | undefined>(extendContainerSeries, undefined);

describe('the past of a container', () => {
  it('has rates by the time between readings, none at first and none of counters that begin anew', () => {
    const series = seriesOf(
      figures(1000, { receivedBytes: 100 }),
      figures(1500, { receivedBytes: 600, sentBytes: 10 }),
      figures(2500, { receivedBytes: 5, sentBytes: 30 }),
    );
    expect(series?.history.map(({ received, sent }) => [received, sent])).toEqual([
      [0, 0],
      [1000, 20],
      [0, 20],
    ]);
    expect(series?.now.receivedBytes).toBe(5);
  });

  it('is ten minutes long', () => {
    const readings = Array.from({ length: historyLength + 5 }, (_, second) => figures(second * 1000, { pids: second }));
    const series = seriesOf(...readings);
    expect(series?.history).toHaveLength(historyLength);
    expect(series?.now.pids).toBe(historyLength + 4);
  });

  it('begins anew after a gap, and with a clock that went back', () => {
    expect(seriesOf(figures(1000), figures(2000), figures(9000))?.history).toHaveLength(1);
    expect(seriesOf(figures(1000), figures(2000), figures(1500))?.history).toHaveLength(1);
  });
});
