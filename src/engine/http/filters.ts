import type { Filters } from '../../api/container-event';
import { SandboxError } from '../../base/errors';
import { parseDockerTime } from './docker-time';

/**
 * Reads `filters` of a query: `{"label": {"a=b": true}}`, or `{"label": ["a=b"]}` as clients before API 1.22 wrote it
 * (moby, api/types/filters/parse.go). `InvalidArgument` for what is neither.
 */
export function parseFilters(text: string | undefined): Filters {
  if (text === undefined) return {};
  return Object.fromEntries(Object.entries(readDocument(text)).map(([name, values]) => [name, readValues(values)]));
}

function readDocument(text: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
      return document as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Told below.
  }
  throw new SandboxError('InvalidArgument', `invalid filter: ${text.slice(0, 80)} is no JSON object of lists`);
}

function readValues(values: unknown): readonly string[] {
  if (Array.isArray(values) && values.every((each) => typeof each === 'string')) return values;
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) {
    // `{"a": false}` is a value that was taken back.
    return Object.entries(values).flatMap(([value, chosen]) => (chosen === true ? [value] : []));
  }
  throw new SandboxError('InvalidArgument', `invalid filter: ${JSON.stringify(values)} is no list of values`);
}

/** Filters of a prune, whose `until` may say how long ago: as seconds since the epoch. */
export function parsePruneFilters(text: string | undefined, nowMs: number): Filters {
  const { until, ...others } = parseFilters(text);
  return until ? { ...others, until: until.map((each) => String(parseDockerTime(each, nowMs) / 1000)) } : others;
}

/** `InvalidArgument` in docker's words for a filter that the thing in question does not have. */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  for (const name of Object.keys(filters)) {
    if (!known.includes(name)) throw new SandboxError('InvalidArgument', `invalid filter '${name}'`);
  }
}

/** Whether one of the values fits, or none was given. */
export function passes(filters: Filters, name: string, fits: (value: string) => boolean): boolean {
  const values = filters[name] ?? [];
  return values.length === 0 || values.some(fits);
}

/** All labels that are wanted have to be there: `name`, or `name=value`. Of `label!` none may. */
export function passesLabels(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const has = (wanted: string): boolean => {
    const [name = '', ...value] = wanted.split('=');
    return Object.hasOwn(labels, name) && (value.length === 0 || labels[name] === value.join('='));
  };
  const unwanted = filters['label!'] ?? [];
  return (filters['label'] ?? []).every(has) && !unwanted.some(has);
}

/** A filter that says yes or no. `InvalidArgument` for anything else. */
export function flagFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters[name];
  if (!values || values.length === 0) return undefined;
  const flags = new Set(values.map(flagOf));
  const [flag] = flags;
  if (flags.size === 1 && flag !== undefined) return flag;
  throw new SandboxError('InvalidArgument', `invalid filter '${name}=${JSON.stringify(values)}'`);
}

function flagOf(value: string): boolean | undefined {
  if (['1', 'true', 't'].includes(value.toLowerCase())) return true;
  return ['0', 'false', 'f'].includes(value.toLowerCase()) ? false : undefined;
}
