import type { SnapshotId, SnapshotRecord } from '../../../api/snapshot';

/** A line of the tree, from top to bottom as it is shown. */
export interface SnapshotRow {
  readonly record: SnapshotRecord;
  /** 1 for a root. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly children: number;
  readonly expanded: boolean;
  readonly parent?: SnapshotId;
  /** For each level above, whether a line goes on below this row. */
  readonly lines: readonly boolean[];
}

/**
 * The tree as rows; what is below a closed snapshot is left out. A parent that is not among the records makes
 * a root, and a circle, which no lab makes but a store could hold, is cut.
 */
export function snapshotRows(
  records: readonly SnapshotRecord[],
  closed: ReadonlySet<SnapshotId> = new Set(),
): readonly SnapshotRow[] {
  const known = new Map(records.map((record) => [record.id, record]));
  const children = new Map<SnapshotId | undefined, SnapshotRecord[]>();
  for (const record of records) {
    const parent = record.parent !== undefined && known.has(record.parent) ? record.parent : undefined;
    children.set(parent, [...(children.get(parent) ?? []), record]);
  }
  const rows: SnapshotRow[] = [];
  const seen = new Set<SnapshotId>();
  const visit = (siblings: readonly SnapshotRecord[], level: number, lines: readonly boolean[]): void => {
    for (const [index, record] of siblings.entries()) {
      if (seen.has(record.id)) continue;
      seen.add(record.id);
      const below = children.get(record.id) ?? [];
      const expanded = below.length > 0 && !closed.has(record.id);
      const parent = record.parent !== undefined && known.has(record.parent) ? record.parent : undefined;
      const more = index < siblings.length - 1;
      rows.push({
        record,
        level,
        position: index + 1,
        siblings: siblings.length,
        children: below.length,
        expanded,
        lines: [...lines, more],
        ...(parent !== undefined && { parent }),
      });
      if (expanded) visit(below, level + 1, [...lines, more]);
    }
  };
  visit(children.get(undefined) ?? [], 1, []);
  const hidden = closedBelow(children, closed);
  const cut = records.filter(({ id }) => !seen.has(id) && !hidden.has(id));
  for (const record of cut) visit([record], 1, []);
  return rows;
}

/** Everything that is below a closed snapshot. */
function closedBelow(
  children: ReadonlyMap<SnapshotId | undefined, readonly SnapshotRecord[]>,
  closed: ReadonlySet<SnapshotId>,
): ReadonlySet<SnapshotId> {
  const hidden = new Set<SnapshotId>();
  const queue = [...closed];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const child of children.get(id) ?? []) {
      if (hidden.has(child.id)) continue;
      hidden.add(child.id);
      queue.push(child.id);
    }
  }
  return hidden;
}
