/** Beside `root.json`: where something was mounted in a container when it last began, whichever page began it. */
export const mountPointsFile = 'mounts.json';

export function serializeMountPoints(paths: readonly string[]): string {
  return JSON.stringify(paths);
}

/** None for what is no such list: a host of an earlier version has written none down. */
export function parseMountPoints(text: string): readonly string[] {
  try {
    const paths: unknown = JSON.parse(text);
    const isPath = (path: unknown): boolean => typeof path === 'string' && path.startsWith('/');
    return Array.isArray(paths) && paths.every(isPath) ? paths : [];
  } catch {
    return [];
  }
}
