import { InstructionProblem, quoted } from './dockerfile-error';
import { parseGoDuration } from './go-duration';
import type { HealthcheckInstruction } from './instruction';
import { type InstructionFlags, parseFlags } from './instruction-flags';
import { parseStringArray } from './split-words';

const durations = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
  'start-interval': 'startInterval',
} as const;

const flagKinds = {
  interval: 'text',
  timeout: 'text',
  'start-period': 'text',
  'start-interval': 'text',
  retries: 'text',
} as const;

type HealthcheckParts = Omit<HealthcheckInstruction, 'is' | 'range' | 'source'>;

/** `NONE`, or options and `CMD` with a command in either form. Throws an {@link InstructionProblem}. */
export function parseHealthcheck(flags: readonly string[], rest: string): HealthcheckParts {
  const [, word = '', command = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  if (word === '') throw new InstructionProblem('HEALTHCHECK requires at least one argument');
  const type = word.toUpperCase();
  if (type === 'NONE') {
    if (command !== '') throw new InstructionProblem('HEALTHCHECK NONE takes no arguments', command);
    return { test: ['NONE'] };
  }
  const given = parseFlags(flags, flagKinds);
  if (type !== 'CMD') {
    throw new InstructionProblem(`Unknown type ${quoted(type)} in HEALTHCHECK (try CMD)`, word);
  }
  const argv = parseStringArray(command);
  if (command === '' || argv?.length === 0) throw new InstructionProblem('Missing command after HEALTHCHECK CMD');
  return {
    test: argv ? ['CMD', ...argv] : ['CMD-SHELL', command],
    ...Object.fromEntries(
      Object.entries(durations).flatMap(([flag, key]) => {
        const nanoseconds = parseInterval(given, flag);
        return nanoseconds === undefined ? [] : [[key, nanoseconds]];
      }),
    ),
    ...retriesOf(given),
  };
}

function parseInterval(flags: InstructionFlags, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined || text === '') return undefined;
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds === 0) return undefined;
  if (nanoseconds >= 1e6) return nanoseconds;
  throw new InstructionProblem(`Interval ${quoted(name)} cannot be less than 1ms`, text);
}

function retriesOf(flags: InstructionFlags): { readonly retries?: number } {
  const text = flags.text('retries');
  if (text === undefined || text === '') return {};
  const retries = Number(text);
  if (!/^[+-]?\d+$/.test(text) || Math.abs(retries) > 0x7fffffff) {
    throw new InstructionProblem(`strconv.ParseInt: parsing ${quoted(text)}: invalid syntax`, text);
  }
  if (retries < 0) throw new InstructionProblem(`--retries cannot be negative (${retries})`, text);
  return retries === 0 ? {} : { retries };
}
