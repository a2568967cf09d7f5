import type { ContainerStats } from '../../api/container-stats';
import { type Clock, delay } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { ContainerEntry } from './container-book';
import { dockerStats, type StatsReading } from './stats-reading';

const periodMs = 1000;

/** Readings of a container, one a second until it is removed or nobody reads; or one alone. */
export function readStats(
  entry: ContainerEntry,
  clock: Clock,
  { stream = true, oneShot = false }: { readonly stream?: boolean; readonly oneShot?: boolean },
): ReadableStream<ContainerStats> {
  const left = new AbortController();
  let before: StatsReading | undefined;
  let due = 0;
  const read = async (): Promise<StatsReading | undefined> => {
    const run = entry.run;
    if (!run) return undefined;
    try {
      return { at: clock.now(), counters: await run.host.counters(entry.id) };
    } catch (error) {
      // It has ended in this moment.
      if (error instanceof SandboxError && (error.code === 'NotFound' || error.code === 'Unavailable'))
        return undefined;
      throw error;
    }
  };
  return new ReadableStream<ContainerStats>(
    {
      async pull(controller) {
        if (!stream && !oneShot) {
          before = await read();
          if (before) await delay(clock, periodMs, left.signal);
        } else if (due > 0) {
          await delay(clock, due - clock.monotonic(), left.signal);
        }
        if (left.signal.aborted) return;
        due = clock.monotonic() + periodMs;
        const now = await read();
        const hostMemory = (await entry.run?.host.memory())?.totalBytes ?? 0;
        controller.enqueue(dockerStats({ id: entry.id, name: entry.stored.name, hostMemory }, now, before));
        before = now;
        if (!stream || entry.removing) controller.close();
      },
      cancel: () => left.abort(),
    },
    { highWaterMark: 0 },
  );
}
