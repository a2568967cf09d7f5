/** A line may be this much longer before it is broken. */
const slop = 5;
/** Columns that a text needs beside its flags, or it goes below them. */
const leastColumns = 24;

/** Breaks a flag's text as pflag does (`FlagUsagesWrapped`): at `width` columns, indented by `indent` from the second line on. */
export function wrapUsage(text: string, indent: number, width: number): string {
  let pad = indent;
  let lead = '';
  if (width - pad < leastColumns) {
    pad = 16;
    lead = `\n${' '.repeat(pad)}`;
  }
  const columns = width - pad;
  const newline = `\n${' '.repeat(pad)}`;
  if (columns < leastColumns) return text.replaceAll('\n', newline);
  const lines: string[] = [];
  for (let left = text; ; ) {
    const [line, after] = breakLine(columns - slop, left);
    lines.push(line.replaceAll('\n', newline));
    left = after;
    if (left === '') break;
  }
  return lead + lines.join(newline);
}

function breakLine(columns: number, text: string): readonly [string, string] {
  if (columns + slop > text.length) return [text, ''];
  const head = text.slice(0, columns);
  const at = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\t'), head.lastIndexOf('\n'));
  if (at <= 0) return [text, ''];
  const newline = head.lastIndexOf('\n');
  const cut = newline > 0 && newline < at ? newline : at;
  return [text.slice(0, cut), text.slice(cut + 1)];
}
