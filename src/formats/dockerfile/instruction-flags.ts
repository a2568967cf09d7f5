import { InstructionProblem } from './dockerfile-error';
import { didYouMean } from './nearest-word';

/** Which flags an instruction takes: one text, several, or a yes or no. */
export type FlagKinds = Readonly<Record<string, 'text' | 'texts' | 'boolean'>>;

export interface InstructionFlags {
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  boolean(name: string): boolean | undefined;
}

/** The `--name=value` in front of the arguments, and what follows them. `--` ends them. */
export function splitFlags(
  args: string,
  escapeToken: string,
): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  let rest = args.trimStart();
  while (rest.startsWith('--')) {
    const flag = flagAt(rest, escapeToken);
    rest = rest.slice(flag.length).trimStart();
    if (flag.text === '--') break;
    flags.push(flag.text);
  }
  return { flags, rest };
}

/** Reads flags of an instruction. Throws an {@link InstructionProblem} in BuildKit's words. */
export function parseFlags(flags: readonly string[], kinds: FlagKinds): InstructionFlags {
  const values = new Map<string, string[]>();
  for (const flag of flags) {
    const equals = flag.indexOf('=');
    const shown = equals === -1 ? flag : flag.slice(0, equals);
    const name = shown.slice(2);
    const value = equals === -1 ? undefined : flag.slice(equals + 1);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const hint = didYouMean(name, Object.keys(kinds), true);
      throw new InstructionProblem(`unknown flag: ${shown}${hint}`, shown);
    }
    const before = values.get(name);
    if (before && kind !== 'texts') throw new InstructionProblem(`duplicate flag specified: ${shown}`, shown);
    values.set(name, [...(before ?? []), readValue(kind, shown, value)]);
  }
  return {
    text: (name) => values.get(name)?.[0],
    texts: (name) => values.get(name) ?? [],
    boolean: (name) => (values.has(name) ? values.get(name)?.[0] === 'true' : undefined),
  };
}

function readValue(kind: FlagKinds[string], shown: string, value: string | undefined): string {
  if (kind !== 'boolean') {
    if (value === undefined) throw new InstructionProblem(`missing a value on flag: ${shown}`, shown);
    return value;
  }
  if (value === '') throw new InstructionProblem(`missing a value on flag: ${shown}`, shown);
  const lower = (value ?? 'true').toLowerCase();
  if (lower === 'true' || lower === 'false') return lower;
  throw new InstructionProblem(`expecting boolean value for flag ${shown}, not: ${value}`, shown);
}

/** Up to white space that is neither quoted nor escaped. Quotes are taken out, as they are of a shell's word. */
function flagAt(text: string, escapeToken: string): { readonly text: string; readonly length: number } {
  let flag = '';
  let quote: string | undefined;
  let at = 0;
  for (; at < text.length; at += 1) {
    const character = text[at] as string;
    if (quote === undefined && /\s/.test(character)) break;
    if (character === escapeToken && quote !== "'") {
      at += 1;
      flag += text[at] ?? '';
    } else if (quote === undefined && (character === "'" || character === '"')) {
      quote = character;
    } else if (character === quote) {
      quote = undefined;
    } else {
      flag += character;
    }
  }
  return { text: flag, length: Math.min(at, text.length) };
}
