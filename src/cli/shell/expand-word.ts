import type { ShellWord } from '../../formats/shellwords/shell-syntax';

/** Value of a variable; `?` is the last exit code. */
export type Lookup = (name: string) => string | undefined;

const variable = /\$(?:\{([A-Za-z_]\w*|\?)\}|([A-Za-z_]\w*|\?))/g;

/** The words that a word becomes: what a variable outside quotes holds is split at spaces, and nothing of it is no word. */
export function expandWord(word: ShellWord, lookup: Lookup): readonly string[] {
  const words: string[] = [];
  let current: string | undefined;
  for (const { kind, text } of word) {
    if (kind === 'literal') {
      current = (current ?? '') + text;
      continue;
    }
    if (kind === 'quoted') {
      current = (current ?? '') + text.replace(variable, (_, braced, plain) => lookup(braced ?? plain) ?? '');
      continue;
    }
    let at = 0;
    for (const found of text.matchAll(variable)) {
      if (found.index > at) current = (current ?? '') + text.slice(at, found.index);
      at = found.index + found[0].length;
      const value = lookup(found[1] ?? found[2] ?? '') ?? '';
      const pieces = value.split(/[ \t\n]+/);
      pieces.forEach((piece, index) => {
        if (index > 0) {
          if (current !== undefined) words.push(current);
          current = undefined;
        }
        if (piece !== '') current = (current ?? '') + piece;
      });
    }
    if (at < text.length) current = (current ?? '') + text.slice(at);
  }
  if (current !== undefined) words.push(current);
  return words;
}
