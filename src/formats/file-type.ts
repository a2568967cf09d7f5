/** File types in a mode (Linux's inode(7)). */
export const fileType = {
  mask: 0o170000,
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
} as const;

/** Permissions with setuid, setgid and sticky. */
export const permissionBits = 0o7777;

export function typeOf(mode: number): number {
  return mode & fileType.mask;
}

export function isDirectory({ mode }: { readonly mode: number }): boolean {
  return typeOf(mode) === fileType.directory;
}

/** As directory entries have it. */
export function kindOf(mode: number): number {
  return (mode & fileType.mask) >> 12;
}
