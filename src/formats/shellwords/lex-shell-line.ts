import { beginsSubstitution, lexSubstitution } from './lex-substitution';
import type { ShellWord, WordPart } from './shell-syntax';

export type ShellToken =
  | { readonly kind: 'word'; readonly word: ShellWord; readonly start: number; readonly end: number }
  /** What stands between `<<END` and the line that says `END`. */
  | { readonly kind: 'document'; readonly word: ShellWord; readonly start: number; readonly end: number }
  | { readonly kind: 'operator'; readonly text: string; readonly start: number; readonly end: number };

/** What is not closed at the end: a quote, a command in a word, a document, or a backslash as the very last character. */
export type OpenPart = "'" | '"' | '\\' | '$(' | '<<';

export interface LexedLine {
  readonly tokens: readonly ShellToken[];
  readonly open?: OpenPart;
  /** Where the line of an open command in a word begins. */
  readonly inside?: number;
}

/** Longest first. */
const operators = [
  '2>&1',
  '2>>',
  '&>>',
  '<<-',
  '<<',
  '&&',
  '||',
  '>>',
  '2>',
  '&>',
  '|',
  ';',
  '<',
  '>',
  '&',
  '(',
  ')',
  '\n',
];

/** A document whose lines have not come yet. */
interface Announced {
  /** Where its token goes. */
  readonly token: number;
  readonly end: string;
  /** Nothing has a meaning in it. */
  readonly literal: boolean;
  /** Tabs at the beginnings of its lines are not its own. */
  readonly indented: boolean;
}

/** Cuts a line into words and operators (POSIX.1-2017, Shell Command Language, 2.2 and 2.3), without giving words a meaning. */
export function lexShellLine(line: string): LexedLine {
  const tokens: ShellToken[] = [];
  const announced: Announced[] = [];
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
      if (operator === '\n') {
        for (const each of announced.splice(0)) {
          const body = lexDocument(line, at, each);
          if (!body) return { tokens, open: '<<' };
          tokens[each.token] = { kind: 'document', word: body.parts, start: at, end: body.end };
          at = body.end;
        }
      }
      continue;
    }
    const { parts, end, open, inside } = lexWord(line, at);
    const before = tokens.at(-1);
    if (before?.kind === 'operator' && before.text.startsWith('<<')) {
      announced.push({
        token: tokens.length,
        end: parts.map(({ text }) => text).join(''),
        literal: parts.some(({ kind }) => kind !== 'bare'),
        indented: before.text === '<<-',
      });
    }
    tokens.push({ kind: 'word', word: parts, start: at, end });
    if (open !== undefined) return { tokens, open, ...(inside !== undefined && { inside }) };
    at = end;
  }
  return announced.length > 0 ? { tokens, open: '<<' } : { tokens };
}

/** The lines of a document, and where the line behind it begins; undefined: its end has not come. */
function lexDocument(
  line: string,
  start: number,
  { end, literal, indented }: Announced,
): { readonly parts: readonly WordPart[]; readonly end: number } | undefined {
  const lines: string[] = [];
  let at = start;
  while (at < line.length) {
    const newline = line.indexOf('\n', at);
    const raw = line.slice(at, newline < 0 ? undefined : newline);
    const text = indented ? raw.replace(/^\t+/, '') : raw;
    at += raw.length + (newline < 0 ? 0 : 1);
    if (text === end) {
      const body = lines.map((each) => `${each}\n`).join('');
      return { parts: literal ? [{ kind: 'literal', text: body }] : lexQuoted(body, 0, undefined).parts, end: at };
    }
    lines.push(text);
    if (newline < 0) return undefined;
  }
  return undefined;
}

const wordEnd = new Set([' ', '\t', '\r', '\n', ';', '&', '|', '<', '>', '(', ')']);

interface LexedWord {
  readonly parts: WordPart[];
  readonly end: number;
  readonly open?: OpenPart;
  readonly inside?: number;
}

function lexWord(line: string, start: number): LexedWord {
  const parts: WordPart[] = [];
  const add = (kind: 'bare' | 'literal', text: string): void => {
    const last = parts.at(-1);
    if (last?.kind === kind) parts[parts.length - 1] = { kind, text: last.text + text };
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
      const quoted = lexQuoted(line, at + 1, '"');
      parts.push(...quoted.parts);
      if (quoted.open !== undefined) return { ...quoted, parts };
      at = quoted.end;
    } else if (beginsSubstitution(line, at)) {
      const found = lexSubstitution(line, at, false);
      if (!found) return openSubstitution(line, at, parts, false);
      parts.push(found.part);
      at = found.end;
    } else {
      add('bare', character);
      at += 1;
    }
  }
  return { parts, end: at };
}

function openSubstitution(line: string, start: number, parts: WordPart[], quoted: boolean): LexedWord {
  const inside = start + (line[start] === '`' ? 1 : 2);
  const part: WordPart = { kind: 'command', text: line.slice(start), line: line.slice(inside), quoted };
  return { parts: [...parts, part], end: line.length, open: '$(', inside };
}

/** Up to the quote `until`, or all that there is. A backslash is itself there, except before what has a meaning. */
function lexQuoted(line: string, start: number, until: '"' | undefined): LexedWord {
  const parts: WordPart[] = [];
  const escaped = `${until ?? ''}\\$\`\n`;
  let text = '';
  const flush = (): void => {
    if (text !== '') parts.push({ kind: 'quoted', text });
    text = '';
  };
  let at = start;
  while (at < line.length) {
    const character = line[at] ?? '';
    if (character === until) {
      flush();
      return { parts: parts.length > 0 ? parts : [{ kind: 'literal', text: '' }], end: at + 1 };
    }
    const next = line[at + 1] ?? '';
    if (character === '\\' && escaped.includes(next) && next !== '') {
      flush();
      if (next !== '\n') parts.push({ kind: 'literal', text: next });
      at += 2;
    } else if (beginsSubstitution(line, at)) {
      flush();
      const found = lexSubstitution(line, at, true);
      // In a document nothing comes that could close it.
      if (!found && until !== undefined) return openSubstitution(line, at, parts, true);
      parts.push(found?.part ?? { kind: 'literal', text: line.slice(at) });
      at = found?.end ?? line.length;
    } else {
      text += character;
      at += 1;
    }
  }
  flush();
  return { parts, end: line.length, ...(until !== undefined && { open: until }) };
}

/** A whole character, also one of two code units. */
function takeCharacter(line: string, at: number): string {
  return String.fromCodePoint(line.codePointAt(at) ?? 0);
}
