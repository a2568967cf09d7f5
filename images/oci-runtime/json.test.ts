import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildNative, clang, runNative } from '../unikernels/test/native-program';

const sources = ['test/json_test.c', 'json.c', 'text.c', 'arena.c', 'error.c'].map((path) => `../oci-runtime/${path}`);

/** What JavaScript says to a text; undefined when it is none. */
function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Halves of surrogate pairs become what UTF-8 has in their place. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/[\ud800-\udfff]/gu, '\ufffd');
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [wellFormed(key), wellFormed(member)]));
}

/** Strings of C have no zero in them, so that the parser refuses what has one. */
const hasZero = (text: string): boolean => /\\u0000/.test(text);

describe.runIf(clang)('the parser of JSON', () => {
  let program: string;
  beforeAll(() => {
    program = buildNative('oci-json', sources);
  });
  const ask = (lines: readonly string[]): readonly string[] =>
    runNative(
      program,
      [],
      lines.map((line) => Buffer.from(line).toString('latin1')),
    ).map((line) => Buffer.from(line, 'latin1').toString());

  it('reads and writes whatever JavaScript writes', () => {
    const texts = fc
      .sample(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), 3000)
      .map((value) => JSON.stringify(value))
      .filter((text) => !hasZero(text));
    const answers = ask(texts);
    for (const [index, text] of texts.entries()) expect(JSON.parse(answers[index] ?? '')).toEqual(JSON.parse(text));
  });

  it('takes and refuses what JavaScript takes and refuses', () => {
    const change = fc.record({
      value: fc.jsonValue({ maxDepth: 3 }),
      at: fc.nat(),
      remove: fc.nat(3),
      insert: fc.constantFrom(
        ...[
          '',
          '{',
          '}',
          '[',
          ']',
          '"',
          ',',
          ':',
          '\\',
          '\\u',
          'd800',
          '0',
          '-',
          '.',
          'e',
          '+',
          't',
          'null',
          ' ',
          '\t',
          '\x01',
        ],
      ),
    });
    const texts = fc
      .sample(change, 20_000)
      .map(({ value, at, remove, insert }) => {
        const text = JSON.stringify(value).replaceAll(/[^ -~]/g, '?');
        const start = at % (text.length + 1);
        return text.slice(0, start) + insert + text.slice(start + remove);
      })
      .filter((text) => text !== '' && !hasZero(text));
    const answers = ask(texts);
    for (const [index, text] of texts.entries()) {
      const answer = answers[index] ?? '';
      const expected = parse(text);
      if (!expected) expect([text, answer]).toEqual([text, expect.stringMatching(/^error JSON: .* at byte \d+$/)]);
      else expect([text, parse(answer)]).toEqual([text, { value: wellFormed(expected.value) }]);
    }
  });

  it('says what is wrong and where', () => {
    const wrong = [
      '',
      '{"a":1,}',
      '[1 2]',
      '"a\\qb"',
      '"\\u0000"',
      '01',
      '1.',
      'nul',
      '{"a" 1}',
      '"',
      '1 1',
      `${'['.repeat(100)}`,
    ];
    expect(ask(wrong)).toEqual([
      'error JSON: a number without digits at byte 0',
      'error JSON: a member without a name at byte 7',
      'error JSON: an array that does not end at byte 3',
      'error JSON: an unknown escape at byte 4',
      'error JSON: a zero in a string at byte 7',
      'error JSON: something after the value at byte 1',
      'error JSON: a number without digits at byte 2',
      'error JSON: an unknown word at byte 0',
      'error JSON: a member without a colon at byte 5',
      'error JSON: the end in a string at byte 1',
      'error JSON: something after the value at byte 2',
      'error JSON: values that are nested too deep at byte 65',
    ]);
  });
});
