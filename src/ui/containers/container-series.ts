import { historyLength } from '../series';
import type { ContainerFigures } from './container-figures';

/** A silence of so many milliseconds is a gap: what was before it is not drawn beside what comes after. */
const gapMs = 5000;

/** One point of a container's past. Rates are bytes a second. */
export interface ContainerPoint {
  /** CPUs in use. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly received: number;
  readonly sent: number;
}

/** What a container uses now, and its past ten minutes without a gap, oldest first. */
export interface ContainerSeries {
  readonly now: ContainerFigures;
  readonly history: readonly ContainerPoint[];
}

/** The series with one more reading; the first reading has no rates yet. */
export function extendContainerSeries(before: ContainerSeries | undefined, now: ContainerFigures): ContainerSeries {
  const last = before && now.at > before.now.at && now.at - before.now.at <= gapMs ? before : undefined;
  const rate = (key: 'receivedBytes' | 'sentBytes'): number => {
    const grown = last ? now[key] - last.now[key] : 0;
    // Counters begin anew with a container that was restarted.
    return last && grown > 0 ? (grown * 1000) / (now.at - last.now.at) : 0;
  };
  const point: ContainerPoint = {
    cpu: now.cpu,
    memory: now.memoryBytes,
    received: rate('receivedBytes'),
    sent: rate('sentBytes'),
  };
  return { now, history: [...(last?.history ?? []), point].slice(-historyLength) };
}
