import type { ShellProgram } from '../shell';
import { UsageError } from './options';

/** `printf` of POSIX.1-2017, with `\e` and `\xHH` besides, and of the conversions of fractions `%f` and `%e`. */
export const printf: ShellProgram = {
  name: 'printf',
  summary: 'Print words by a format: printf FORMAT [WORD…]',
  async run(words, io) {
    const [format, ...others] = words[0] === '--' ? words.slice(1) : words;
    if (format === undefined) throw new UsageError('missing operand');
    const printed = new Printed(others.map(toByteText));
    printed.format(toByteText(format));
    await io.stdout.write(Uint8Array.from(printed.text, (each) => each.charCodeAt(0)));
    for (const problem of printed.problems) await io.stderr.write(`printf: ${problem}\n`);
    return printed.problems.length > 0 ? 1 : 0;
  },
};

/** A character for each byte, as C has text: widths are of bytes, and an escape may be half of a character. */
function toByteText(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

/** Text, an escape, or a conversion. Widths have six digits at most: that much room is taken in memory. */
const piece =
  /[^\\%]+|\\(?:[abefnrtvc\\"']|[0-7]{1,3}|x[\da-fA-F]{1,2})|%([-+ 0#]*)(\d{1,6}|\*)?(?:\.(\d{0,2}|\*))?([sbcdiuoxXfe])|%%|\\|%.?/gs;

/** The same of a word for `%b`, whose octal digits may have a zero in front of them. */
const pieceOfWord = /[^\\]+|\\(?:[abefnrtvc\\"']|0[0-7]{0,3}|[1-7][0-7]{0,2}|x[\da-fA-F]{1,2})|\\/g;

const letters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const bases: Readonly<Record<string, number>> = { o: 8, x: 16, X: 16 };

interface Shape {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly verb: string;
}

class Printed {
  text = '';
  /** Words that are no numbers. */
  readonly problems: string[] = [];
  readonly #words: string[];
  /** After `\c` nothing follows. */
  #ended = false;

  constructor(words: readonly string[]) {
    this.#words = [...words];
  }

  /** Again and again until all words are used. `UsageError` for what is no conversion. */
  format(format: string): void {
    const pieces = [...format.matchAll(piece)];
    let before: number;
    do {
      before = this.#words.length;
      for (const each of pieces) if (!this.#ended) this.#piece(each);
    } while (!this.#ended && this.#words.length > 0 && this.#words.length < before);
  }

  #piece([all, flags = '', width, precision, verb]: RegExpMatchArray): void {
    if (verb !== undefined) {
      const columns = width === '*' ? this.#number() : Number(width ?? 0);
      const digits = precision === '*' ? this.#number() : precision === undefined ? -1 : Number(precision);
      this.#convert({
        flags: columns < 0 ? `${flags}-` : flags,
        width: Math.min(Math.abs(columns), 999_999),
        precision: digits < 0 ? undefined : Math.min(digits, 99),
        verb,
      });
    } else if (all === '%%') this.text += '%';
    else if (all.startsWith('%')) throw new UsageError(`${all}: invalid directive`);
    else if (all.startsWith('\\')) this.text += this.#unescape(all);
    else this.text += all;
  }

  #convert({ flags, width, precision, verb }: Shape): void {
    const isText = 'sbc'.includes(verb);
    const [sign, body] = isText ? ['', this.#word(verb, precision)] : this.#signed({ flags, width, precision, verb });
    const isInteger = !isText && !'fe'.includes(verb);
    const zeros = flags.includes('0') && !flags.includes('-') && !isText && !(isInteger && precision !== undefined);
    const shown = sign + (zeros ? body.padStart(width - sign.length, '0') : body);
    this.text += flags.includes('-') ? shown.padEnd(width) : shown.padStart(width);
  }

  #word(verb: string, precision: number | undefined): string {
    const given = this.#words.shift() ?? '';
    if (verb === 'c') return given.slice(0, 1);
    if (verb === 's') return given.slice(0, precision);
    let text = '';
    for (const [each] of given.matchAll(pieceOfWord)) {
      text += each.startsWith('\\') ? this.#unescape(each) : each;
      if (this.#ended) break;
    }
    return text.slice(0, precision);
  }

  /** What stands before the digits, and these. */
  #signed({ flags, precision, verb }: Shape): readonly [sign: string, digits: string] {
    const plus = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
    if ('fe'.includes(verb)) {
      const value = this.#number();
      const size = Math.abs(value);
      const digits =
        verb === 'f'
          ? size.toFixed(precision ?? 6)
          : size.toExponential(precision ?? 6).replace(/e(.)(\d)$/, (_, sign, digit) => `e${sign}0${digit}`);
      return [value < 0 ? '-' : plus, digits];
    }
    const value = this.#integer();
    const digits = (text: string): string => text.padStart(precision ?? 1, '0');
    if ('di'.includes(verb)) return [value < 0n ? '-' : plus, digits(String(value < 0n ? -value : value))];
    const text = BigInt.asUintN(64, value).toString(bases[verb] ?? 10);
    const lead = flags.includes('#') && value !== 0n ? (verb === 'o' ? '0' : verb === 'u' ? '' : `0${verb}`) : '';
    return [lead, digits(verb === 'X' ? text.toUpperCase() : text)];
  }

  /** As C writes whole numbers; behind a quote the code of a character. */
  #integer(): bigint {
    const word = this.#words.shift() ?? '';
    if (/^['"]./s.test(word)) return BigInt(word.charCodeAt(1));
    const [all, sign = '', body = '0'] = /^\s*([-+]?)(0x[\da-f]+|\d+)/i.exec(word) ?? [''];
    const isOctal = /^0[0-7]+$/.test(body);
    if (all !== word) this.problems.push(`invalid number '${word}'`);
    const value = BigInt(isOctal ? `0o${body}` : body);
    return BigInt.asIntN(64, sign === '-' ? -value : value);
  }

  #number(): number {
    const word = this.#words.shift() ?? '';
    const value = Number(word);
    if (!Number.isNaN(value)) return value;
    this.problems.push(`invalid number '${word}'`);
    return Number.parseFloat(word) || 0;
  }

  #unescape(text: string): string {
    const code = text.slice(1);
    if (code === 'c') this.#ended = true;
    if (code === 'c') return '';
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    if (code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return letters[code] ?? (code === '' ? '\\' : code);
  }
}
