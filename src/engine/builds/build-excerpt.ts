import type { BuildExcerpt } from '../../api/build';

/** Lines above and below what failed, as BuildKit shows them. */
const around = 2;

/** What people see of a Dockerfile when something in it fails. */
export function buildExcerpt(file: string, text: string, from: number, to: number): BuildExcerpt {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const first = Math.max(1, from - around);
  const last = Math.max(first, Math.min(lines.length, to + around));
  return { file, from: first, lines: lines.slice(first - 1, last), marked: { from, to } };
}
