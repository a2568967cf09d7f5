import { afterEach, describe, expect, it } from 'vitest';
import type { ShareSpec } from '../api/share';
import { chunksOf } from '../base/streams';
import { collectBytes } from '../storage/images/image-fixture';
import { closeStores, openShares, readFromFolder, writeToFolder } from './archive/lab-archive-fixture';
import { pageFolder } from './folders/page-folder';
import { openTestLab } from './lab-fixture';
import { opener } from './snapshot-archive-fixture';

const sharing = {
  kind: 'vm',
  memoryMiB: 64,
  devices: 'virtio',
  containerHost: false,
  shares: [{ tag: 'work', folder: 'work', at: '/work' }],
} as const;

const openLab = () => openTestLab(undefined, undefined, { shares: openShares() });

afterEach(closeStores);

/** The file of a snapshot of a machine that has the folder `work`, unless others are said. */
async function makeFile(shares: readonly ShareSpec[] = sharing.shares): Promise<Uint8Array<ArrayBuffer>> {
  const { lab } = await openLab();
  const { id } = await lab.create({ ...sharing, shares, name: 'reader' });
  await lab.start(id).finished;
  await lab.snapshot(id, { name: 'reading' }).finished;
  const { stream } = await lab.exportSnapshot(lab.snapshots()[0]?.id ?? '');
  return collectBytes(chunksOf(stream));
}

describe('a snapshot from elsewhere of a machine with a shared folder', () => {
  it('gives its machines no folder that is there already, but an empty one of their own', async () => {
    const file = await makeFile();
    const { lab } = await openLab();
    await writeToFolder(lab, 'work', '/secret', 'of the user');
    await lab.importSnapshot('reading.tar', opener(file)).finished;
    await lab.clone({ snapshot: lab.snapshots()[0]?.id ?? '' }).finished;
    const [{ spec } = {}] = lab.list();
    expect(spec).toMatchObject({ shares: [{ tag: 'work', folder: 'work-2', at: '/work' }] });
    expect(await (await lab.folders()).list()).toMatchObject([
      { name: 'work', files: 1 },
      { name: 'work-2', files: 0 },
    ]);
    expect(await readFromFolder(lab, 'work', '/secret')).toBe('of the user');
    // Another file is another machine's, or the same one's of another day.
    await lab.importSnapshot('reading.tar', opener(file)).finished;
    expect((await (await lab.folders()).list()).map(({ name }) => name)).toEqual(['work', 'work-2', 'work-3']);
  });

  it('is not restored on a machine that has a folder of that name', async () => {
    const file = await makeFile();
    const { lab } = await openLab();
    const { id } = await lab.create({ ...sharing, name: 'mine' });
    await lab.importSnapshot('reading.tar', opener(file)).finished;
    const [{ id: snapshot } = { id: '' }] = lab.snapshots();
    await expect(lab.restoreSnapshot(id, snapshot).finished).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('other NICs, disks or shares'),
    });
  });

  it('has the folder by its name where nothing is called so, which is there from then on', async () => {
    const file = await makeFile();
    const { lab } = await openLab();
    await lab.importSnapshot('reading.tar', opener(file)).finished;
    expect(lab.snapshots()).toMatchObject([{ spec: { shares: [{ folder: 'work' }] } }]);
    expect(await (await lab.folders()).list()).toMatchObject([{ name: 'work', files: 0 }]);
  });

  it('has not the folder that the page shows, though that is not there yet', async () => {
    const shares = [{ tag: 'shared', folder: pageFolder, at: '/shared' }] as const;
    const file = await makeFile(shares);
    const { lab } = await openLab();
    await lab.importSnapshot('reading.tar', opener(file)).finished;
    expect(lab.snapshots()).toMatchObject([{ spec: { shares: [{ folder: `${pageFolder}-2` }] } }]);
    expect((await (await lab.folders()).list()).map(({ name }) => name)).toEqual([`${pageFolder}-2`]);
  });

  it('is refused where nothing is shared', async () => {
    const file = await makeFile();
    const { lab } = await openTestLab();
    await expect(lab.importSnapshot('reading.tar', opener(file)).finished).rejects.toMatchObject({
      code: 'Unimplemented',
    });
    expect(lab.snapshots()).toEqual([]);
  });
});
