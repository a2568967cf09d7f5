import { tabulate } from './tabulate';
import { compileTemplate, goType, type Template } from './template/run-template';
import { TemplateError } from './template/syntax';
import type { TemplateFunctions } from './template/template-functions';

/** A field of a row, as templates know it. */
export interface Column<T> {
  readonly name: string;
  /** Its heading in a table. */
  readonly header: string;
  value(row: T): unknown;
  /** It is a method with arguments, which `json` leaves out. */
  readonly method?: boolean;
}

export interface RowFormat {
  /** What the user asked for: empty, `table`, `table TEMPLATE`, `json` or a template. */
  readonly format: string;
  /** Template of the usual table. */
  readonly table: string;
  /** What docker's client calls a row, which tells of a field that there is not: `formatter.ContainerContext`. */
  readonly type?: string;
}

/** How docker's client begins what goes wrong with a row, where it is not as most of its lists do. */
const executed = 'failed to execute template';
const asExecuted: ReadonlySet<string | undefined> = new Set(['formatter.ContainerContext', undefined]);

/** Rows as docker prints them; the text ends with a newline, or is empty. `TemplateError` for a bad format. */
export function formatRows<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  { format, table, type }: RowFormat,
): string {
  const wanted = format === '' || format === 'table' ? `table ${table}` : format;
  if (wanted === 'json' || wanted === '{{json .}}') return lines(rows.map((row) => jsonOf(row, columns)));
  const isTable = wanted.startsWith('table ');
  const source = withControls(isTable ? wanted.slice('table '.length) : wanted);
  const template = parsed(source);
  try {
    const printed = rows.map((row) => template(fieldsOf(row, columns, type)));
    if (!isTable) return lines(printed);
    return `${tabulate([headings(source, columns), ...printed].join('\n'))}\n`;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`${asExecuted.has(type) ? executed : 'template parsing error'}: ${error.message}`);
  }
}

function parsed(source: string): Template {
  try {
    return compileTemplate(source);
  } catch (error) {
    if (error instanceof TemplateError) throw new TemplateError(`failed to parse template: ${error.message}`);
    throw error;
  }
}

/** Go writes these three so that JSON can stand in a page. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);
}

function fieldsOf<T>(
  row: T,
  columns: readonly Column<T>[],
  type: string | undefined,
): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  if (type !== undefined) Object.defineProperty(fields, goType, { value: `*${type}` });
  // A field is only worked out when the template asks for it.
  for (const column of columns) {
    Object.defineProperty(fields, column.name, { enumerable: !column.method, get: () => column.value(row) });
  }
  return fields;
}

/** In headings what is made of a field is the field's. */
const headingFunctions: TemplateFunctions = Object.fromEntries(
  ['json', 'split', 'join', 'title', 'lower', 'upper', 'truncate', 'pad'].map((name) => [
    name,
    (value: unknown) => value,
  ]),
);

/** The template over the names of the columns. */
function headings<T>(source: string, columns: readonly Column<T>[]): string {
  const names = columns.map(({ name, header }) => [name, name === 'Label' ? (label: string) => label : header]);
  return compileTemplate(source, headingFunctions)(Object.fromEntries(names));
}

function jsonOf<T>(row: T, columns: readonly Column<T>[]): string {
  const entries = columns.filter(({ method }) => !method).map((column) => [column.name, column.value(row)] as const);
  return goJson(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** `\t` and `\n` are written as such on a command line. */
function withControls(source: string): string {
  return source.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function lines(each: readonly string[]): string {
  return each.map((line) => `${line}\n`).join('');
}
