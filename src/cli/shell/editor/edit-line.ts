import { characterWidth } from '../../format/text-width';

/** A line that is being edited: its characters, each with the marks that belong to it, and where the cursor is. */
export interface EditLine {
  readonly characters: readonly string[];
  /** 0 to the number of characters: it stands before that one. */
  readonly cursor: number;
}

export const emptyLine: EditLine = { characters: [], cursor: 0 };

export const textOf = ({ characters }: EditLine): string => characters.join('');

/** A line with the cursor at its end. */
export function lineOf(text: string): EditLine {
  const characters = charactersOf(text);
  return { characters, cursor: characters.length };
}

/** Characters as a terminal puts them into cells; what has no width of its own joins the one before. */
export function charactersOf(text: string): string[] {
  const characters: string[] = [];
  for (const each of text) {
    const last = characters.at(-1);
    if (each !== '\n' && last !== undefined && last !== '\n' && characterWidth(each) === 0) {
      characters[characters.length - 1] = last + each;
    } else characters.push(each);
  }
  return characters;
}

export function insert({ characters, cursor }: EditLine, text: string): EditLine {
  const before = charactersOf(characters.slice(0, cursor).join('') + text);
  return { characters: [...before, ...characters.slice(cursor)], cursor: before.length };
}

export function moveTo(line: EditLine, cursor: number): EditLine {
  return { ...line, cursor: Math.max(0, Math.min(line.characters.length, cursor)) };
}

/** Takes out what is between two places, in whatever order; the cursor is there then. */
export function cut(
  { characters }: EditLine,
  a: number,
  b: number,
): { readonly line: EditLine; readonly text: string } {
  const from = Math.max(0, Math.min(a, b));
  const to = Math.min(characters.length, Math.max(a, b));
  return {
    line: { characters: [...characters.slice(0, from), ...characters.slice(to)], cursor: from },
    text: characters.slice(from, to).join(''),
  };
}

const isWord = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{N}_]/u.test(character);
const isSpace = (character: string | undefined): boolean => character !== undefined && /\s/.test(character);

/** Where the word before the cursor begins: of letters and digits, or of all that is no space. */
export function wordStart({ characters, cursor }: EditLine, bySpace = false): number {
  const within = bySpace ? (each: string | undefined) => each !== undefined && !isSpace(each) : isWord;
  let at = cursor;
  while (at > 0 && !within(characters[at - 1])) at -= 1;
  while (at > 0 && within(characters[at - 1])) at -= 1;
  return at;
}

/** Where the word behind the cursor ends. */
export function wordEnd({ characters, cursor }: EditLine): number {
  let at = cursor;
  while (at < characters.length && !isWord(characters[at])) at += 1;
  while (at < characters.length && isWord(characters[at])) at += 1;
  return at;
}

/** Swaps the two characters at the cursor, as Ctrl-T does. */
export function transpose(line: EditLine): EditLine {
  const { characters, cursor } = line;
  const at = Math.min(cursor, characters.length - 1);
  const [before, behind] = [characters[at - 1], characters[at]];
  if (before === undefined || behind === undefined) return line;
  const swapped = [...characters.slice(0, at - 1), behind, before, ...characters.slice(at + 1)];
  return { characters: swapped, cursor: at + 1 };
}
