import { afterEach, describe, expect, it } from 'vitest';
import type { SharedFolders } from '../../api/shared-folder';
import { FakeClock } from '../../base/fake-clock';
import { closeStores, openShares, writeToFolder } from '../../engine/archive/lab-archive-fixture';
import { emptyFolder } from '../../engine/folders/empty-folder';
import { pageFolder } from '../../engine/folders/page-folder';
import { openTestLab } from '../../engine/lab-fixture';
import { Tasks } from '../../engine/tasks';
import { fileText } from '../text/files';
import { FolderShelf } from './folder-shelf';
import { emptyTrash } from './folder-trash';

afterEach(closeStores);

const ways: readonly [string, (folders: SharedFolders) => Promise<void>][] = [
  ['the trash was', emptyTrash],
  ['the whole folder was', (folders) => emptyFolder(folders, pageFolder)],
];

describe("the page's folder", () => {
  it.each(ways)('says nothing of what was deleted in it when %s emptied', async (_, empty) => {
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await writeToFolder(lab, pageFolder, '/a', 'of a');
    const folders = await lab.folders();
    const clock = new FakeClock();
    const reports: string[] = [];
    const undo: (() => void)[] = [];
    const shelf = await FolderShelf.open(folders, {
      tasks: new Tasks(clock),
      clock,
      report: (title) => reports.push(title),
      announce: () => {},
      offerUndo: (_, back) => undo.push(back),
      ask: async () => undefined,
    });
    expect(await shelf.remove('/a')).toBe(true);
    await empty(folders);
    await clock.advance(11_000);
    expect(clock.pending).toBe(0);
    // Behind what the clock began.
    await shelf.makeDirectory('/', 'b');
    expect(reports).toEqual([]);
    for (const back of undo) back();
    await expect.poll(() => reports).toEqual([fileText.failed.bringBack('/a')]);
    await shelf.makeDirectory('/', 'c');
    expect(undo).toHaveLength(1);
    shelf.dispose();
  });
});
