import { textWidth } from './text-width';

/**
 * Aligns the cells of lines, which end with tabs, in columns as docker does (Go's text/tabwriter with padding 3 and cells
 * of 10 at least). A column lasts over neighbouring lines that have it.
 */
export function tabulate(text: string, { padding = 3, minimum = 10 } = {}): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths = lines.map((cells) => cells.map(() => 0));
  const columns = Math.max(...lines.map((cells) => cells.length));
  for (let column = 0; column < columns; column += 1) {
    for (let from = 0; from < lines.length; ) {
      let to = from;
      while (to < lines.length && hasColumn(lines[to], column)) to += 1;
      if (to === from) {
        from += 1;
        continue;
      }
      const block = lines.slice(from, to).map((cells) => textWidth(cells[column] ?? ''));
      const widest = Math.max(...block);
      // A column with nothing in it has no padding.
      const width = widest === 0 ? 0 : Math.max(minimum, widest + padding);
      for (let row = from; row < to; row += 1) {
        const own = widths[row];
        if (own) own[column] = width;
      }
      from = to;
    }
  }
  return lines
    .map((cells, row) => cells.map((cell, column) => pad(cell, widths[row]?.[column] ?? 0)).join(''))
    .join('\n');
}

/** The last cell of a line ends with no tab and belongs to no column. */
function hasColumn(cells: readonly string[] | undefined, column: number): boolean {
  return cells !== undefined && column < cells.length - 1;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - textWidth(cell)));
}
