import { InstructionProblem, quoted } from './dockerfile-error';
import type { NamedValue } from './instruction';

/** Words between white space, with quotes and escapes left in them: they are taken out when words are expanded. */
export function splitWords(text: string, escapeToken: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let quote: string | undefined;
  let isWord = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (quote === undefined && /\s/.test(character)) {
      if (isWord) words.push(word);
      word = '';
      isWord = false;
      continue;
    }
    // Nothing is escaped between single quotes, and the last character escapes nothing.
    if (character === escapeToken && quote !== "'") {
      at += 1;
      const escaped = text[at];
      if (escaped === undefined) break;
      word += character + escaped;
      isWord = true;
      continue;
    }
    if (quote === undefined && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = undefined;
    word += character;
    isWord = true;
  }
  if (isWord) words.push(word);
  return words;
}

/** `name=value …`, or the old `name value` of one. Throws an {@link InstructionProblem}. */
export function splitPairs(text: string, instruction: string, escapeToken: string): readonly NamedValue[] {
  const words = splitWords(text, escapeToken);
  const [first] = words;
  if (first === undefined) throw new InstructionProblem(`${instruction} requires at least one argument`);
  if (!first.includes('=')) {
    const old = /^(\S+)[\t\v\f\r ]+(.*)$/s.exec(text);
    if (!old) throw new InstructionProblem(`${instruction} must have two arguments`, first);
    return [{ name: old[1] ?? '', value: old[2] ?? '' }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === -1) {
      const message = `Syntax error - can't find = in ${quoted(word)}. Must be of the form: name=value`;
      throw new InstructionProblem(message, word);
    }
    if (equals === 0) throw new InstructionProblem(`${instruction} names can not be blank`, word);
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** A JSON array of strings; undefined for what is no array. Throws an {@link InstructionProblem} for another array. */
export function parseStringArray(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // BuildKit takes it for words of the shell, too.
    return undefined;
  }
  const items = value as readonly unknown[];
  if (items.every((item) => typeof item === 'string')) return items;
  throw new InstructionProblem('when using JSON array syntax, arrays must be comprised of strings only', text);
}
