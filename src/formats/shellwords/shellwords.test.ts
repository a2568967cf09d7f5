import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseShellLine } from './parse-shell-line';
import { quoteShellWord } from './quote-shell-word';
import type { ShellLine } from './shell-syntax';

/** Words of the commands of each pipeline, with kinds told apart by brackets. */
function shape(line: ShellLine): unknown {
  if (line.kind !== 'pipelines') return line.kind === 'error' ? line.message : line.kind;
  return line.pipelines.map(({ when, commands }) => [
    when,
    ...commands.map(({ words }) => words.map((word) => word.map(({ text }) => text).join('')).join('·')),
  ]);
}

describe('a line of the shell', () => {
  it.each([
    ['echo hi', [['always', 'echo·hi']]],
    ['  a   b  ', [['always', 'a·b']]],
    ['a \'b c\' "d e" f\\ g', [['always', 'a·b c·d e·f g']]],
    ['a""b \'\'', [['always', 'ab·']]],
    ['a | b | c', [['always', 'a', 'b', 'c']]],
    [
      'a; b && c || d',
      [
        ['always', 'a'],
        ['always', 'b'],
        ['success', 'c'],
        ['failure', 'd'],
      ],
    ],
    ['a # b | c', [['always', 'a']]],
    ['a#b', [['always', 'a#b']]],
    ['a\\\nb', [['always', 'ab']]],
    ['a |\n b', [['always', 'a', 'b']]],
    [
      'a\nb',
      [
        ['always', 'a'],
        ['always', 'b'],
      ],
    ],
    ['"a\\"b\\n"', [['always', 'a"b\\n']]],
    ["'a\\'", [['always', 'a\\']]],
    ['docker run -e A="x y" b', [['always', 'docker·run·-e·A=x y·b']]],
    ['', []],
    ['# nothing', []],
    ['a $(b | c; d "e)" $(f)) g', [['always', 'a·$(b | c; d "e)" $(f))·g']]],
    ['a "$(b "c d")" `e \\`f\\``', [['always', 'a·$(b "c d")·`e \\`f\\``']]],
    [
      'a <<E | b\nx | y\nE\nc',
      [
        ['always', 'a', 'b'],
        ['always', 'c'],
      ],
    ],
    ['a $(b', 'incomplete'],
    ['a "$(b)', 'incomplete'],
    ['a $(b "c)', 'incomplete'],
    ['a `b', 'incomplete'],
    ['a <<E', 'incomplete'],
    ['a <<E\nx', 'incomplete'],
    ['a <<E\nEE', 'incomplete'],
    ['a <<', "syntax error near unexpected token `newline'"],
    ['"open', 'incomplete'],
    ["'open", 'incomplete'],
    ['open\\', 'incomplete'],
    ['a |', 'incomplete'],
    ['a &&', 'incomplete'],
    ['| a', "syntax error near unexpected token `|'"],
    ['a ;; b', "syntax error near unexpected token `;'"],
    ['a >', "syntax error near unexpected token `newline'"],
    ['a > | b', "syntax error near unexpected token `|'"],
    ['a &', 'commands in the background are not supported; open another shell'],
    ['(a)', "syntax error near unexpected token `('"],
    ['a $((1 + 2)) b', 'arithmetic is not supported: $((1 + 2))'],
    ['a "n: $((1))"', 'arithmetic is not supported: $((1))'],
  ])('%j is read', (text, expected) => {
    expect(shape(parseShellLine(text))).toEqual(expected);
  });

  it('has redirections, from left to right', () => {
    const parsed = parseShellLine('a <in >out 2>>err &>all 2>&1');
    if (parsed.kind !== 'pipelines') throw new Error(parsed.kind);
    expect(parsed.pipelines[0]!.commands[0]!.redirects).toEqual([
      { kind: 'input', target: [{ kind: 'bare', text: 'in' }] },
      { kind: 'output', target: [{ kind: 'bare', text: 'out' }], append: false, of: 'stdout' },
      { kind: 'output', target: [{ kind: 'bare', text: 'err' }], append: true, of: 'stderr' },
      { kind: 'output', target: [{ kind: 'bare', text: 'all' }], append: false, of: 'both' },
      { kind: 'merge' },
    ]);
  });

  it('has back every word that was quoted for it, and only those', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (words) => {
        const parsed = parseShellLine(words.map(quoteShellWord).join(' '));
        if (parsed.kind !== 'pipelines') throw new Error(parsed.kind);
        const read = parsed.pipelines.flatMap(({ commands }) => commands.flatMap((command) => command.words));
        expect(read.map((word) => word.map(({ text }) => text).join(''))).toEqual(words);
        // Nothing in them is a variable.
        const variable = read.flat().filter(({ kind, text }) => kind !== 'literal' && text.includes('$'));
        expect(variable).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('is read whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab \'"\\|&;<>2#$()`\n') }), (text) => {
        expect(['pipelines', 'incomplete', 'error']).toContain(parseShellLine(text).kind);
      }),
      { numRuns: 5000 },
    );
  });
});
