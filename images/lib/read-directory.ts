import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FileTree } from './file-tree';

/** Adds the files below a directory at the same paths; executable or not is kept, nothing else of the mode. */
export function addDirectoryContents(tree: FileTree, directory: string): void {
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const source = join(directory, path);
    const stats = statSync(source);
    if (stats.isFile()) tree.addFile(path, readFileSync(source), stats.mode & 0o100 ? 0o755 : 0o644);
  }
}
