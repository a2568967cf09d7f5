// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are of the language under test
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { printedRandom } from '../../base/seed-fixture';
import type { SeededRandom } from '../../base/seeded-random';
import { parseDockerignore } from '../dockerignore/ignore-rules';
import { InstructionProblem } from './dockerfile-error';
import { parseDockerfile } from './parse-dockerfile';
import { parseRunMount } from './run-mount';
import { expandText } from './shell-lexer';

const seeds = [
  '# syntax=x\n# escape=`\nFROM a AS b\nRUN --mount=type=cache,target=/x <<EOF <<-"B"\nfoo\nEOF\n\tbar\n\tB\n',
  'ARG a=${b:-${c#*x}}\nFROM a:$a\nENV a=b c="d e" f=\\ g\nLABEL a.b=\'c\'\nEXPOSE 1-3/udp\n',
  'FROM a\nCOPY --from=b --chown=1:2 ["a b", "c"]\nADD http://a/b /c\nHEALTHCHECK --interval=1m CMD ["x"]\n',
  'FROM a\nONBUILD RUN a \\\n # c\n\n b\nSHELL ["a"]\nVOLUME /a /b\nCMD a ${b//c/d}\nSTOPSIGNAL 9\n',
];
const pieces = [
  ...['FROM ', 'RUN ', 'COPY ', 'ENV ', 'ONBUILD ', 'HEALTHCHECK ', '<<EOF', '<<-E', "<<'", '\nEOF\n', '--mount='],
  ...[
    '${',
    '}',
    ':-',
    '##',
    '%%',
    '//',
    '/',
    '$',
    '"',
    "'",
    '\\',
    '`',
    '\n',
    '\r\n',
    '\t',
    ' ',
    '[',
    ']',
    ',',
    '=',
    '#',
  ],
  ...[
    '\0',
    '\uFEFF',
    '\uD800',
    '한',
    '*',
    '?',
    '**',
    '!',
    '--',
    '0',
    '9'.repeat(30),
    '{'.repeat(300),
    '\\\n'.repeat(50),
  ],
];

/** A sound file with bits taken out, put in and doubled, or nothing but bits. */
function mutant(random: SeededRandom): string {
  const pick = (bound: number): number => Math.floor(random.next() * bound);
  let text = pick(5) === 0 ? '' : (seeds[pick(seeds.length)] ?? '');
  for (let left = 1 + pick(8); left > 0; left -= 1) {
    const at = pick(text.length + 1);
    const end = Math.min(text.length, at + pick(12));
    const put = [pieces[pick(pieces.length)] ?? '', text.slice(at, end).repeat(2), ''][pick(3)] ?? '';
    text = text.slice(0, at) + put + text.slice(end);
  }
  return text;
}

describe('Dockerfiles that mean harm', () => {
  it('are read or refused with a typed error, a hundred thousand of them', () => {
    const random = printedRandom('dockerfile');
    const outcomes = { read: 0, refused: 0 };
    for (let run = 0; run < 100_000; run += 1) {
      const text = mutant(random);
      try {
        parseDockerfile(text);
        outcomes.read += 1;
      } catch (error) {
        if (!(error instanceof SandboxError))
          throw new Error(`Not typed, for ${JSON.stringify(text)}`, { cause: error });
        outcomes.refused += 1;
        expect(Number(error.details['line'])).toBeGreaterThan(0);
      }
      for (const other of [() => expandText(text, (name) => name), () => parseRunMount(text, (value) => value)]) {
        try {
          other();
        } catch (error) {
          if (!(error instanceof InstructionProblem)) throw error;
        }
      }
    }
    // Were it all one of them, the mutants would be of no use.
    expect(outcomes.read).toBeGreaterThan(10_000);
    expect(outcomes.refused).toBeGreaterThan(10_000);
  }, 120_000);

  it('do not take for ever where something is in each other or long', () => {
    const texts = [
      `FROM a\nRUN ${'\\\n'.repeat(100_000)}`,
      `FROM a\n${'RUN <<A <<B\nA\nB\n'.repeat(9000)}`,
      `FROM a\nENV ${'a=b '.repeat(16_000)}`,
      `FROM a\nLABEL ${'"'.repeat(65_000)}`,
      `FROM a\nCMD ${'['.repeat(65_000)}`,
      `FROM a\nRUN ${'<<'.repeat(32_000)}`,
      `${'#'.repeat(65_000)}\n${' '.repeat(65_000)}`,
    ];
    for (const text of texts) {
      try {
        parseDockerfile(text);
      } catch (error) {
        expect(error).toBeInstanceOf(SandboxError);
      }
    }
  }, 60_000);
});

describe('.dockerignore files that mean harm', () => {
  it('match in time proportional to their length', () => {
    const text = `${'*a'.repeat(100)}b\n${'**/'.repeat(300)}x\n${'[a-z]*'.repeat(100)}9\n`;
    const rules = parseDockerignore(text);
    expect(rules.ignores('a'.repeat(4000))).toBe(false);
    expect(rules.ignores(`${'a/'.repeat(200)}b`)).toBe(false);
  }, 60_000);
});
