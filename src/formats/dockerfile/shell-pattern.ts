import { InstructionProblem } from './dockerfile-error';

/** A pattern's characters: literal ones, `?` for any, `*` for any number of any. */
type PatternPart = { readonly is: 'literal'; readonly character: string } | { readonly is: 'one' | 'many' };

/** Characters of values that patterns are looked for in, times those of patterns: what is still done in a moment. */
const workLimit = 20_000_000;

/** `${x#pattern}` and `${x%pattern}`; with the mark once more in front of the pattern as much of it as can be. */
export function trimPattern(value: string, word: string, from: 'start' | 'end'): string {
  const mark = from === 'start' ? '#' : '%';
  const greedy = word.startsWith(mark);
  const forward = parseShellPattern(greedy ? word.slice(1) : word);
  const parts = from === 'start' ? forward : [...forward].reverse();
  const text = from === 'start' ? [...value] : [...value].reverse();
  const length = matchLength(parts, text, 0, greedy);
  if (length === undefined) return value;
  const rest = text.slice(length);
  return (from === 'start' ? rest : rest.reverse()).join('');
}

/** `${x/pattern/word}`, or `//` for all of them. */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  const parts = parseShellPattern(pattern);
  const text = [...value];
  requireLittle(text.length * text.length * (parts.length + 1));
  let result = '';
  for (let at = 0; at <= text.length; ) {
    const length = matchLength(parts, text, at, true);
    if (length === undefined) {
      result += text[at] ?? '';
      at += 1;
      continue;
    }
    result += replacement;
    if (length === 0) result += text[at] ?? '';
    at += Math.max(length, 1);
    if (!all) return result + text.slice(at).join('');
  }
  return result;
}

function parseShellPattern(pattern: string): readonly PatternPart[] {
  const parts: PatternPart[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    if (character === '*') parts.push({ is: 'many' });
    else if (character === '?') parts.push({ is: 'one' });
    else if (character !== '\\') parts.push({ is: 'literal', character });
    else {
      at += 1;
      const escaped = characters[at] ?? '';
      // Those are escaped for the substitution's sake, the others for the pattern's.
      if (!['}', '/', '*', '?', '\\'].includes(escaped)) {
        throw new InstructionProblem(`invalid pattern (${pattern}) in substitution: invalid escape '\\${escaped}'`);
      }
      parts.push({ is: 'literal', character: escaped });
    }
  }
  return parts;
}

/** How many characters from `from` on match; the states of all tries are kept together, so nothing is tried twice. */
function matchLength(
  parts: readonly PatternPart[],
  text: readonly string[],
  from: number,
  greedy: boolean,
): number | undefined {
  requireLittle((text.length - from) * (parts.length + 1));
  let states = closure(new Set([0]), parts);
  let found: number | undefined;
  for (let at = from; ; at += 1) {
    if (states.has(parts.length)) {
      found = at - from;
      if (!greedy) return found;
    }
    const character = text[at];
    if (character === undefined || states.size === 0) return found;
    const next = new Set<number>();
    for (const state of states) {
      const part = parts[state];
      if (part?.is === 'many') next.add(state);
      else if (part?.is === 'one' || (part?.is === 'literal' && part.character === character)) next.add(state + 1);
    }
    states = closure(next, parts);
  }
}

/** With the states behind each `*`, which may stand for nothing. */
function closure(states: Set<number>, parts: readonly PatternPart[]): Set<number> {
  for (const state of states) if (parts[state]?.is === 'many') states.add(state + 1);
  return states;
}

function requireLittle(work: number): void {
  if (work > workLimit) throw new InstructionProblem('a pattern is too long for the value it is looked for in');
}
