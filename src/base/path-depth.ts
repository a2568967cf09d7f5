/** How many names a path has. What is mounted on something that is mounted itself has more, and comes after it. */
export function pathDepth(path: string): number {
  return path.split('/').filter((name) => name !== '').length;
}
