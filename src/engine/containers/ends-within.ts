import { type Clock, delay } from '../../base/clock';

/** Whether something comes to an end, well or not, before the time is over. */
export async function endsWithin(clock: Clock, work: Promise<unknown>, ms: number): Promise<boolean> {
  const waiting = new AbortController();
  const ended = work.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([ended, delay(clock, ms, waiting.signal).then(() => false)]);
  waiting.abort();
  return result;
}
