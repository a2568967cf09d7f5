import type { InstanceId } from '../../../api/instance';
import type { InstanceRecord } from '../../../engine/instance-record';
import type { StatSeries } from '../../series';

export const columns = ['name', 'state', 'cpu', 'memory', 'received', 'sent', 'address', 'uptime'] as const;
export type Column = (typeof columns)[number];

export interface Order {
  readonly column: Column;
  readonly descending: boolean;
}

/** An instance with what the table says of it. Figures are absent while the machine does not run. */
export interface InstanceRow {
  readonly record: InstanceRecord;
  readonly cpu?: number;
  readonly memory?: number;
  readonly received?: number;
  readonly sent?: number;
  /** The first of its addresses. */
  readonly address?: string;
  readonly uptime?: number;
}

/** The rows whose name or address has `filter` in it, in order; equal ones by name. */
export function instanceRows(
  records: readonly InstanceRecord[],
  series: ReadonlyMap<InstanceId, StatSeries>,
  now: number,
  order: Order,
  filter: string,
): readonly InstanceRow[] {
  const wanted = filter.trim().toLowerCase();
  const rows = records.map((record) => toRow(record, series.get(record.id), now));
  const matching = rows.filter(({ record }) =>
    [record.name, ...record.nics.map(({ address }) => address)].some((word) => word.includes(wanted)),
  );
  const sign = order.descending ? -1 : 1;
  return matching.sort((a, b) => sign * compare(order.column, a, b) || byName(a, b));
}

function toRow(record: InstanceRecord, series: StatSeries | undefined, now: number): InstanceRow {
  const address = record.nics[0]?.address;
  const point = record.state.phase === 'running' ? series?.points.at(-1) : undefined;
  return {
    record,
    ...(address !== undefined && { address }),
    ...(record.runningSince !== undefined && { uptime: Math.max(0, now - record.runningSince) }),
    ...(point && { cpu: point.cpu, memory: point.memory, received: point.received, sent: point.sent }),
  };
}

const collator = new Intl.Collator(undefined, { numeric: true });

function byName(a: InstanceRow, b: InstanceRow): number {
  return collator.compare(a.record.name, b.record.name);
}

/** Rows without a figure come after all that have one when it is least first. */
function compare(column: Column, a: InstanceRow, b: InstanceRow): number {
  if (column === 'name') return byName(a, b);
  if (column === 'state') return a.record.state.phase.localeCompare(b.record.state.phase);
  if (column === 'address') return collator.compare(a.address ?? '~', b.address ?? '~');
  return (a[column] ?? -1) - (b[column] ?? -1);
}
