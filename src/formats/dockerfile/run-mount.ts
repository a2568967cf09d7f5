import { InstructionProblem, quoted } from './dockerfile-error';
import { didYouMean } from './nearest-word';

/** A `RUN --mount=…` (Dockerfile reference, "RUN --mount"). */
export interface RunMount {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret';
  /** A stage or an image; absent for the context. */
  readonly from?: string;
  readonly source: string;
  /** Empty for a secret's usual place. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Of a cache or a secret. */
  readonly id?: string;
  readonly sharing?: 'shared' | 'private' | 'locked';
  readonly required: boolean;
  /** Bytes of a tmpfs. */
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** The variable that a secret is given in. */
  readonly env?: string;
}

const types = ['bind', 'cache', 'tmpfs', 'secret'] as const;
const sharings = ['shared', 'private', 'locked'] as const;
const keys = [
  ...['type', 'from', 'source', 'src', 'target', 'dst', 'destination', 'readonly', 'ro', 'readwrite', 'rw'],
  ...['id', 'sharing', 'required', 'size', 'mode', 'uid', 'gid', 'env'],
];
const booleanKeys: readonly string[] = ['readonly', 'ro', 'readwrite', 'rw', 'required'];

type Draft = { -readonly [Key in keyof RunMount]?: RunMount[Key] };

/** `expand` replaces variables. Throws an {@link InstructionProblem} in BuildKit's words. */
export function parseRunMount(text: string, expand: (value: string) => string): RunMount {
  const draft: Draft = { type: 'bind' };
  for (const field of csvFields(text)) readField(draft, field, expand);
  const { type = 'bind', source = type === 'bind' ? '/' : '', target = '' } = draft;
  const readOnly = draft.readOnly ?? (type === 'bind' || type === 'secret');
  const mount = { ...draft, type, source, target, readOnly, required: draft.required ?? false };
  requireSound(mount);
  return mount;
}

function readField(draft: Draft, field: string, expand: (value: string) => string): void {
  const equals = field.indexOf('=');
  const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
  if (!keys.includes(key)) {
    throw new InstructionProblem(`unexpected key '${key}' in '${field}'${didYouMean(key, keys)}`, field);
  }
  if (equals === -1 && !booleanKeys.includes(key)) {
    throw new InstructionProblem(`invalid field '${field}' must be a key=value pair`, field);
  }
  const raw = equals === -1 ? 'true' : field.slice(equals + 1);
  if (key === 'from' && raw.includes('$')) {
    throw new InstructionProblem("'from' doesn't support variable expansion, define alias stage instead", field);
  }
  const value = expand(raw);
  switch (key) {
    case 'type':
      draft.type = typeOf(value);
      return;
    case 'from':
    case 'id':
    case 'env':
      draft[key] = value;
      return;
    case 'source':
    case 'src':
      draft.source = value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.target = value;
      return;
    case 'readonly':
    case 'ro':
      draft.readOnly = booleanOf(key, value);
      return;
    case 'readwrite':
    case 'rw':
      draft.readOnly = !booleanOf(key, value);
      return;
    case 'required':
      draft.required = booleanOf(key, value);
      return;
    case 'sharing':
      draft.sharing = sharingOf(value);
      return;
    case 'size':
      draft.size = sizeOf(value);
      return;
    case 'mode':
      draft.mode = numberOf(key, value, 8);
      return;
    case 'uid':
    case 'gid':
      draft[key] = numberOf(key, value, 10);
  }
}

function requireSound(mount: RunMount): void {
  const { type, sharing, size, from, source, target, id, required } = mount;
  if (type === 'bind' || type === 'tmpfs') {
    const key = (['mode', 'uid', 'gid'] as const).find((each) => mount[each] !== undefined);
    if (key) throw new InstructionProblem(`${key} not allowed for "${type}" type mounts`);
  }
  if (size !== undefined && type !== 'tmpfs') {
    throw new InstructionProblem(`unexpected key 'size' for mount type '${type}'`);
  }
  if (required && type !== 'secret') {
    throw new InstructionProblem(`unexpected key 'required' for mount type '${type}'`);
  }
  if (sharing !== undefined && type !== 'cache') {
    throw new InstructionProblem(`invalid cache sharing set for ${type} mount`);
  }
  if (type !== 'secret') {
    if (target === '') throw new InstructionProblem(`invalid mount target ""`);
    return;
  }
  if (from !== undefined) throw new InstructionProblem('secret mount should not have a from');
  if (source === '' && target === '' && id === undefined) {
    throw new InstructionProblem('invalid secret mount. one of source, target required');
  }
  if (source !== '' && id !== undefined) throw new InstructionProblem("both source and id can't be set");
}

function typeOf(value: string): RunMount['type'] {
  if (value.toLowerCase() === 'ssh') throw new InstructionProblem('mounts of type "ssh" are not supported here', value);
  const found = types.find((type) => type === value.toLowerCase());
  if (found) return found;
  throw new InstructionProblem(`unsupported mount type ${quoted(value)}${didYouMean(value, types)}`, value);
}

function sharingOf(value: string): NonNullable<RunMount['sharing']> {
  const found = sharings.find((each) => each === value.toLowerCase());
  if (found) return found;
  throw new InstructionProblem(`unsupported sharing value ${quoted(value)}${didYouMean(value, sharings)}`, value);
}

/** What Go's ParseBool takes. */
function booleanOf(key: string, value: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw new InstructionProblem(`invalid value for ${key}: ${value}`, value);
}

function numberOf(key: string, value: string, base: 8 | 10): number {
  const isNumber = base === 8 ? /^[0-7]{1,11}$/.test(value) : /^\d{1,10}$/.test(value);
  const number = Number.parseInt(value, base);
  if (isNumber && number <= 0xffffffff) return number;
  throw new InstructionProblem(`invalid value ${value} for ${key}`, value);
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `64m`, `1.5GiB`: powers of 1024. */
function sizeOf(value: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]?)(?:i?b)?$/i.exec(value);
  const size = Number(match?.[1]) * (units[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
  if (Number.isSafeInteger(Math.floor(size))) return Math.floor(size);
  throw new InstructionProblem(`invalid value for size: ${value}`, value);
}

/** Fields between commas; one that begins with a quote goes on to the next, two of which stand for one. */
function csvFields(text: string): readonly string[] {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/y;
  while (field.lastIndex <= text.length) {
    const match = field.exec(text);
    if (!match)
      throw new InstructionProblem('failed to parse csv mounts: parse error: bare " in non-quoted field', text);
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') break;
  }
  return fields;
}
