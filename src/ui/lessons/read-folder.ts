import { SandboxError } from '../../base/errors';
import type { LessonFiles } from '../../formats/lesson/read-lesson';
import { lessonText } from '../text/lessons';

/** A lesson has a few files of a few kilobytes; whatever is larger is no lesson. */
const limits = { files: 128, bytes: 128 * 1024, depth: 4 } as const;

/** Files that a lesson can be made of; others (pictures, what an editor leaves) are passed over. */
const read = /\.(md|ya?ml|json|sh|txt)$|^[^.]+$/;

/** The texts of a folder that was chosen or dropped, by their paths in it. `InvalidArgument` for one that is too large. */
export async function readFolder(files: readonly (readonly [path: string, file: File])[]): Promise<LessonFiles> {
  if (files.length > limits.files) {
    throw new SandboxError('InvalidArgument', lessonText.tooManyFiles(files.length, limits.files));
  }
  const texts = new Map<string, string>();
  for (const [path, file] of files) {
    if (!read.test(path.split('/').at(-1) ?? '')) continue;
    if (file.size > limits.bytes) {
      throw new SandboxError('InvalidArgument', lessonText.tooLarge(path, file.size, limits.bytes));
    }
    texts.set(path, await file.text());
  }
  return texts;
}

/** Of a field that takes folders: paths begin with the folder's name. */
export function chosenFiles(files: Iterable<File>): readonly (readonly [string, File])[] {
  return [...files].map((file) => [file.webkitRelativePath.replace(/^[^/]*\//, '') || file.name, file]);
}

/** Of a folder that was dropped. */
export async function droppedFiles(folder: FileSystemDirectoryEntry): Promise<readonly (readonly [string, File])[]> {
  const found: (readonly [string, File])[] = [];
  const open: { readonly folder: FileSystemDirectoryEntry; readonly path: string; readonly depth: number }[] = [
    { folder, path: '', depth: 0 },
  ];
  for (let next = open.shift(); next; next = open.shift()) {
    for (const entry of await entriesOf(next.folder)) {
      const path = `${next.path}${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (isFile(entry)) found.push([path, await fileOf(entry)]);
      else if (isFolder(entry) && next.depth < limits.depth)
        open.push({ folder: entry, path: `${path}/`, depth: next.depth + 1 });
      if (found.length > limits.files) return found;
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
    if (some.length === 0 || all.length > limits.files * 4) return all;
  }
}
