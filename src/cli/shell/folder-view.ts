import type { FileArea } from '../file-area';

/** A path from a folder, absolute and without dots. */
export function resolvePath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${folder}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** A file area as it is seen from a folder: paths may be relative to it. */
export function folderView(files: FileArea, folder: string): FileArea {
  const whole = (path: string): string => resolvePath(folder, path);
  return {
    stat: (path) => files.stat(whole(path)),
    list: (path) => files.list(whole(path)),
    read: (path) => files.read(whole(path)),
    write: (path, options) => files.write(whole(path), options),
    makeFolder: (path) => files.makeFolder(whole(path)),
    remove: (path) => files.remove(whole(path)),
    rename: (from, to) => files.rename(whole(from), whole(to)),
  };
}
