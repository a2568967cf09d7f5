import { isMet, type Row } from './row';

/** The rows as a table for people. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [['what', 'value', 'unit', 'goal', 'met', 'beside'], ...rows.map(cells)];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cells(row: Row): string[] {
  const { goal } = row;
  const met = isMet(row);
  const sign = goal?.better === 'lower' ? '<=' : '>=';
  const target = goal ? `${sign} ${goal.value}${goal.stretch === undefined ? '' : ` (${goal.stretch})`}` : '';
  return [
    row.name,
    formatValue(row.value),
    row.unit,
    target,
    met === undefined ? '' : met ? 'yes' : 'NO',
    row.peer ?? '',
  ];
}

function formatValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
