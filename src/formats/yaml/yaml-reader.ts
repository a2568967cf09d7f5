import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** Something wrong in a document, where it is. */
export interface DocumentProblem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `instances[0].memory`; empty for the whole document. */
  readonly path: string;
  readonly message: string;
}

export type ReadResult<T> = { readonly value: T } | { readonly problems: readonly DocumentProblem[] };

/** Longer documents are refused unread. */
const lengthLimit = 1024 * 1024;

/** Problems that are told; one mistake often makes many. */
const problemLimit = 20;

/** A value of the document, and where it stands. */
export interface YamlValue {
  readonly node: Node | null | undefined;
  readonly path: string;
  /** Tells a problem with this value. */
  problem(message: string): undefined;
  at(node: unknown, path: string): YamlValue;
}

/** Reads a value; undefined when it is not what it should be, which was told. */
export type YamlReader<T> = (value: YamlValue) => T | undefined;

/** Reads a document (YAML 1.2, of which JSON is a part). All that is wrong is told with its place, and nothing is thrown. */
export function readYaml<T>(text: string, read: YamlReader<T>): ReadResult<T> {
  const problems: DocumentProblem[] = [];
  const lines = new LineCounter();
  const tell = (offset: number, path: string, message: string): undefined => {
    const { line, col } = lines.linePos(offset);
    if (problems.length < problemLimit) problems.push({ line: line || 1, column: col || 1, path, message });
  };
  if (text.length > lengthLimit) {
    return { problems: [{ line: 1, column: 1, path: '', message: `It is longer than ${lengthLimit} characters` }] };
  }
  const wrap = (node: unknown, path: string, fallback: number): YamlValue => {
    const place = (node as Node | null)?.range?.[0] ?? fallback;
    return {
      node: node as Node | null | undefined,
      path,
      problem: (message) => tell(place, path, message),
      at: (inner, innerPath) => wrap(inner, innerPath, place),
    };
  };
  let value: T | undefined;
  try {
    const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, merge: false });
    for (const { pos, code, message } of document.errors) {
      tell(
        pos[0],
        '',
        code === 'MULTIPLE_DOCS' ? 'A second document begins here (---): a file has one' : firstLine(message),
      );
    }
    if (document.contents === null) tell(0, '', 'It is empty');
    else if (problems.length === 0) value = read(wrap(document.contents, '', 0));
  } catch (error) {
    // A document that is nested without end overruns the parser's stack.
    tell(0, '', error instanceof RangeError ? 'It is nested too deeply' : String(error));
  }
  return problems.length > 0 || value === undefined ? { problems } : { value };
}

