import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildNative, clang, runNative } from '../unikernels/test/native-program';

const files = ['test/seccomp_test.c', 'seccomp.c', 'json.c', 'text.c', 'arena.c', 'error.c', 'file.c'];
const sources = files.map((path) => `../oci-runtime/${path}`);

const errno = 0x0005_0000;
const allow = 0x7fff_0000;

interface Condition {
  readonly index: number;
  readonly value: number;
  readonly valueTwo: number;
  readonly op: string;
}

interface Entry {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet: number;
  readonly args: readonly Condition[];
}

const actionOf = (entry: Pick<Entry, 'action' | 'errnoRet'>): number =>
  entry.action === 'SCMP_ACT_ALLOW' ? allow : errno + entry.errnoRet;

function holds({ index, value, valueTwo, op }: Condition, args: readonly bigint[]): boolean {
  const argument = args[index] ?? 0n;
  const other = BigInt(value);
  switch (op) {
    case 'SCMP_CMP_EQ':
      return argument === other;
    case 'SCMP_CMP_NE':
      return argument !== other;
    case 'SCMP_CMP_LT':
      return argument < other;
    case 'SCMP_CMP_LE':
      return argument <= other;
    case 'SCMP_CMP_GT':
      return argument > other;
    case 'SCMP_CMP_GE':
      return argument >= other;
    default:
      return (argument & other) === (BigInt(valueTwo) & other);
  }
}

/** What a profile means, rule by rule: the first rule whose conditions hold, then the first without any. */
function meaning(fallback: number, entries: readonly Entry[], call: readonly number[]): number {
  const args = call.slice(1).map(BigInt);
  const fitting = entries.filter((entry) => entry.names.includes(`call${call[0]}`) && actionOf(entry) !== fallback);
  const conditional = fitting.filter(({ args: conditions }) => conditions.length > 0);
  // Two conditions on one argument: either is enough.
  const first = conditional.find(({ args: conditions }) =>
    new Set(conditions.map(({ index }) => index)).size < conditions.length
      ? conditions.some((condition) => holds(condition, args))
      : conditions.every((condition) => holds(condition, args)),
  );
  const found = first ?? fitting.find(({ args: conditions }) => conditions.length === 0);
  return found ? actionOf(found) : fallback;
}

const action = fc.constantFrom('SCMP_ACT_ALLOW' as const, 'SCMP_ACT_ERRNO' as const);
const ops = ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE', 'MASKED_EQ'].map((name) => `SCMP_CMP_${name}`);

/** Some that are equal, and some around the border of 32 bits. */
const values = (wide: boolean) =>
  fc.constantFrom(
    0,
    1,
    2,
    3,
    255,
    0x7fff_ffff,
    0xffff_ffff,
    ...(wide ? [0x1_0000_0000, 0x1_0000_0001, 0x2_0000_0002] : []),
  );

const profiles = (wide: boolean) =>
  fc.record({
    fallback: fc.record({ action, errnoRet: fc.nat(3) }),
    entries: fc.array(
      fc.record({
        names: fc.array(
          fc.nat(450).map((number) => `call${number}`),
          { minLength: 1, maxLength: 40 },
        ),
        action,
        errnoRet: fc.nat(3),
        args: fc.oneof(
          fc.constant([]),
          fc.array(
            fc.record({ index: fc.nat(5), value: values(wide), valueTwo: values(wide), op: fc.constantFrom(...ops) }),
            { maxLength: 3 },
          ),
        ),
      }),
      { maxLength: 12 },
    ),
    calls: fc.array(fc.tuple(fc.nat(455), ...Array.from({ length: 6 }, () => values(wide))), {
      minLength: 40,
      maxLength: 40,
    }),
  });

describe.runIf(clang)('the compiler of seccomp profiles', () => {
  const compile = (architecture: string) =>
    buildNative(`oci-seccomp-${architecture}`, sources, [`ARCHITECTURE=AUDIT_ARCH_${architecture}`]);
  const ask = (program: string, lines: readonly unknown[]): readonly string[] =>
    runNative(
      program,
      [],
      lines.map((line) => JSON.stringify(line)),
    );

  it.each([
    ['I386', false],
    ['X86_64', true],
  ] as const)('makes programs that mean the same for %s', (architecture, wide) => {
    const samples = fc.sample(profiles(wide), 1500);
    const lines = samples.map(({ fallback, entries, calls }) => ({
      profile: { defaultAction: fallback.action, defaultErrnoRet: fallback.errnoRet, syscalls: entries },
      calls,
    }));
    const answers = ask(compile(architecture), lines);
    for (const [index, { fallback, entries, calls }] of samples.entries()) {
      const [length, ...actions] = (answers[index] ?? '').split(' ').map(Number);
      expect(length).not.toBeNaN();
      expect(actions, JSON.stringify(lines[index])).toEqual(
        calls.map((call) => meaning(actionOf(fallback), entries, call)),
      );
    }
  });

  it('finds each of some hundred calls in a few comparisons', () => {
    const names = Array.from({ length: 400 }, (_, number) => number).filter((number) => number % 7 !== 0);
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names: names.map((number) => `call${number}`), action: 'SCMP_ACT_ALLOW' }],
    };
    const [answer = ''] = ask(compile('I386'), [{ profile, calls: names.map((number) => [number]) }]);
    const [length = 0, ...actions] = answer.split(' ').map(Number);
    expect(actions.every((one) => one === allow)).toBe(true);
    // Three instructions for each of 117 intervals at most.
    expect(length).toBeLessThan(3 * 117);
  });

  it('refuses what it does not know', () => {
    const profile = (change: object) => ({ profile: { defaultAction: 'SCMP_ACT_ALLOW', ...change }, calls: [] });
    const entry = (change: object) =>
      profile({ syscalls: [{ names: ['call1'], action: 'SCMP_ACT_ERRNO', ...change }] });
    expect(
      ask(compile('I386'), [
        profile({ defaultAction: 'SCMP_ACT_FLY' }),
        entry({ action: 'SCMP_ACT_NOTIFY' }),
        entry({ errnoRet: 70000 }),
        entry({ args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] }),
        entry({ args: [{ index: 0, value: 1, op: 'SCMP_CMP_ODD' }] }),
        profile({ flags: ['SECCOMP_FILTER_FLAG_FLY'] }),
        profile({}),
      ]),
    ).toEqual([
      'error seccomp: unknown action SCMP_ACT_FLY',
      'error seccomp: unknown action SCMP_ACT_NOTIFY',
      'error seccomp: an errnoRet that is no number of an error',
      'error seccomp: an argument needs an index from 0 to 5 and a value',
      'error seccomp: unknown comparison SCMP_CMP_ODD',
      'error seccomp: unknown flag SECCOMP_FILTER_FLAG_FLY',
      '0',
    ]);
  });
});
