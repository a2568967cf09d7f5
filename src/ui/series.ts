import type { StatSample } from '../api/stats';
import type { StatReading } from '../engine/stat-sampler';

/** Readings kept for the small charts: a minute, one a second. */
export const seriesLength = 60;

/** Readings kept for the large ones: ten minutes. */
export const historyLength = 600;

/** One point of an instance's past. Rates are bytes a second. */
export interface StatPoint {
  /** Share of one CPU, 0 to 1. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly received: number;
  readonly sent: number;
}

/** An instance's past minute, oldest first, with the sample that the next rate is taken from. */
export interface StatSeries {
  readonly points: readonly StatPoint[];
  /** The past ten minutes. */
  readonly history: readonly StatPoint[];
  readonly last: StatSample;
}

/** The series with one more reading; the first reading has no rates yet. */
export function extendSeries(series: StatSeries | undefined, { sample, cpuShare }: StatReading): StatSeries {
  const { network, memory } = sample;
  const before = series?.last;
  const point: StatPoint = {
    cpu: cpuShare ?? 0,
    memory: memory.used,
    received: rate(before, sample, before?.network.rxBytes ?? 0, network.rxBytes),
    sent: rate(before, sample, before?.network.txBytes ?? 0, network.txBytes),
  };
  const history = [...(series?.history ?? []), point].slice(-historyLength);
  return { points: history.slice(-seriesLength), history, last: sample };
}

/** The sum of several series, aligned at their newest points. */
export function sumSeries(all: readonly (readonly StatPoint[])[]): readonly StatPoint[] {
  const length = Math.max(0, ...all.map((points) => points.length));
  const sums: StatPoint[] = [];
  for (let age = length; age > 0; age -= 1) {
    const points = all.flatMap((each) => each.at(-age) ?? []);
    const sum = (key: keyof StatPoint): number => points.reduce((total, point) => total + point[key], 0);
    sums.push({ cpu: sum('cpu'), memory: sum('memory'), received: sum('received'), sent: sum('sent') });
  }
  return sums;
}

/** Counters begin anew with a machine that was reset: then there is no rate. */
function rate(before: StatSample | undefined, now: StatSample, from: number, to: number): number {
  if (!before || now.at <= before.at || to < from) return 0;
  return ((to - from) * 1000) / (now.at - before.at);
}
