import { compareText } from '../text/compare';
import type { FigureGroup } from './figure-groups';

/** As a table for Markdown, with the methods below. */
export function figuresAsMarkdown(title: string, groups: readonly FigureGroup[], when: string): string {
  const columns = [...new Set(groups.flatMap(({ rows }) => rows.map(({ label }) => label)))];
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  const cellOf = ({ rows }: FigureGroup, column: string): string => {
    const row = rows.find(({ label }) => label === column);
    return row ? [row.shown, row.detail].filter(Boolean).join('; ') : '';
  };
  return [
    `## ${title}`,
    '',
    line(['', ...columns]),
    line(['---', ...columns.map(() => '---')]),
    ...groups.map((group) => line([group.label, ...columns.map((column) => cellOf(group, column))])),
    '',
    ...groups.map(({ label, method }) => `- ${label}: ${method}`),
    '',
    when,
    '',
  ].join('\n');
}

/** A line for each value (RFC 4180). */
export function figuresAsCsv(groups: readonly FigureGroup[]): string {
  const lines = groups.flatMap(({ label: figure, unit, rows }) =>
    rows.map(({ label, value, detail = '' }) => [figure, label, String(value), unit, detail]),
  );
  return [compareText.csvHead, ...lines].map((line) => `${line.map(quote).join(',')}\r\n`).join('');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
