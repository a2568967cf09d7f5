import type { Filters } from '../../api/container-event';
import { SandboxError } from '../../base/errors';

/** `InvalidArgument` in docker's words for a filter that there is not. */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  const unknown = Object.keys(filters).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new SandboxError('InvalidArgument', `invalid filter '${unknown}'`);
}

/** `KEY` or `KEY=VALUE` of `--filter label`, all of which must fit. */
export function labelsMatch(wanted: readonly string[] | undefined, labels: Readonly<Record<string, string>>): boolean {
  return (wanted ?? []).every((text) => {
    const at = text.indexOf('=');
    return at === -1 ? text in labels : labels[text.slice(0, at)] === text.slice(at + 1);
  });
}

/** All labels that are wanted are there, and of `label!` none is. */
export function labelFiltersMatch(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const unwanted = filters['label!'] ?? [];
  return labelsMatch(filters['label'], labels) && !unwanted.some((text) => labelsMatch([text], labels));
}

/** Docker's pattern of names: any part of it fits, and where it is a regular expression, that. */
export function nameMatches(wanted: readonly string[] | undefined, name: string): boolean {
  return !wanted?.length || wanted.some((text) => text === name || partOf(text, name));
}

function partOf(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name) || new RegExp(pattern).test(`/${name}`);
  } catch {
    return name.includes(pattern);
  }
}

/** Whether one of the values of a filter is the value, or there is no such filter. */
export function oneOf(wanted: readonly string[] | undefined, ...values: readonly string[]): boolean {
  return !wanted?.length || wanted.some((text) => values.includes(text));
}

/** `true`, `1` and what docker takes for it. */
export function flagOf(wanted: readonly string[] | undefined): boolean | undefined {
  const [text] = wanted ?? [];
  if (text === undefined) return undefined;
  if (['true', '1', 't', 'TRUE', 'True'].includes(text)) return true;
  if (['false', '0', 'f', 'FALSE', 'False'].includes(text)) return false;
  throw new SandboxError('InvalidArgument', `invalid filter value '${text}'`);
}
