import { InstructionProblem, quoted } from './dockerfile-error';

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A duration as Go writes it (`1m30s`, `1.5h`), in nanoseconds. Throws an {@link InstructionProblem} in Go's words. */
export function parseGoDuration(text: string): number {
  const invalid = (what = 'invalid duration'): InstructionProblem =>
    new InstructionProblem(`time: ${what} ${quoted(text)}`, text);
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let total = 0;
  const part = /(\d+\.?\d*|\.\d+)([^\d.]*)/y;
  while (part.lastIndex < rest.length) {
    const match = part.exec(rest);
    if (!match) throw invalid();
    const unit = match[2] ?? '';
    if (unit === '') throw invalid('missing unit in duration');
    const factor = Object.hasOwn(nanoseconds, unit) ? nanoseconds[unit] : undefined;
    if (factor === undefined) throw invalid(`unknown unit ${quoted(unit)} in duration`);
    total += Number(match[1]) * factor;
  }
  // Go's are 64 bits; what is more than an exact number here is longer than a hundred days.
  if (!Number.isSafeInteger(Math.round(total))) throw invalid();
  return Math.round(total) * (sign === '-' ? -1 : 1);
}
