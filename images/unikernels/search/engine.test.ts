import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNative, clang, runNative } from '../test/native-program';

const parts = ['documents', 'catalog', 'leaves', 'tokens', 'lower_case', 'recent', 'segments', 'chunk', 'problem'];
const files = [
  'test/search_crash.c',
  ...parts.map((part) => `search/${part}.c`),
  'http/json.c',
  'http/json_read.c',
  'http/utf8.c',
  'store/log.c',
  'store/index.c',
  'libos/crc32c.c',
  'libos/format.c',
];

describe.runIf(clang)('the inverted index on a block device', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-search-'));
  let program: string;
  beforeAll(() => {
    // So little that there are many segments, of many chunks, and many merges.
    program = buildNative('search-crash', files, ['RECENT_LIMIT=16384', 'CHUNK_LIMIT=512']);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([1, 2, 3, 4])('has what was durable and the words of just that, whenever it is cut off (disk %i)', (disk) => {
    // For each document what it may be: what is durable, and what came after it. Undefined: it is not there.
    let possible = new Map<string, Set<string | undefined>>();
    let changes = 0;
    for (let life = 0; life < 12; life += 1) {
      const lines = runNative(program, [join(folder, `disk-${disk}`), String(disk * 1000 + life), '250'], []);
      const found = new Map<string, string>();
      const done: { id: string; text: string | undefined }[] = [];
      let durable = 0;
      for (const line of lines) {
        const [word = '', id = '', ...text] = line.split(' ');
        if (word === 'has') found.set(id, text.join(' '));
        else if (word === 'put') done.push({ id, text: text.join(' ') });
        else if (word === 'delete') done.push({ id, text: undefined });
        else if (word === 'durable') durable = Number(id);
      }
      for (const [id, texts] of possible) expect([id, texts.has(found.get(id))]).toEqual([id, true]);
      for (const id of found.keys()) expect(possible.has(id)).toBe(true);
      possible = new Map([...possible.keys()].map((id) => [id, new Set([found.get(id)])]));
      for (const [index, { id, text }] of done.entries()) {
        const before = index < durable ? [] : (possible.get(id) ?? [undefined]);
        possible.set(id, new Set([...before, text]));
      }
      changes += done.length;
    }
    expect(changes).toBeGreaterThan(2_000);
  });
});
