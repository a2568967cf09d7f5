import { TemplateError } from './syntax';
import { isTrue, printValue } from './values';

export type TemplateFunctions = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

const asText = (value: unknown): string => (typeof value === 'string' ? value : printValue(value));

/** The functions of Go's templates and those that docker adds (docs.docker.com/engine/cli/formatting). */
export const templateFunctions: TemplateFunctions = {
  json: (value) => JSON.stringify(value) ?? 'null',
  split: (value, separator) => asText(value).split(asText(separator)),
  join: (values, separator) => (Array.isArray(values) ? values.map(asText).join(asText(separator)) : asText(values)),
  title: (value) =>
    asText(value).replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase()),
  lower: (value) => asText(value).toLowerCase(),
  upper: (value) => asText(value).toUpperCase(),
  pad: (value, before, after) =>
    value === '' || value === undefined ? '' : ' '.repeat(Number(before)) + asText(value) + ' '.repeat(Number(after)),
  truncate: (value, limit) => [...asText(value)].slice(0, Number(limit)).join(''),
  print: (...values) =>
    values.reduce<string>((sum, each, at) => {
      // A space stands between two that are both no text.
      const space = at > 0 && typeof each !== 'string' && typeof values[at - 1] !== 'string' ? ' ' : '';
      return sum + space + printValue(each);
    }, ''),
  println: (...values) => `${values.map(printValue).join(' ')}\n`,
  printf: (format, ...values) => printFormatted(asText(format), values),
  len: (value) => {
    if (typeof value === 'string') return new TextEncoder().encode(value).length;
    if (Array.isArray(value)) return value.length;
    if (typeof value === 'object' && value !== null) return Object.keys(value).length;
    throw new TemplateError(`error calling len: len of type ${typeof value}`);
  },
  index: (value, ...keys) => keys.reduce(indexed, value),
  slice: (value, from = 0, to = undefined) => {
    const end = to === undefined ? undefined : Number(to);
    return Array.isArray(value) ? value.slice(Number(from), end) : asText(value).slice(Number(from), end);
  },
  not: (value) => !isTrue(value),
  and: (first, ...others) => [first, ...others].find((each) => !isTrue(each)) ?? [first, ...others].at(-1),
  or: (first, ...others) => [first, ...others].find(isTrue) ?? [first, ...others].at(-1),
  eq: (first, ...others) => others.some((each) => same(first, each)),
  ne: (a, b) => !same(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  html: (value) => asText(value).replace(/[&<>"']/g, (each) => `&#${each.codePointAt(0)};`),
  js: (value) =>
    asText(value).replace(/[\\'"<>&=\p{Cc}]/gu, (each) =>
      /[\\'"]/.test(each) ? `\\${each}` : `\\u${each.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
    ),
  urlquery: (value) => encodeURIComponent(asText(value)),
};

/** Those that take more words than their function says. */
const variadic = new Set('print println printf index slice and or eq'.split(' '));

/** That a function gets as many words as it takes; `TemplateError` in Go's words (text/template, exec.go). */
export function checkCount(name: string, got: number): void {
  const wanted = templateFunctions[name]?.length ?? got;
  if (got === wanted || (variadic.has(name) && got > wanted)) return;
  const least = variadic.has(name) ? 'at least ' : '';
  throw new TemplateError(`wrong number of args for ${name}: want ${least}${wanted} got ${got}`);
}

function indexed(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const at = Number(key);
    if (!Number.isInteger(at) || at < 0 || at >= value.length) {
      throw new TemplateError(`error calling index: reflect: slice index out of range`);
    }
    return value[at];
  }
  if (typeof value === 'string') return value.charCodeAt(Number(key));
  if (typeof value === 'object' && value !== null) {
    return Object.hasOwn(value, String(key)) ? Reflect.get(value, String(key)) : undefined;
  }
  throw new TemplateError('error calling index: index of untyped nil');
}

function same(a: unknown, b: unknown): boolean {
  if (a !== undefined && b !== undefined && a !== null && b !== null && typeof a !== typeof b) {
    throw new TemplateError('error calling eq: incompatible types for comparison');
  }
  return a === b;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError('error calling lt: incompatible types for comparison');
}

/** Go's Printf for the verbs that make sense for values of JSON. */
function printFormatted(format: string, values: readonly unknown[]): string {
  let next = 0;
  return format.replace(/%([-+ 0]*)(\d*)(?:\.(\d+))?([vsdqxXftTc%])/g, (_, flags, width, precision, verb) => {
    if (verb === '%') return '%';
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const text = formatted(verb, values[next], precision === undefined ? undefined : Number(precision));
    next += 1;
    const columns = Number(width || 0);
    if (flags.includes('-')) return text.padEnd(columns);
    return text.padStart(columns, flags.includes('0') ? '0' : ' ');
  });
}

function formatted(verb: string, value: unknown, precision: number | undefined): string {
  if (verb === 'q') return JSON.stringify(asText(value));
  if (verb === 'd') return String(Math.trunc(Number(value)));
  if (verb === 'f') return Number(value).toFixed(precision ?? 6);
  if (verb === 'c') return String.fromCodePoint(Number(value));
  if (verb === 'T') return typeof value;
  if (verb === 'x' || verb === 'X') {
    const hex = Number(value).toString(16);
    return verb === 'x' ? hex : hex.toUpperCase();
  }
  const text = printValue(value);
  return precision === undefined ? text : text.slice(0, precision);
}
