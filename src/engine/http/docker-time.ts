import { SandboxError } from '../../base/errors';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * A point of time as docker's clients write it, in milliseconds since the epoch: seconds since the epoch with a fraction,
 * RFC 3339 in part or in whole (UTC unless it says otherwise), or how long ago in Go's notation (`10m`, `1h30m`).
 * `InvalidArgument` for anything else.
 */
export function parseDockerTime(text: string, nowMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const ago = parseDuration(text);
  if (ago !== undefined) return nowMs - ago;
  const parsed = /^\d{4}-\d\d-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?$/.test(text)
    ? Date.parse(completeTime(text))
    : Number.NaN;
  if (!Number.isNaN(parsed)) return parsed;
  throw new SandboxError(
    'InvalidArgument',
    `parsing time ${JSON.stringify(text)}: it is neither seconds, a date nor a duration`,
  );
}

/** A duration of Go in milliseconds. */
function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}

/** JavaScript wants minutes and a zone. */
function completeTime(text: string): string {
  const [, date = '', time = '', zone = 'Z'] = /^([\d-]{10})(?:T([\d:.]+))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const clock = time === '' ? '00:00' : time.includes(':') ? time : `${time}:00`;
  return `${date}T${clock}${zone}`;
}
