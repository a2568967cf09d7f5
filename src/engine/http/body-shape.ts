import { SandboxError } from '../../base/errors';
import type { Fields } from '../../formats/oci-parse';
import { readJsonBody } from './json-body';

/**
 * What a body may look like. `words`: a list of strings, or one string that is a list of one. `json`: whatever it is.
 * Go takes null for "not said" everywhere, and leaves out what it does not know.
 */
export type Shape =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'words'
  | 'json'
  | { readonly list: Shape }
  | { readonly map: Shape; readonly nulls?: true }
  | { readonly fields: Readonly<Record<string, Shape>> };

/**
 * The body of a request, with no more in it than the shape has. `T` is the type that the shape stands for.
 * `InvalidArgument` in the words of Go's decoder: "json: cannot unmarshal number into Go struct field .Image of type string".
 */
export async function readBody<T>(request: Request, shape: Shape): Promise<T> {
  return readShape(shape, await readJsonBody(request), '') as T;
}

function readShape(shape: Shape, value: unknown, path: string): unknown {
  switch (shape) {
    case 'json':
      return value;
    case 'string':
    case 'boolean':
      return typeof value === shape ? value : mismatch(value, path, shape === 'boolean' ? 'bool' : shape);
    case 'integer':
      return Number.isSafeInteger(value) ? value : mismatch(value, path, 'int64');
    case 'words':
      return typeof value === 'string' ? [value] : readShape({ list: 'string' }, value, path);
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return mismatch(value, path, '[]');
    return value.map((item) => readShape(shape.list, item, path));
  }
  const fields = readFields(value, path);
  if ('map' in shape) {
    const entries = Object.entries(fields).filter(([, item]) => item !== null || shape.nulls);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, item === null ? null : readShape(shape.map, item, `${path}.${key}`)]),
    );
  }
  const known = Object.entries(shape.fields).flatMap(([name, inner]): [string, unknown][] => {
    const given = fields[name] ?? undefined;
    return given === undefined ? [] : [[name, readShape(inner, given, `${path}.${name}`)]];
  });
  return Object.fromEntries(known);
}

function readFields(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  return mismatch(value, path, 'map');
}

function mismatch(value: unknown, path: string, type: string): never {
  const kind =
    value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const message = `invalid JSON: json: cannot unmarshal ${kind} into Go struct field ${path || '.'} of type ${type}`;
  throw new SandboxError('InvalidArgument', message);
}
