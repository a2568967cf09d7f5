import type { ShellWord, WordPart } from './shell-syntax';

export type ShellToken =
  | { readonly kind: 'word'; readonly word: ShellWord; readonly start: number; readonly end: number }
  | { readonly kind: 'operator'; readonly text: string; readonly start: number; readonly end: number };

export interface LexedLine {
  readonly tokens: readonly ShellToken[];
  /** The quote that is not closed: `'`, `"` or a backslash at the very end. */
  readonly open?: string;
}

/** Longest first. */
const operators = ['2>&1', '2>>', '&>>', '&&', '||', '>>', '2>', '&>', '|', ';', '<', '>', '&', '(', ')', '\n'];

/** Cuts a line into words and operators (POSIX.1-2017, Shell Command Language, 2.2 and 2.3), without giving words a meaning. */
export function lexShellLine(line: string): LexedLine {
  const tokens: ShellToken[] = [];
  let at = 0;
  while (at < line.length) {
    const character = line[at] ?? '';
    if (character === ' ' || character === '\t' || character === '\r') {
      at += 1;
      continue;
    }
    if (character === '#') {
      const newline = line.indexOf('\n', at);
      if (newline < 0) break;
      at = newline;
      continue;
    }
    const operator = operators.find((each) => line.startsWith(each, at));
    if (operator !== undefined) {
      tokens.push({ kind: 'operator', text: operator, start: at, end: at + operator.length });
      at += operator.length;
      continue;
    }
    const { parts, end, open } = lexWord(line, at);
    tokens.push({ kind: 'word', word: parts, start: at, end });
    if (open !== undefined) return { tokens, open };
    at = end;
  }
  return { tokens };
}

const wordEnd = new Set([' ', '\t', '\r', '\n', ';', '&', '|', '<', '>', '(', ')']);

function lexWord(line: string, start: number): { parts: WordPart[]; end: number; open?: string } {
  const parts: WordPart[] = [];
  const add = (kind: WordPart['kind'], text: string): void => {
    const last = parts.at(-1);
    if (last?.kind === kind && kind !== 'quoted') parts[parts.length - 1] = { kind, text: last.text + text };
    else parts.push({ kind, text });
  };
  let at = start;
  while (at < line.length) {
    const character = line[at] ?? '';
    if (wordEnd.has(character)) break;
    if (character === '\\') {
      if (at + 1 >= line.length) return { parts, end: line.length, open: '\\' };
      // A line that goes on.
      if (line[at + 1] !== '\n') add('literal', takeCharacter(line, at + 1));
      at += 1 + takeCharacter(line, at + 1).length;
    } else if (character === "'") {
      const close = line.indexOf("'", at + 1);
      parts.push({ kind: 'literal', text: line.slice(at + 1, close < 0 ? undefined : close) });
      if (close < 0) return { parts, end: line.length, open: "'" };
      at = close + 1;
    } else if (character === '"') {
      const inside = lexDoubleQuotes(line, at + 1);
      parts.push(...inside.parts);
      if (inside.open) return { parts, end: line.length, open: '"' };
      at = inside.end;
    } else {
      add('bare', character);
      at += 1;
    }
  }
  return { parts, end: at };
}

/** A backslash is itself there, except before what has a meaning. */
function lexDoubleQuotes(line: string, start: number): { parts: WordPart[]; end: number; open: boolean } {
  const parts: WordPart[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') parts.push({ kind: 'quoted', text });
    text = '';
  };
  for (let at = start; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === '"') {
      flush();
      return { parts: parts.length > 0 ? parts : [{ kind: 'literal', text: '' }], end: at + 1, open: false };
    }
    const next = line[at + 1] ?? '';
    if (character === '\\' && '"\\$`\n'.includes(next) && next !== '') {
      flush();
      if (next !== '\n') parts.push({ kind: 'literal', text: next });
      at += 1;
    } else text += character;
  }
  flush();
  return { parts, end: line.length, open: true };
}

/** A whole character, also one of two code units. */
function takeCharacter(line: string, at: number): string {
  return String.fromCodePoint(line.codePointAt(at) ?? 0);
}
