import { SandboxError } from '../../base/errors';
import type { LessonFiles } from '../../formats/lesson/read-lesson';
import { isLessonFile, lessonLimits as limits } from '../../lessons/lesson-files';
import { lessonText } from '../text/lessons';

/** The texts of a folder that was chosen or dropped, by their paths in it. `InvalidArgument` for one that is too large. */
export async function readFolder(files: readonly (readonly [path: string, file: File])[]): Promise<LessonFiles> {
  const texts = files.filter(([path]) => isLessonFile(path));
  if (texts.length > limits.files) {
    throw new SandboxError('InvalidArgument', lessonText.tooManyFiles(texts.length, limits.files));
  }
  const read = new Map<string, string>();
  for (const [path, file] of texts) {
    if (file.size > limits.bytes) {
      throw new SandboxError('InvalidArgument', lessonText.tooLarge(path, file.size, limits.bytes));
    }
    read.set(path, await file.text());
  }
  return read;
}

/** Of a field that takes folders: paths begin with the folder's name. */
export function chosenFiles(files: Iterable<File>): readonly (readonly [string, File])[] {
  return [...files].map((file) => [file.webkitRelativePath.replace(/^[^/]*\//, '') || file.name, file]);
}

/** Of a folder that was dropped. `InvalidArgument` for one with too much in it to look through. */
export async function droppedFiles(folder: FileSystemDirectoryEntry): Promise<readonly (readonly [string, File])[]> {
  const found: (readonly [string, File])[] = [];
  let looked = 0;
  const open: { readonly folder: FileSystemDirectoryEntry; readonly path: string; readonly depth: number }[] = [
    { folder, path: '', depth: 0 },
  ];
  for (let next = open.shift(); next; next = open.shift()) {
    for (const entry of await entriesOf(next.folder)) {
      const path = `${next.path}${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      looked += 1;
      if (looked > limits.looked) throw tooMany();
      if (isFile(entry) && isLessonFile(path)) found.push([path, await fileOf(entry)]);
      else if (isFolder(entry) && next.depth < limits.depth)
        open.push({ folder: entry, path: `${path}/`, depth: next.depth + 1 });
    }
  }
  return found;
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** They come a hundred at a time, until none come. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<readonly FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    all.push(...some);
    if (some.length === 0) return all;
    if (all.length > limits.looked) throw tooMany();
  }
}

function tooMany(): SandboxError {
  return new SandboxError('InvalidArgument', lessonText.tooMuch(limits.looked));
}
