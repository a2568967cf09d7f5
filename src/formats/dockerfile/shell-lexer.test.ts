// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are of the language under test
import { describe, expect, it } from 'vitest';
import { InstructionProblem } from './dockerfile-error';
import { expandText } from './shell-lexer';

const values: Readonly<Record<string, string>> = {
  HOME: '/home',
  EMPTY: '',
  FILE: 'archive.tar.gz',
  SPACED: ' a  b ',
  KOREAN: '한국어',
};
const variables = (name: string): string | undefined => values[name];

const table: readonly (readonly [text: string, expanded: string | RegExp])[] = [
  ['plain', 'plain'],
  ['$HOME/x', '/home/x'],
  ['$HOMEx', ''],
  ['${HOME}x', '/homex'],
  ['a$', 'a$'],
  ['a$.b', 'a$.b'],
  ['a$1b', 'ab'],
  ['$$', ''],
  ['\\$HOME', '$HOME'],
  ['\\\\$HOME', '\\/home'],
  ['\\${HOME}', '${HOME}'],
  ["'$HOME'", '$HOME'],
  ["'a\\'", 'a\\'],
  ['"$HOME"', '/home'],
  ['"\\$HOME \\" \\n"', '$HOME " \\n'],
  [`"it's"`, "it's"],
  ['end\\', 'end'],
  ['$KOREAN 안녕', '한국어 안녕'],
  ['${NONE:-d}', 'd'],
  ['${NONE-d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${HOME:-d}', '/home'],
  ['${HOME:+d}', 'd'],
  ['${NONE:+d}', ''],
  ['${EMPTY:+d}', ''],
  ['${EMPTY+d}', 'd'],
  ['${NONE:-${NOT:-$HOME}}', '/home'],
  ['${NONE:-\\$HOME}', '$HOME'],
  ['${NONE?}', /NONE: is not allowed to be unset/],
  ['${EMPTY:?}', /EMPTY: is not allowed to be empty/],
  ['${NONE:?say so}', /NONE: say so/],
  ['${HOME:?}', '/home'],
  ['${FILE#*.}', 'tar.gz'],
  ['${FILE##*.}', 'gz'],
  ['${FILE%.*}', 'archive.tar'],
  ['${FILE%%.*}', 'archive'],
  ['${FILE#????}', 'ive.tar.gz'],
  ['${FILE#x}', 'archive.tar.gz'],
  ['${FILE/a/A}', 'Archive.tar.gz'],
  ['${FILE//a/A}', 'Archive.tAr.gz'],
  ['${FILE/r*r/-}', 'a-.gz'],
  ['${HOME/\\//-}', '-home'],
  ['${HOME#\\x}', /invalid pattern \(\\x\) in substitution: invalid escape '\\x'/],
  ['${}', /syntax error: bad substitution/],
  ['${:x}', /syntax error: bad substitution/],
  ['${{x}', /syntax error: bad substitution/],
  ['${HOME', /unsupported modifier|missing '}'/],
  ['${NONE:-x', /syntax error: missing '}'/],
  ['${', /syntax error: missing '}'/],
  ['${HOME:=x}', /unsupported modifier \(:=\) in substitution/],
  ['${HOME:#x}', /unsupported modifier \(:#\) in substitution/],
  ["'open", /looking for matching single-quote/],
  ['"open', /looking for matching double-quote/],
];

describe('expandText', () => {
  it.each(table)('expands %s', (text, expected) => {
    const expand = () => expandText(text, variables).text;
    if (typeof expected === 'string') expect(expand()).toBe(expected);
    else {
      expect(expand).toThrow(InstructionProblem);
      expect(expand).toThrow(expected);
    }
  });

  it('splits what it has expanded at white space, except where that is quoted', () => {
    expect(expandText('a$SPACED"$SPACED"b\\ c', variables).words).toEqual(['a', 'a', 'b', ' a  b b c']);
  });

  it('tells which variables were asked for', () => {
    expect([...expandText("$HOME ${A:-$B} '$C'", variables).used]).toEqual(['HOME', 'B', 'A']);
  });

  it('takes another character for escapes where the Dockerfile says so', () => {
    expect(expandText('C:\\$HOME`$HOME', variables, { escapeToken: '`' }).text).toBe('C:\\/home$HOME');
  });

  it('leaves quotes alone in heredocs', () => {
    expect(expandText(`'$HOME' "\\$HOME"`, variables, { plainQuotes: true }).text).toBe(`'/home' "$HOME"`);
  });

  it('stops before a text has grown beyond all bounds, or goes too deep', () => {
    const big = 'x'.repeat(600_000);
    expect(() => expandText('$A$A', () => big)).toThrow(/expands to more than 1048576 characters/);
    expect(() => expandText('${a:-'.repeat(5000), () => undefined)).toThrow(/more than 100 deep/);
    expect(() => expandText(`\${A//${'*x'.repeat(30)}/y}`, () => big)).toThrow(/too long for the value/);
  });
});
