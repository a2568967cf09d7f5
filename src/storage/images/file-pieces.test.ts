import { expect, it } from 'vitest';
import { createSeededRandom } from '../../base/seeded-random';
import { createDigester, digestOf } from '../../formats/digest';
import { filePieces } from './file-pieces';

const bytes = createSeededRandom(1).bytes(3_000_000);

it('the pieces of a file are its bytes, in one buffer', async () => {
  const digester = await createDigester();
  const before: Uint8Array[] = [];
  for await (const piece of filePieces(new Blob([bytes.subarray(0, 1_700_000), bytes.subarray(1_700_000)]))) {
    // What was given before is gone: its buffer is this one's.
    for (const each of before) expect(each.byteLength).toBe(0);
    before.push(piece);
    digester.update(piece);
  }
  expect(digester.digest()).toBe(await digestOf(bytes));
  expect(before.length).toBeGreaterThan(1);
});

it('a file may be left in the middle', async () => {
  for await (const piece of filePieces(new Blob([bytes]))) {
    expect(piece.length).toBeGreaterThan(0);
    break;
  }
});
