import type { WordPart } from './shell-syntax';

export interface LexedSubstitution {
  readonly part: WordPart;
  /** Behind its last character. */
  readonly end: number;
}

/** Whether a command whose output stands in its place begins here. */
export function beginsSubstitution(line: string, at: number): boolean {
  return line[at] === '`' || line.startsWith('$(', at);
}

/**
 * The command that begins at `start` (POSIX.1-2017, Shell Command Language, 2.6.3), without reading what it says. Undefined:
 * it is not closed.
 */
export function lexSubstitution(line: string, start: number, quoted: boolean): LexedSubstitution | undefined {
  const isOld = line[start] === '`';
  const end = isOld ? endOfBackquotes(line, start + 1) : endOfParentheses(line, start + 2);
  if (end === undefined) return undefined;
  const text = line.slice(start, end);
  // Between backquotes a backslash is itself, but before what it takes the meaning from.
  const inside = isOld ? text.slice(1, -1).replace(quoted ? /\\([$`\\"])/g : /\\([$`\\])/g, '$1') : text.slice(2, -1);
  return { part: { kind: 'command', text, line: inside, quoted }, end };
}

function endOfParentheses(line: string, start: number): number | undefined {
  let depth = 1;
  for (let at: number | undefined = start; at !== undefined && at < line.length; ) {
    const character = line[at];
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth === 0) return at + 1;
    if (character === "'") at = behind(line, "'", at + 1);
    else if (character === '"') at = endOfQuotes(line, at + 1);
    else if (character === '`') at = endOfBackquotes(line, at + 1);
    else at += character === '\\' ? 2 : 1;
  }
  return undefined;
}

function endOfQuotes(line: string, start: number): number | undefined {
  for (let at: number | undefined = start; at !== undefined && at < line.length; ) {
    const character = line[at];
    if (character === '"') return at + 1;
    if (character === '`') at = endOfBackquotes(line, at + 1);
    else if (line.startsWith('$(', at)) at = endOfParentheses(line, at + 2);
    else at += character === '\\' ? 2 : 1;
  }
  return undefined;
}

function endOfBackquotes(line: string, start: number): number | undefined {
  for (let at = start; at < line.length; at += line[at] === '\\' ? 2 : 1) {
    if (line[at] === '`') return at + 1;
  }
  return undefined;
}

function behind(line: string, character: string, start: number): number | undefined {
  const found = line.indexOf(character, start);
  return found < 0 ? undefined : found + 1;
}
