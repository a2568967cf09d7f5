import { expect, it } from 'vitest';
import { FakeClock } from '../../../base/fake-clock';
import { recordedIo } from '../../command-io-fixture';
import { createShellState } from '../shell';
import { printf } from './printf';

async function run(...words: readonly string[]) {
  const { io, out, err } = recordedIo();
  const code = await printf.run(words, io, createShellState([], new FakeClock()));
  return { code, out: out(), err: err() };
}

// What dash and busybox print for the same words.
it.each<readonly [words: readonly string[], out: string]>([
  [['hi\\n'], 'hi\n'],
  [['%s %s\\n', 'a', 'b', 'c'], 'a b\nc \n'],
  [['none'], 'none'],
  [['none', 'a', 'b'], 'none'],
  [['[%5s|%-5s|%.2s|%*s]', 'a', 'b', 'cde', '-3', 'f'], '[    a|b    |cd|f  ]'],
  [['%d %i %5d|%-5d|%05d|%+d|% d|%.3d', '1', '-2', '3', '4', '-5', '6', '7', '8'], '1 -2     3|4    |-0005|+6| 7|008'],
  [['%x %X %#x %o %u', '255', '255', '255', '8', '-1'], 'ff FF 0xff 10 18446744073709551615'],
  [['%d %d %d %d', '0x10', '010', "'A", '9007199254740993'], '16 8 65 9007199254740993'],
  [['%d|%s|%c'], '0||'],
  [['%c%c', 'abc', 'd'], 'ad'],
  [['%f %.1f %e', '1.5', '2.26', '12345.678'], '1.500000 2.3 1.234568e+04'],
  [['100%%\\t\\101\\x41\\\\'], '100%\tAA\\'],
  [['%b|%s', 'a\\n\\0101\\c never', 'x'], 'a\nA'],
  [['%b', 'a\\\\c'], 'a\\c'],
  [['a\\cb'], 'a'],
  [['%s', '\\n'], '\\n'],
  [['✓%s\\342\\234\\223', '✓'], '✓✓✓'],
  [['--', '%s', 'x'], 'x'],
])('printf %j', async (words, out) => {
  expect(await run(...words)).toEqual({ code: 0, out, err: '' });
});

it('goes on behind what is no number, and tells it', async () => {
  expect(await run('%d %d\\n', '12x', '3')).toEqual({ code: 1, out: '12 3\n', err: "printf: invalid number '12x'\n" });
});

it.each([[[]], [['%z']], [['%']]])('refuses %j', async (words) => {
  await expect(run(...words)).rejects.toThrow(/missing operand|invalid directive/);
});
