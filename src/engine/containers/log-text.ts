import type { LogOptions, OutputChunk } from '../../api/container-streams';
import { concatBytes } from '../../base/bytes';
import type { LogEntry } from './log-entry';

/** What one chunk has at most, unless it is one line: a reader that is slow holds no more. */
const longestChunk = 64 * 1024;

/**
 * Entries as they are sent: those of the streams and times that are wanted, neighbours of one stream together, each with
 * `before` in front of it and its time in front of that. `over`: there is nothing more to come, since what follows is later than what is wanted.
 */
export function outputChunks(
  entries: readonly LogEntry[],
  { stdout = false, stderr = false, since, until, timestamps = false }: LogOptions,
  before = '',
): { readonly chunks: readonly OutputChunk[]; readonly over: boolean } {
  const chunks: OutputChunk[] = [];
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let stream: LogEntry['stream'] = 'stdout';
  const finish = (): void => {
    if (parts.length > 0) chunks.push({ stream, bytes: concatBytes(parts) });
    parts = [];
    bytes = 0;
  };
  const encoder = new TextEncoder();
  let over = false;
  for (const entry of entries) {
    if (until !== undefined && entry.time > until) {
      over = true;
      break;
    }
    if (!(entry.stream === 'stdout' ? stdout : stderr)) continue;
    if (since !== undefined && entry.time < since) continue;
    if (entry.stream !== stream || bytes + entry.bytes.length > longestChunk) finish();
    stream = entry.stream;
    if (timestamps) parts.push(encoder.encode(`${nanoTime(entry.time)} `));
    if (before !== '') parts.push(encoder.encode(before));
    parts.push(entry.bytes);
    bytes += entry.bytes.length;
  }
  finish();
  return { chunks, over };
}

/** RFC 3339 with nine digits of a second, as docker writes it. Milliseconds since the epoch. */
export function nanoTime(time: number): string {
  const whole = Math.floor(time);
  const rest = Math.floor((time - whole) * 1e6);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(rest).padStart(6, '0')}Z`;
}
