import { InstructionProblem } from './dockerfile-error';
import type { Heredoc } from './instruction';
import { expandText } from './shell-lexer';

const none = (): undefined => undefined;

/** A word that says that a text follows below: `<<EOF`, `<<-EOF`, `3<<"EOF"`. Undefined for any other word. */
export function parseHeredocWord(word: string): Omit<Heredoc, 'content'> | undefined {
  const match = /^(\d*)<<(-?)\s*([^<]*)$/.exec(word);
  const rest = match?.[3] ?? '';
  if (!match || rest === '') return undefined;
  const { words } = expandText(rest, none, { keepUnset: true });
  const [name] = words;
  if (name === undefined || words.length !== 1) return undefined;
  const [raw = ''] = expandText(rest, none, { keepUnset: true, rawQuotes: true }).words;
  return {
    name,
    fileDescriptor: Number(match[1]),
    expand: countQuotes(name) === countQuotes(raw),
    chomp: match[2] === '-',
  };
}

/** The heredocs that a line announces, in the order in which they follow. */
export function announcedHeredocs(line: string): readonly Omit<Heredoc, 'content'>[] {
  try {
    const { words } = expandText(line, none, { keepUnset: true, rawQuotes: true, rawEscapes: true });
    return words.flatMap((word) => parseHeredocWord(word) ?? []);
  } catch (error) {
    // What is no line of words announces none; who runs the line says what is wrong with it.
    if (error instanceof InstructionProblem) return [];
    throw error;
  }
}

/** The text as it is meant: for `<<-` without the tabs that its lines begin with. */
export function heredocText({ content, chomp }: Heredoc): string {
  return chomp ? content.replace(/^\t+/gm, '') : content;
}

function countQuotes(text: string): number {
  return text.split(/['"]/).length;
}
