import type { PullEvent, PushEvent } from '../../api/distribution';
import type { JsonMessage } from '../../api/engine-api';

/** A line of docker's progress for what happens in a pull or a push. */
export function layerMessage(event: PullEvent | PushEvent): JsonMessage {
  if (event.kind === 'warning') return { status: `WARNING: ${event.text}` };
  if (event.kind === 'message') return messageLine(event.text);
  const { id, status, current, total } = event;
  if (current === undefined) return { status, progressDetail: {}, id };
  const detail = { current, ...(total !== undefined && { total }) };
  return { status, progressDetail: detail, progress: progressBar(current, total), id };
}

/** `latest: Pulling from library/busybox` has its first word as the line's name. */
function messageLine(text: string): JsonMessage {
  const pulling = /^(\S+): (Pulling from .*)$/.exec(text);
  return pulling?.[1] ? { status: pulling[2] ?? '', id: pulling[1] } : { status: text };
}

const barWidth = 50;

/** `[=====>     ]  1.2MB/2.4MB` (moby, pkg/jsonmessage). */
export function progressBar(current: number, total: number | undefined): string {
  if (total === undefined || total <= 0) return humanSize(current);
  const done = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const bar = `${'='.repeat(done)}${done < barWidth ? '>' : ''}`.padEnd(barWidth);
  return `[${bar}]  ${humanSize(current)}/${humanSize(total)}`;
}

/** Four digits and a decimal unit, as docker's go-units has it: `1.234MB`. */
function humanSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** at).toPrecision(4))}${units[at]}`;
}
