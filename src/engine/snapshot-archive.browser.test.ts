import { describe, expect, it } from 'vitest';
import { digestOf } from '../formats/digest';
import { fileOf, makeSnapshot, noFolders, opener, pattern, read } from './snapshot-archive-fixture';
import { importSnapshot } from './snapshot-import';
import { createStores } from './stores-fixture';

/** The browser's own compressor and streams; everything else is tested in Node. */
describe('a snapshot’s file in the browser', () => {
  it('carries memory and disks into another lab', async () => {
    const [lab, other] = [await createStores(), await createStores()];
    const record = await makeSnapshot(lab);
    const file = await fileOf(lab, record);
    const imported = await importSnapshot(opener(file), {
      ...other,
      randomId: () => 'x',
      inUse: new Set(),
      folders: noFolders,
    });
    expect(imported).toMatchObject({ name: record.name, layers: record.layers });
    const [data] = imported.disks;
    expect(await digestOf(await read(other, data!, 100_000, 300_000))).toBe(await digestOf(pattern(300_000, 7)));
  });

  it('is refused wherever a bit of its second half was flipped, and nothing is left', async () => {
    const lab = await createStores();
    const file = await fileOf(lab, await makeSnapshot(lab));
    let refused = 0;
    for (let at = Math.floor(file.length / 2); at < file.length - 2048; at += Math.floor(file.length / 20)) {
      const other = await createStores();
      const damaged = file.slice();
      damaged[at] = damaged[at]! ^ 4;
      const importing = importSnapshot(opener(damaged), {
        ...other,
        randomId: () => 'x',
        inUse: new Set(),
        folders: noFolders,
      });
      const outcome = await importing.then(
        () => 'fine',
        (error: unknown) => error,
      );
      // Padding harms nobody.
      if (outcome === 'fine') continue;
      refused += 1;
      expect(outcome).toMatchObject({ name: 'SandboxError' });
      expect(await other.disks.list()).toEqual([]);
      expect(await other.blobCount()).toBe(0);
    }
    expect(refused).toBeGreaterThan(4);
  });
});
