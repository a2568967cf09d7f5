import { InstructionProblem, quoted } from './dockerfile-error';
import { dockerfileLimits } from './dockerfile-limits';
import { replacePattern, trimPattern } from './shell-pattern';

export interface LexerOptions {
  /** What escapes a character: the directive's. */
  readonly escapeToken?: string;
  /** Quotes stay where they are. */
  readonly rawQuotes?: boolean;
  /** Escapes stay where they are. */
  readonly rawEscapes?: boolean;
  /** Quotes are characters like any other: in heredocs. */
  readonly plainQuotes?: boolean;
  /** What is not set stays as it was written. */
  readonly keepUnset?: boolean;
}

/** The value of a variable; undefined where it is not set. */
export type Variables = (name: string) => string | undefined;

export interface Expansion {
  readonly text: string;
  /** The same, split at white space that is not quoted. */
  readonly words: readonly string[];
  /** Names that were asked for, whether they are set or not. */
  readonly used: ReadonlySet<string>;
}

/**
 * Expands variables as BuildKit does (Dockerfile reference, "Environment replacement"): `$x`, `${x}`, `${x:-word}`, `-`,
 * `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/pattern/word`, `//pattern/word`, quotes and escapes.
 * Throws an {@link InstructionProblem}.
 */
export function expandText(text: string, variables: Variables, options: LexerOptions = {}): Expansion {
  const lexer = new ShellLexer(text, variables, options);
  try {
    return lexer.run();
  } catch (error) {
    if (!(error instanceof InstructionProblem)) throw error;
    throw new InstructionProblem(`failed to process ${quoted(text)}: ${error.message}`, text);
  }
}

class ShellLexer {
  readonly #text: string;
  readonly #variables: Variables;
  readonly #options: LexerOptions;
  readonly #escapeToken: string;
  readonly #used = new Set<string>();
  #rawEscapes: boolean;
  #at = 0;
  #nesting = 0;

  constructor(text: string, variables: Variables, options: LexerOptions) {
    this.#text = text;
    this.#variables = variables;
    this.#options = options;
    this.#escapeToken = options.escapeToken ?? '\\';
    this.#rawEscapes = options.rawEscapes ?? false;
  }

  run(): Expansion {
    const words = new WordCollector();
    const text = this.#until(undefined, words);
    return { text, words: words.finish(), used: this.#used };
  }

  get #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #next(): string | undefined {
    const character = this.#peek;
    this.#at += 1;
    return character;
  }

