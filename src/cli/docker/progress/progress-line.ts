import type { JsonMessage } from '../../../api/engine-api';
import { humanSize } from '../../format/units';

/** Length of a bar on a screen that has room for it. */
const barLength = 50;
/** Columns below which there is no bar. */
const leastColumns = 110;

/** One layer's line as docker draws it: `a1b2: Downloading [==>   ]  1.2MB/2.5MB` (moby, pkg/jsonmessage). */
export function progressLine({ id, status = '', progressDetail, progress }: JsonMessage, columns: number): string {
  const head = id === undefined ? status : `${id}: ${status}`;
  const { current = 0, total = 0 } = progressDetail ?? {};
  if (current <= 0 && total <= 0) return progress === undefined || progress === '' ? `${head} ` : `${head} ${progress}`;
  if (total <= 0) return `${head} ${humanSize(current).padStart(8)}`;
  const share = Math.min(barLength, Math.floor((Math.min(current, total) / total) * barLength));
  const bar = columns < leastColumns ? '' : `[${'='.repeat(share)}>${' '.repeat(Math.max(0, barLength - share - 1))}] `;
  const numbers =
    current > total ? humanSize(current).padStart(8) : `${humanSize(current).padStart(8)}/${humanSize(total)}`;
  return `${head} ${bar}${numbers}`;
}
