import { delay } from '../../../base/clock';
import type { ShellProgram } from '../shell';
import { UsageError } from './options';

const seconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Milliseconds that a timer of a browser takes at most (HTML, 8.7: a signed number of 32 bits). */
const longest = 2 ** 31 - 1;

export const sleep: ShellProgram = {
  name: 'sleep',
  summary: 'Wait, in seconds or with s, m, h or d behind the number: sleep NUMBER[UNIT]…',
  async run(words, { signal }, { clock }) {
    if (words.length === 0) throw new UsageError('missing operand');
    for (let left = words.reduce((sum, word) => sum + millisecondsOf(word), 0); left > 0; left -= longest) {
      await delay(clock, Math.min(left, longest), signal);
      signal.throwIfAborted();
    }
    return 0;
  },
};

function millisecondsOf(word: string): number {
  const [, number, unit = ''] = /^(\d+\.?\d*|\.\d+|infinity)([smhd]?)$/.exec(word) ?? [];
  if (number === undefined) throw new UsageError(`invalid time interval '${word}'`);
  return (number === 'infinity' ? Number.POSITIVE_INFINITY : Number(number)) * (seconds[unit] ?? 1) * 1000;
}
