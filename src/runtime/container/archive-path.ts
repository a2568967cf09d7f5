/**
 * A path of a container as docker takes it for an archive (moby, daemon/archive.go): from the root and without `..`; a `.` or a
 * slash at its end stays, since they say that what is in a directory is meant.
 */
export function archivePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  if (!/(^|\/)\.?\/*$/.test(path)) return clean;
  const open = clean.endsWith('/') ? clean : `${clean}/`;
  return /(^|\/)\.\/*$/.test(path) || path === '' ? `${open}.` : open;
}

/** What is at a path is called so in an archive, and what is in it lies below that: the last part of the path, `.` or `/`. */
export function archiveName(path: string): string {
  return archivePath(path).replace(/\/+$/, '').split('/').at(-1) || '/';
}

/** The same place without what {@link archivePath} keeps. */
export function placeOf(path: string): string {
  return archivePath(path).replace(/\/\.?$/, '') || '/';
}
