import { parseGoDuration } from '../../formats/dockerfile/go-duration';

/**
 * A time as users give it (`42m` for so long ago, RFC 3339, seconds since the epoch), as the API wants it: seconds and
 * nanoseconds. Throws for what is none.
 */
export function engineTime(given: string, nowMs: number): string {
  if (/^\d+(\.\d+)?$/.test(given)) return given;
  try {
    return seconds(nowMs - parseGoDuration(given) / 1e6);
  } catch {
    const time = Date.parse(/^\d{4}-\d\d-\d\dT?$/.test(given) ? given.slice(0, 10) : given);
    if (Number.isNaN(time)) throw new Error(`failed to parse value as time or duration: ${JSON.stringify(given)}`);
    return seconds(time);
  }
}

function seconds(ms: number): string {
  const whole = Math.floor(ms / 1000);
  return `${whole}.${String(Math.round((ms - whole * 1000) * 1e6)).padStart(9, '0')}`;
}
