import { packTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SharedFolders } from '../../api/shared-folder';
import { FakeClock } from '../../base/fake-clock';
import { closeStores, openShares, writeToFolder } from '../../engine/archive/lab-archive-fixture';
import { emptyFolder } from '../../engine/folders/empty-folder';
import { pageFolder } from '../../engine/folders/page-folder';
import { openTestLab } from '../../engine/lab-fixture';
import { Tasks } from '../../engine/tasks';
import type { Dialog } from '../dialog';
import { fileText } from '../text/files';
import { FolderShelf } from './folder-shelf';
import { emptyTrash } from './folder-trash';

afterEach(closeStores);

const ways: readonly [string, (folders: SharedFolders) => Promise<void>][] = [
  ['the trash was', emptyTrash],
  ['the whole folder was', (folders) => emptyFolder(folders, pageFolder)],
];

describe("the page's folder", () => {
  let folders: SharedFolders;
  let shelf: FolderShelf;
  let tasks: Tasks;
  const clock = new FakeClock();
  const reports: string[] = [];
  const undo: (() => void)[] = [];
  /** What was asked, and what is answered each time. */
  const asked: Extract<Dialog, { readonly kind: 'replace-files' }>[] = [];
  let answers: ('replace' | undefined)[];

  beforeEach(async () => {
    for (const list of [reports, undo, asked]) list.length = 0;
    answers = [];
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await writeToFolder(lab, pageFolder, '/a', 'of a');
    folders = await lab.folders();
    tasks = new Tasks(clock);
    shelf = await FolderShelf.open(folders, {
      tasks,
      clock,
      report: (title) => reports.push(title),
      announce: () => {},
      offerUndo: (_, back) => undo.push(back),
      ask: async (question) => {
        asked.push(question(() => {}) as (typeof asked)[0]);
        return answers.shift();
      },
    });
  });
  afterEach(() => shelf.dispose());

  it.each(ways)('says nothing of what was deleted in it when %s emptied', async (_, empty) => {
    expect(await shelf.remove('/a')).toBe(true);
    await empty(folders);
    await clock.advance(11_000);
    // Behind what the clock began.
    await shelf.makeDirectory('/', 'b');
    expect(reports).toEqual([]);
    for (const back of undo) back();
    await expect.poll(() => reports).toEqual([fileText.failed.bringBack('/a')]);
    await shelf.makeDirectory('/', 'c');
    expect(undo).toHaveLength(1);
  });

  const text = async (path: string) => {
    const folder = await folders.open(pageFolder);
    try {
      return (await folder.find(path)) && (await new Response(await folder.read(path)).text());
    } finally {
      folder.dispose();
    }
  };
  const tar = async (name: string, ...paths: readonly string[]) => {
    const entries = paths.map((path) => ({ header: { name: path, size: name.length }, body: name }));
    return new File([(await packTar(entries)) as Uint8Array<ArrayBuffer>], name);
  };
  const states = () => tasks.list().map(({ subject, state }) => `${subject} ${state}`);

  it('unpacks a tar at once where it replaces nothing', async () => {
    shelf.importTar('/', await tar('t', 'b', 'd/c'));
    await expect.poll(states).toEqual(['t succeeded']);
    expect([await text('/b'), await text('/d/c'), asked]).toEqual(['t', 't', []]);
  });

  it('unpacks a tar over what is there only when that was said', async () => {
    answers = [undefined, 'replace'];
    shelf.importTar('/', await tar('refused', 'b', 'a'));
    await expect.poll(states).toEqual(['refused canceled']);
    expect([await text('/a'), await text('/b')]).toEqual(['of a', undefined]);
    shelf.importTar('/', await tar('taken', 'b', 'a'));
    await expect.poll(states).toEqual(['taken succeeded', 'refused canceled']);
    expect([await text('/a'), await text('/b')]).toEqual(['taken', 'taken']);
    expect(asked).toMatchObject([
      { directory: '/', names: ['a'], more: false },
      { directory: '/', names: ['a'] },
    ]);
    expect(asked[0]).not.toHaveProperty('keepBoth');
  });

  it('asks of each tar with those in mind that were brought before it', async () => {
    answers = [undefined];
    shelf.importTar('/', await tar('first', 'b'));
    shelf.importTar('/', await tar('second', 'b'));
    await expect.poll(states).toEqual(['second canceled', 'first succeeded']);
    expect([await text('/b'), asked.map(({ names }) => names)]).toEqual(['first', [['b']]]);
  });

  it('asks nothing about a tar that cannot be unpacked, and writes nothing of it', async () => {
    await shelf.makeDirectory('/', 'd');
    await shelf.makeDirectory('/d', 'full');
    shelf.importTar('/', await tar('clash', 'a', 'b', 'd'));
    await expect.poll(states).toEqual(['clash failed']);
    expect([await text('/a'), await text('/b'), asked]).toEqual(['of a', undefined, []]);
  });
});
