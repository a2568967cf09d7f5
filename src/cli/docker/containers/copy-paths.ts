/** One side of `docker cp`. */
export type CopyEnd =
  | { readonly kind: 'container'; readonly container: string; readonly path: string }
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'stream' };

/** `CONTAINER:PATH`, a path, or `-`. What begins with a dot or a slash is a path whatever colons it has. */
export function parseCopyEnd(given: string): CopyEnd {
  if (given === '-') return { kind: 'stream' };
  const colon = given.indexOf(':');
  if (/^[./]/.test(given) || colon < 1) return { kind: 'local', path: given };
  return { kind: 'container', container: given.slice(0, colon), path: given.slice(colon + 1) };
}

export function lastPart(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

export function parentPart(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : trimmed.slice(0, slash);
}

/** Ends so that what is in a folder is meant, not the folder. */
export function meansContents(path: string): boolean {
  return path === '.' || path.endsWith('/.');
}