/** "line 3, column 5: instances[0].memory: 5000 is not a whole number from 32 to 1024" */
export function describeProblem({ line, column, path, message }: DocumentProblem): string {
  return `line ${line}, column ${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

export function string(
  options: { readonly most?: number; readonly matching?: RegExp; readonly what?: string } = {},
): YamlReader<string> {
  const { most = 4096, matching, what = 'text' } = options;
  return (value) => {
    const found = scalar(value);
    if (found === undefined) return undefined;
    // A version such as 1.10 is a number to YAML; what was written is what is meant.
    const text = typeof found.value === 'string' ? found.value : (found.source ?? String(found.value));
    if (typeof found.value !== 'object' && text.length > most) {
      return value.problem(`${shown(text)} has ${text.length} characters: at most ${most} are allowed`);
    }
    if (typeof found.value === 'object' || (matching && !matching.test(text))) {
      return value.problem(`${shown(text)} is not ${what}`);
    }
    return text;
  };
}

export function integer(least: number, most: number): YamlReader<number> {
  return (value) => {
    const found = scalar(value);
    if (found === undefined) return undefined;
    const number = found.value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most)
      return value.problem(`${shown(found.value)} is not a whole number from ${least} to ${most}`);
    return number;
  };
}

export const boolean: YamlReader<boolean> = (value) => {
  const found = scalar(value);
  if (found === undefined || typeof found.value === 'boolean') return found?.value as boolean | undefined;
  return value.problem(`${shown(found.value)} is neither true nor false`);
};

export function oneOf<const T extends string>(...choices: readonly T[]): YamlReader<T> {
  return (value) => {
    const found = scalar(value);
    if (found === undefined) return undefined;
    const chosen = choices.find((choice) => choice === found.value);
    return chosen ?? value.problem(`${shown(found.value)} is none of ${choices.join(', ')}`);
  };
}

export function list<T>(read: YamlReader<T>, most: number): YamlReader<readonly T[]> {
  return (value) => {
    if (!isSeq(value.node)) return value.problem(isAlias(value.node) ? noAliases : 'It is not a list');
    const { items } = value.node;
    if (items.length > most) return value.problem(`It has ${items.length} entries; ${most} are the most`);
    const read_ = items.map((item, index) => read(value.at(item, `${value.path}[${index}]`)));
    return read_.some((each) => each === undefined) ? undefined : (read_ as T[]);
  };
}

/** Names of a user's own, each with a value. */
export function dictionary<T>(
  read: YamlReader<T>,
  most: number,
  key: YamlReader<string> = string({ most: 256 }),
): YamlReader<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isMap(value.node))
      return value.problem(isAlias(value.node) ? noAliases : 'It is not a list of names with values');
    const { items } = value.node;
    if (items.length > most) return value.problem(`It has ${items.length} entries; ${most} are the most`);
    const entries: [string, T][] = [];
    for (const item of items) {
      const name = key(value.at(item.key, value.path));
      const found = name === undefined ? undefined : read(value.at(item.value, join(value.path, name)));
      if (name !== undefined && found !== undefined) entries.push([name, found]);
    }
    return entries.length === items.length ? Object.fromEntries(entries) : undefined;
  };
}

type Readers = Readonly<Record<string, YamlReader<unknown>>>;
type ValueOf<R> = R extends YamlReader<infer T> ? T : never;
type ValuesOf<R extends Readers> = { readonly [K in keyof R]: ValueOf<R[K]> };

/** A map with known keys. One that is not known is told, with the known one that is nearest. */
export function record<Required extends Readers, Optional extends Readers>(
  required: Required,
  optional: Optional,
): YamlReader<ValuesOf<Required> & Partial<ValuesOf<Optional>>> {
  const readers: Readers = { ...optional, ...required };
  return (value) => {
    if (!isMap(value.node))
      return value.problem(isAlias(value.node) ? noAliases : 'It is not a list of names with values');
    const found: Record<string, unknown> = {};
    let whole = true;
    for (const { key, value: inner } of value.node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
      // An empty value is as if the key were not there.
      if (reader && (inner === null || (isScalar(inner) && inner.value === null)) && !Object.hasOwn(required, name))
        continue;
      const read = reader
        ? reader(value.at(inner ?? key, join(value.path, name)))
        : value.at(key, value.path).problem(unknownKey(name, Object.keys(readers)));
      if (read === undefined) whole = false;
      else found[name] = read;
    }
    for (const name of Object.keys(required)) {
      if (value.node.items.some(({ key }) => isScalar(key) && key.value === name)) continue;
      value.problem(`"${name}" is missing`);
      whole = false;
    }
    return whole ? (found as ValuesOf<Required> & Partial<ValuesOf<Optional>>) : undefined;
  };
}

/** Several shapes, told apart by one of their keys. */
export function tagged<Shapes extends Readers>(key: string, shapes: Shapes): YamlReader<ValueOf<Shapes[keyof Shapes]>> {
  const which = oneOf(...Object.keys(shapes));
  return (value) => {
    if (!isMap(value.node))
      return value.problem(isAlias(value.node) ? noAliases : 'It is not a list of names with values');
    const pair = value.node.items.find((item) => isScalar(item.key) && item.key.value === key);
    if (!pair) return value.problem(`"${key}" is missing: ${Object.keys(shapes).join(', ')}`);
    const kind = which(value.at(pair.value, join(value.path, key)));
    return kind === undefined ? undefined : (shapes[kind]?.(value) as ValueOf<Shapes[keyof Shapes]> | undefined);
  };
}

/** Two shapes, told apart by whether it has a key. */
export function either<A, B>(key: string, having: YamlReader<A>, lacking: YamlReader<B>): YamlReader<A | B> {
  return (value) => (isMap(value.node) && value.node.has(key) ? having(value) : lacking(value));
}

/** What stands at a path within a value; the value itself where nothing does. */
export function valueAt(value: YamlValue, keys: readonly (string | number)[]): YamlValue {
  const found = isCollection(value.node) ? value.node.getIn(keys, true) : undefined;
  const path = keys.reduce<string>(
    (before, key) => (typeof key === 'number' ? `${before}[${key}]` : join(before, key)),
    value.path,
  );
  return isNode(found) ? value.at(found, path) : value;
}

const noAliases = 'Anchors and aliases are not read: write it out';

function scalar(value: YamlValue): { readonly value: unknown; readonly source?: string | undefined } | undefined {
  const { node } = value;
  if (isAlias(node)) return value.problem(noAliases);
  if (!isScalar(node) || node.value === null) return value.problem('A single value is missing here');
  return { value: node.value, source: typeof node.value === 'string' ? undefined : node.source };
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function firstLine(message: string): string {
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message;
}

function unknownKey(name: string, known: readonly string[]): string {
  const near = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
  const hint =
    near !== undefined && distance(name, near) <= 2 ? `: is "${near}" meant?` : ` (known: ${known.join(', ')})`;
  return `"${name.slice(0, 60)}" is not known here${hint}`;
}

/** Edits from one word to the other (Levenshtein). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
