import { SandboxError } from '../../base/errors';

type Token =
  | { readonly is: 'literal'; readonly character: string }
  | { readonly is: 'one' }
  /** Any characters of a name; with `slashes` of a path. */
  | { readonly is: 'many'; readonly slashes: boolean }
  | { readonly is: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  /** Any number of whole directories: `(.*\/)?`; in front of one of them, and in the middle. */
  | { readonly is: 'directories' | 'in-directories' };

/** Characters of one pattern. */
const lengthLimit = 4096;

/**
 * A pattern for paths, as Go's `filepath.Match` has them: `*`, `?`, `[a-z]`, `[^a]`, `\` in front of a character; none of
 * them stands for a slash. With `deep`, `**` stands for any directories, as moby's patternmatcher takes it.
 *
 * Not a regular expression: those of the platform go back, so that a few stars in a hostile file take for ever. Here
 * all that could match is kept side by side, in time proportional to pattern and path.
 */
export class GlobPattern {
  readonly #tokens: readonly Token[];

  /** `InvalidArgument` in Go's words for a bracket or an escape that has no end. */
  constructor(pattern: string, { deep = false }: { readonly deep?: boolean } = {}) {
    if (pattern.length > lengthLimit) {
      throw new SandboxError('InvalidArgument', `A pattern has more than ${lengthLimit} characters`);
    }
    this.#tokens = parsePattern([...pattern], deep);
  }

  /** Whether there is nothing in it that stands for something else. */
  get isLiteral(): boolean {
    return this.#tokens.every(({ is }) => is === 'literal');
  }

  matches(path: string): boolean {
    let states = this.#closure(new Set([0]));
    for (const character of path) {
      const next = new Set<number>();
      for (const state of states) this.#step(state, character, next);
      if (next.size === 0) return false;
      states = this.#closure(next);
    }
    return states.has(this.#tokens.length);
  }

  #step(state: number, character: string, next: Set<number>): void {
    const token = this.#tokens[state];
    switch (token?.is) {
      case 'literal':
        if (token.character === character) next.add(state + 1);
        return;
      case 'one':
        if (character !== '/') next.add(state + 1);
        return;
      case 'many':
        if (token.slashes || character !== '/') next.add(state);
        return;
      case 'class':
        if (
          character !== '/' &&
          token.ranges.some(([from, to]) => from <= character && character <= to) !== token.negated
        )
          next.add(state + 1);
        return;
      case 'directories':
        next.add(state + 1);
        if (character === '/') next.add(state + 2);
        return;
      case 'in-directories':
        next.add(state);
        if (character === '/') next.add(state + 1);
    }
  }

  /** With those behind what may stand for nothing. */
  #closure(states: Set<number>): Set<number> {
    for (const state of states) {
      const token = this.#tokens[state];
      if (token?.is === 'many') states.add(state + 1);
      if (token?.is === 'directories') states.add(state + 2);
    }
    return states;
  }
}

function parsePattern(characters: readonly string[], deep: boolean): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < characters.length) {
    const character = characters[at] as string;
    at += 1;
    if (character === '?') tokens.push({ is: 'one' });
    else if (character === '[') at = parseClass(characters, at, tokens);
    else if (character === '*' && deep && characters[at] === '*') at = parseDeep(characters, at, tokens);
    else if (character === '*') tokens.push({ is: 'many', slashes: false });
    else if (character !== '\\') tokens.push({ is: 'literal', character });
    else {
      const escaped = characters[at];
      if (escaped === undefined) throw badPattern();
      tokens.push({ is: 'literal', character: escaped });
      at += 1;
    }
  }
  return tokens;
}

/** Behind the first star of `**`. Returns where it ends. */
function parseDeep(characters: readonly string[], at: number, tokens: Token[]): number {
  const isFirst = at === 1;
  const end = characters[at + 1] === '/' ? at + 2 : at + 1;
  const rest = characters.slice(end);
  // moby takes `**name` without anything else special in it for whatever ends so.
  const isSuffix = isFirst && end === at + 1 && !rest.some((each) => '*?[]\\'.includes(each));
  if (rest.length === 0 || isSuffix) tokens.push({ is: 'many', slashes: true });
  else tokens.push({ is: 'directories' }, { is: 'in-directories' });
  return end;
}

/** Behind the bracket. Returns where it ends. */
function parseClass(characters: readonly string[], start: number, tokens: Token[]): number {
  let at = start;
  const negated = characters[at] === '^';
  if (negated) at += 1;
  const ranges: (readonly [string, string])[] = [];
  const one = (): string => {
    let character = characters[at];
    if (character === '-' || character === ']') throw badPattern();
    if (character === '\\') {
      at += 1;
      character = characters[at];
    }
    if (character === undefined) throw badPattern();
    at += 1;
    return character;
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    const from = one();
    if (characters[at] !== '-') ranges.push([from, from]);
    else {
      at += 1;
      ranges.push([from, one()]);
    }
  }
  tokens.push({ is: 'class', negated, ranges });
  return at + 1;
}

function badPattern(): SandboxError {
  return new SandboxError('InvalidArgument', 'syntax error in pattern');
}
