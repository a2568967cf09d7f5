import type { FolderEntry } from '../../api/shared-folder';

/** A file of the tree as it is shown. */
export interface FileRow {
  readonly path: string;
  readonly entry: FolderEntry;
  /** From 1. */
  readonly level: number;
  /** From 1, among its siblings. */
  readonly position: number;
  readonly siblings: number;
  readonly expanded: boolean;
}

export function joinPath(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

export function nameOfPath(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Whether that is the path, or below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** Directories first, and below each that is open what is in it; `hidden` are paths that nobody is shown. */
export function fileRows(
  listed: ReadonlyMap<string, readonly FolderEntry[]>,
  hidden: ReadonlySet<string>,
): readonly FileRow[] {
  const rows: FileRow[] = [];
  const visit = (directory: string, level: number): void => {
    const shown = (listed.get(directory) ?? []).filter(({ name }) => !hidden.has(joinPath(directory, name)));
    const sorted = [...shown.filter(isDirectory), ...shown.filter((entry) => !isDirectory(entry))];
    for (const [index, entry] of sorted.entries()) {
      const path = joinPath(directory, entry.name);
      const expanded = listed.has(path);
      rows.push({ path, entry, level, position: index + 1, siblings: sorted.length, expanded });
      if (expanded) visit(path, level + 1);
    }
  };
  visit('/', 1);
  return rows;
}

function isDirectory({ kind }: FolderEntry): boolean {
  return kind === 'directory';
}
