import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildNative, clang, runNative } from '../test/native-program';

const files = [
  'test/search_text.c',
  'search/tokens.c',
  'search/lower_case.c',
  'search/leaves.c',
  'search/problem.c',
  'http/json.c',
  'http/json_read.c',
  'http/utf8.c',
  'libos/format.c',
];
const hex = (text: string): string => Buffer.from(text).toString('hex');
const unhex = (text: string): string => Buffer.from(text, 'hex').toString();

let program: string;
beforeAll(() => {
  if (clang) program = buildNative('search-text', files);
});
const ask = (what: string, texts: readonly string[]): readonly string[] => runNative(program, [what], texts);

describe.runIf(clang)('the words of search', () => {
  const words = (...texts: readonly string[]): readonly (readonly string[])[] =>
    ask('tokens', texts.map(hex)).map((line) => (line === '' ? [] : line.split(' ').map(unhex)));

  it.each([
    ['The QUICK brown fox', ['the', 'quick', 'brown', 'fox']],
    ["don’t o'clock wi-fi", ['don’t', "o'clock", 'wi', 'fi']],
    ['example.com costs 3.14 or 1,000.', ['example.com', 'costs', '3.14', 'or', '1,000']],
    ['a.1 snake_case __ _x_', ['a.1'.slice(0, 1), '1', 'snake_case', '_x_']],
    ['ÉCOLE ΑΘΗΝΑ Москва STRASSE', ['école', 'αθηνα', 'москва', 'strasse']],
    ['東京 ひら カタカナ', ['東', '京', 'ひ', 'ら', 'カタカナ']],
    ['🎉 – … «»', []],
    ['', []],
  ])('%j', (text, expected) => {
    expect(words(text)).toEqual([expected]);
  });

  it('begin and end where Unicode says (UAX #29)', () => {
    const piece = fc.constantFrom(...'abzAZéßñΩλжЯبक09.,;\'’·_- \n()@!?"/+€«ー'.split(''));
    const texts = fc.sample(
      fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join('')),
      20_000,
    );
    const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
    const expected = texts.map((text) =>
      [...segmenter.segment(text)]
        .filter(({ isWordLike, segment }) => isWordLike && !/^_+$/.test(segment))
        .map(({ segment }) => segment.toLowerCase()),
    );
    const differ = words(...texts).flatMap((found, index) =>
      found.join() === expected[index]?.join() ? [] : [[texts[index], found, expected[index]]],
    );
    expect(differ.slice(0, 5)).toEqual([]);
  });

  it('are in lower case as JavaScript has it', () => {
    const ranges = [
      [0x20, 0x17f],
      [0x370, 0x52f],
      [0x531, 0x556],
      [0x1e00, 0x1eff],
      [0xff21, 0xff3a],
    ] as const;
    const characters = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
    const lower = ask('lower', characters.map(String));
    // Without what is put on top of it, as for the Turkish İ.
    expect(lower.map(Number)).toEqual(
      characters.map((each) => String.fromCodePoint(each).toLowerCase().codePointAt(0)),
    );
  });

  it('are cut where they are longer than 255 bytes', () => {
    const [found] = words('é'.repeat(300));
    expect(found?.map((word) => Buffer.byteLength(word))).toEqual([254, 254, 92]);
  });
});

describe.runIf(clang)('the reader of JSON', () => {
  const read = (texts: readonly string[]): readonly string[] => ask('json', texts);

  it('takes what JSON.parse takes, and reads the same in it', () => {
    const values = fc.sample(fc.jsonValue({ maxDepth: 6 }), 1_000);
    const texts = values.flatMap((value) => [JSON.stringify(value), ` ${JSON.stringify(value, undefined, 2)}\n`]);
    for (const [index, line] of read(texts.map(hex)).entries()) {
      expect(JSON.parse(unhex(line))).toEqual(JSON.parse(texts[index] ?? ''));
    }
  });

  it.each([
    ['"\\u00e9\\n\\"\\\\\\/"', 'é\n"\\/'],
    ['"\\ud83c\\udf89"', '🎉'],
    ['"\\ud83c"', '\ufffd'],
    ['"\\udf89x"', '\ufffdx'],
    ['"\\ud83c\\u0041"', '\ufffdA'],
    ['"\\u0000"', '\0'],
    ['-0.5e+10', -0.5e10],
    [`${'['.repeat(32)}${']'.repeat(32)}`, JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`)],
  ])('reads %s', (text, value) => {
    expect(JSON.parse(unhex(read([hex(text)])[0] ?? ''))).toEqual(value);
  });

  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    'tru',
    'NaN',
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '[1 2]',
    '{"a" 1}',
    '1 1',
    '[]]',
    '\ufeff1',
    `${'['.repeat(33)}${']'.repeat(33)}`,
    '['.repeat(60_000),
  ])('refuses %j', (text) => {
    expect(read([hex(text)])[0]).toMatch(/^wrong \d+$/);
  });

  it.each(['22c022', '22ff22', '22eda08022', '22f490808022', '22c3'])('refuses what is no UTF-8: %s', (bytes) => {
    expect(read([bytes])[0]).toMatch(/^wrong/);
  });

  it('decides as JSON.parse about 100,000 texts that are almost JSON', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\u00',
      '1',
      '-',
      '0',
      '.',
      'e',
      'true',
      'null',
      ' ',
      'é',
      '\t',
    ];
    const texts = fc.sample(
      fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join('')),
      100_000,
    );
    const lines = read(texts.map(hex));
    expect(texts.filter((text, index) => isJson(text) === lines[index]?.startsWith('wrong')).slice(0, 5)).toEqual([]);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe.runIf(clang)('numbers as words', () => {
  it.each([
    ['1990', '1.99e3', '1990.0', '199E+1', '0199e1'.slice(1)],
    ['-0.05', '-5e-2', '-0.0500'],
    ['0', '-0', '0.000', '0e9'],
  ])('are one however they are written: %s', (...spellings) => {
    expect(new Set(ask('number', spellings.map(hex))).size).toBe(1);
  });

  it('differ where the numbers do', () => {
    const numbers = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 2_000);
    const found = ask(
      'number',
      numbers.map((number) => hex(String(number))),
    );
    const again = ask(
      'number',
      numbers.map((number) => hex(number.toExponential())),
    );
    expect(again).toEqual(found);
    expect(new Set(found).size).toBe(new Set(numbers.map((number) => number + 0)).size);
    expect(ask('number', ['abc', '', '0x10', '1 2', `1${'2'.repeat(200)}`].map(hex))).toEqual(Array(5).fill('none'));
  });
});
