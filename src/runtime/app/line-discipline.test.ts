import { describe, expect, it } from 'vitest';
import { LineDiscipline } from './line-discipline';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function type(...texts: readonly string[]) {
  const discipline = new LineDiscipline();
  const all = texts.map((text) => discipline.type(encode(text)));
  return {
    echo: all.map(({ echo }) => decode(echo)).join(''),
    lines: all.flatMap(({ lines }) => lines.map(decode)),
    signals: all.flatMap(({ signal }) => signal ?? []),
  };
}

describe('the line discipline', () => {
  it.each<[string, string, readonly string[], string]>([
    ['gives a line when it is ended', 'hello\r', ['hello\n'], 'hello\r\n'],
    ['takes a newline for that as well', 'a\nb\n', ['a\n', 'b\n'], 'a\r\nb\r\n'],
    ['keeps a line that is not ended', 'hello', [], 'hello'],
    ['takes a character back', 'ab\x7fc\r', ['ac\n'], 'ab\b \bc\r\n'],
    ['takes back nothing where there is nothing', '\x7f\x7fa\r', ['a\n'], 'a\r\n'],
    ['takes a character of several bytes back at once', 'a😀\x7f\r', ['a\n'], 'a😀\b \b\r\n'],
    ['takes the line back', 'one two\x15x\r', ['x\n'], `one two${'\b \b'.repeat(7)}x\r\n`],
    ['takes a word back', 'one two  \x17x\r', ['one x\n'], `one two  ${'\b \b'.repeat(5)}x\r\n`],
    ['ends the input on an empty line', '\x04', [''], ''],
    ['gives what there is of a line instead, where there is some', 'abc\x04', ['abc'], 'abc'],
    ['shows control characters', '\x1b[A\x01\r', ['\x1b[A\x01\n'], '^[[A^A\r\n'],
    ['takes both places of a control character back', '\x01\x7f\r', ['\n'], '^A\b \b\b \b\r\n'],
    ['leaves tabs as they are', 'a\tb\r', ['a\tb\n'], 'a\tb\r\n'],
    ['has no job control', 'a\x1ab\r', ['ab\n'], 'ab\r\n'],
  ])('%s', (_what, typed, lines, echo) => {
    expect(type(typed)).toEqual({ lines, echo, signals: [] });
  });

  it('goes on from one piece to the next', () => {
    expect(type('he', 'l', 'lo\r', 'x').lines).toEqual(['hello\n']);
  });

  it.each([
    ['\x03', '^C', 'SIGINT'],
    ['\x1c', '^\\', 'SIGQUIT'],
  ])('makes a signal of %j, and drops what was typed before', (key, shown, signal) => {
    expect(type(`one\rtwo${key}`, 'x\r')).toEqual({
      lines: ['x\n'],
      echo: `one\r\ntwo${shown}\r\nx\r\n`,
      signals: [signal],
    });
  });

  it('gives a line that has no end in pieces', () => {
    const { lines } = type('x'.repeat(40_000), '\r');
    expect(lines.map(({ length }) => length)).toEqual([16_384, 16_384, 7233]);
  });
});