  /** Up to the character that it stops at, which is passed, or to the end. */
  #until(stop: string | undefined, words: WordCollector | undefined): string {
    let result = '';
    const add = (piece: string): void => {
      result += piece;
      if (result.length > dockerfileLimits.expanded) {
        throw new InstructionProblem(`it expands to more than ${dockerfileLimits.expanded} characters`);
      }
    };
    while (this.#at < this.#text.length) {
      const character = this.#peek as string;
      if (character === stop) {
        this.#at += 1;
        return result;
      }
      const special = this.#special(character);
      if (special !== undefined) {
        add(special);
        if (character === '$') words?.addText(special);
        else words?.addRaw(special);
        continue;
      }
      this.#at += 1;
      if (character !== this.#escapeToken) {
        words?.addText(character);
        add(character);
        continue;
      }
      const escaped = this.#next();
      const shown = `${this.#rawEscapes ? character : ''}${escaped ?? ''}`;
      words?.addRaw(shown);
      add(shown);
    }
    if (stop === undefined) return result;
    throw new InstructionProblem(`unexpected end of statement while looking for matching ${stop}`);
  }

  #special(character: string): string | undefined {
    if (character === '$') return this.#dollar();
    if (this.#options.plainQuotes) return undefined;
    if (character === "'") return this.#singleQuoted();
    if (character === '"') return this.#doubleQuoted();
    // The name of a heredoc may stand behind spaces and still is one word with its mark.
    const heredoc = character === '<' ? /<<[ \t\r]*/y : undefined;
    if (!heredoc) return undefined;
    heredoc.lastIndex = this.#at;
    const mark = heredoc.exec(this.#text)?.[0];
    if (mark === undefined) return undefined;
    this.#at += mark.length;
    return mark;
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end === -1) {
      throw new InstructionProblem('unexpected end of statement while looking for matching single-quote');
    }
    const inside = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return this.#options.rawQuotes ? `'${inside}'` : inside;
  }

  #doubleQuoted(): string {
    this.#at += 1;
    let result = '';
    for (;;) {
      const character = this.#peek;
      if (character === undefined) {
        throw new InstructionProblem('unexpected end of statement while looking for matching double-quote');
      }
      if (character === '$') {
        result += this.#dollar();
        continue;
      }
      this.#at += 1;
      if (character === '"') return this.#options.rawQuotes ? `"${result}"` : result;
      if (character !== this.#escapeToken) {
        result += character;
        continue;
      }
      if (this.#rawEscapes) result += character;
      const escaped = this.#peek;
      if (escaped === undefined) continue;
      // Of anything else the escape is a character like any other.
      if (escaped === '"' || escaped === '$' || escaped === this.#escapeToken) {
        this.#at += 1;
        result += escaped;
      } else {
        result += character;
      }
    }
  }

  #dollar(): string {
    this.#at += 1;
    if (this.#peek !== '{') {
      const name = this.#name();
      if (name === '') return '$';
      return this.#get(name) ?? (this.#options.keepUnset ? `$${name}` : '');
    }
    this.#at += 1;
    this.#nesting += 1;
    if (this.#nesting > dockerfileLimits.nesting) {
      throw new InstructionProblem(`substitutions are more than ${dockerfileLimits.nesting} deep`);
    }
    const value = this.#braced();
    this.#nesting -= 1;
    return value;
  }

  #braced(): string {
    const first = this.#peek;
    if (first === undefined) throw new InstructionProblem("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') {
      throw new InstructionProblem('syntax error: bad substitution');
    }
    const name = this.#name();
    const operator = this.#next();
    if (operator === '}') return this.#get(name) ?? (this.#options.keepUnset ? `\${${name}}` : '');
    if (operator === '/') return this.#replaced(name);
    const colon = operator === ':';
    const modifier = colon ? this.#next() : operator;
    const shown = `${colon ? ':' : ''}${modifier ?? ''}`;
    const isTrim = modifier === '#' || modifier === '%';
    const isKnown = modifier !== undefined && '+-?#%'.includes(modifier);
    if (!isKnown || (colon && isTrim)) {
      throw new InstructionProblem(`unsupported modifier (${shown}) in substitution`);
    }
    const word = this.#inner('}', isTrim, "syntax error: missing '}'");
    return this.#modified({ name, modifier, word, colon, shown });
  }

  #modified(use: { name: string; modifier: string; word: string; colon: boolean; shown: string }): string {
    const { name, modifier, word, colon, shown } = use;
    const value = this.#get(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${shown}${word}}`;
    const isMissing = value === undefined || (colon && value === '');
    switch (modifier) {
      case '-':
        return isMissing ? word : value;
      case '+':
        return isMissing ? '' : word;
      case '?': {
        if (!isMissing) return value;
        const usual = `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`;
        throw new InstructionProblem(`${name}: ${word === '' ? usual : word}`);
      }
      default:
        return trimPattern(value ?? '', word, modifier === '#' ? 'start' : 'end');
    }
  }

  #replaced(name: string): string {
    const all = this.#peek === '/';
    if (all) this.#at += 1;
    const pattern = this.#inner('/', true, `syntax error: missing '/' in \${}`);
    const replacement = this.#inner('}', true, "syntax error: missing '}'");
    const value = this.#get(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    return replacePattern(value ?? '', pattern, replacement, all);
  }

  /** A word inside of braces. */
  #inner(stop: string, rawEscapes: boolean, missing: string): string {
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    try {
      return this.#until(stop, undefined);
    } catch (error) {
      if (error instanceof InstructionProblem && this.#at >= this.#text.length && /matching/.test(error.message)) {
        throw new InstructionProblem(missing);
      }
      throw error;
    } finally {
      this.#rawEscapes = before;
    }
  }

  #name(): string {
    const name = /[0-9]+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*/uy;
    name.lastIndex = this.#at;
    const found = name.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #get(name: string): string | undefined {
    this.#used.add(name);
    return this.#variables(name);
  }
}

/** Splits what is expanded at white space, but not what was quoted. */
class WordCollector {
  readonly #words: string[] = [];
  #word = '';

  addText(text: string): void {
    for (const character of text) {
      if (!/\s/.test(character)) this.#word += character;
      else this.#flush();
    }
  }

  addRaw(text: string): void {
    this.#word += text;
  }

  finish(): readonly string[] {
    this.#flush();
    return this.#words;
  }

  #flush(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}
