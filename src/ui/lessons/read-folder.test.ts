import { describe, expect, it } from 'vitest';
import { chosenFiles, droppedFiles, readFolder } from './read-folder';

/** What the browser gives of a folder that was chosen: everything in it, with its path. */
const chosen = (paths: readonly string[]) =>
  chosenFiles(
    paths.map((path) => {
      const file = new File([`text of ${path}`], path.split('/').at(-1) ?? '');
      Object.defineProperty(file, 'webkitRelativePath', { value: `mine/${path}` });
      return file;
    }),
  );

/** What it gives of one that was dropped: entries, some at a time. */
function dropped(paths: readonly string[]): FileSystemDirectoryEntry {
  const belowOf = new Map<string, string[]>();
  for (const path of paths) {
    const [name = '', ...rest] = path.split('/');
    const below = belowOf.get(name) ?? [];
    belowOf.set(name, rest.length > 0 ? [...below, rest.join('/')] : below);
  }
  const entries = [...belowOf].map(([name, below]) => {
    if (below.length > 0) return { ...dropped(below), name };
    const file = (done: (file: File) => void): void => done(new File([`text of ${name}`], name));
    return { name, isFile: true, isDirectory: false, file };
  });
  const createReader = () => {
    const left = [...entries];
    return { readEntries: (done: (some: readonly unknown[]) => void) => done(left.splice(0, 100)) };
  };
  return { name: '', isFile: false, isDirectory: true, createReader } as unknown as FileSystemDirectoryEntry;
}

const lesson = ['lesson.md', '1-first.md', 'lab.yaml', 'step1/verify.sh'];
const git = Array.from({ length: 200 }, (_, at) => `.git/objects/${at.toString(16).padStart(2, '0')}/ab`);
const pictures = Array.from({ length: 600 }, (_, at) => `a-pictures/${at}.png`);
const files = async (found: readonly (readonly [string, File])[]) => [...(await readFolder(found)).keys()].sort();

describe('a folder that is looked at as a lesson', () => {
  it.each([
    ['under git', git],
    ['with many pictures', pictures],
    ['with what an editor keeps', ['.vscode/settings.json', '.DS_Store']],
  ])('%s has the texts of the lesson, chosen and dropped', async (_, beside) => {
    const all = [...beside, ...lesson];
    expect(await files(chosen(all))).toEqual([...lesson].sort());
    expect(await files(await droppedFiles(dropped(all)))).toEqual([...lesson].sort());
  });

  it('is refused when it has too many texts, or too much of anything', async () => {
    const many = Array.from({ length: 129 }, (_, at) => `${at}.md`);
    await expect(readFolder(chosen(many))).rejects.toThrow('The folder has 129 texts; a lesson has 128 at most');
    const endless = Array.from({ length: 10_001 }, (_, at) => `${at}.png`);
    await expect(droppedFiles(dropped(endless))).rejects.toThrow('more than 10000 files');
  });
});
