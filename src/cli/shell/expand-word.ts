import type { ShellWord, WordPart } from '../../formats/shellwords/shell-syntax';
import { badSubstitution, expandParameter, type Lookup, parameter } from './expand-parameter';
import { expandTilde } from './expand-tilde';

/** What stands for something else in words. */
export interface Expansion {
  readonly lookup: Lookup;
  /** What a line prints, without the ends of lines behind it. */
  readonly substitute: (line: string) => Promise<string>;
}

/** A piece of what a word becomes; what was not quoted is split at spaces. */
interface Piece {
  readonly text: string;
  readonly split: boolean;
}

/**
 * The words that a word becomes: what a variable or a command outside quotes holds is split at spaces, and nothing of it is
 * no word (POSIX.1-2017, Shell Command Language, 2.6.5).
 */
export async function expandWord(word: ShellWord, expansion: Expansion): Promise<readonly string[]> {
  const words: string[] = [];
  let current: string | undefined;
  for (const { text, split } of await expandParts(expandTilde(word, expansion.lookup), expansion)) {
    if (!split) {
      current = (current ?? '') + text;
      continue;
    }
    text.split(/[ \t\n]+/).forEach((piece, index) => {
      if (index > 0) {
        if (current !== undefined) words.push(current);
        current = undefined;
      }
      if (piece !== '') current = (current ?? '') + piece;
    });
  }
  if (current !== undefined) words.push(current);
  return words;
}

/** The text that a word becomes where nothing is split: behind `=`, and in a document. */
export async function expandText(word: ShellWord, expansion: Expansion): Promise<string> {
  return (await expandParts(word, expansion)).map(({ text }) => text).join('');
}

async function expandParts(word: ShellWord, { lookup, substitute }: Expansion): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for (const part of word) {
    if (part.kind === 'command') pieces.push({ text: await substitute(part.line), split: !part.quoted });
    else if (part.kind === 'literal') pieces.push({ text: part.text, split: false });
    else pieces.push(...withVariables(part, lookup));
  }
  return pieces;
}

function withVariables({ kind, text }: Pick<WordPart, 'kind' | 'text'>, lookup: Lookup): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const take = (end: number): void => {
    if (end > at || kind === 'quoted') pieces.push({ text: text.slice(at, end), split: false });
  };
  for (const found of text.matchAll(parameter)) {
    const [all, inside, name = '', open] = found;
    if (open !== undefined) throw badSubstitution(text.slice(found.index));
    take(found.index);
    at = found.index + all.length;
    pieces.push({ text: expandParameter(inside ?? name, lookup), split: kind === 'bare' });
  }
  take(text.length);
  return pieces;
}
