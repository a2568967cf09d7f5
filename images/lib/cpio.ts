import { concatBytes } from '../../src/base/bytes';
import type { FileTree, TreeEntry } from './file-tree';

/** 2026-01-01T00:00:00Z, the age of every file in a guest: no build shows when it ran. */
export const sourceDateEpoch = 1_767_225_600;

const fileType = { directory: 0o040000, file: 0o100000, symlink: 0o120000, 'character-device': 0o020000 } as const;

const encoder = new TextEncoder();

/**
 * The tree as a cpio archive in "newc" form, as the kernel unpacks it (Documentation/driver-api/
 * early-userspace/buffer-format.rst). Written here and not by cpio(1), which needs root for device nodes.
 */
export function serializeCpio(tree: FileTree): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let inode = 0;
  for (const [path, entry] of tree.entries()) {
    inode += 1;
    parts.push(...serializeEntry(path, entry, inode));
  }
  const trailer = serializeHeader({ inode: 0, mode: 0, links: 1, time: 0, size: 0 }, 'TRAILER!!!');
  return concatBytes([...parts, trailer]);
}

interface Header {
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly time: number;
  readonly size: number;
  readonly device?: readonly [major: number, minor: number];
}

function serializeEntry(path: string, entry: TreeEntry, inode: number): readonly Uint8Array[] {
  const body = bodyOf(entry);
  const header = serializeHeader(
    {
      inode,
      mode: fileType[entry.kind] | (entry.kind === 'symlink' ? 0o777 : entry.mode),
      links: entry.kind === 'directory' ? 2 : 1,
      time: sourceDateEpoch,
      size: body.length,
      ...(entry.kind === 'character-device' && { device: [entry.major, entry.minor] as const }),
    },
    path,
  );
  return [header, body, new Uint8Array(paddingOf(body.length))];
}

function bodyOf(entry: TreeEntry): Uint8Array {
  if (entry.kind === 'file') return entry.bytes;
  return entry.kind === 'symlink' ? encoder.encode(entry.target) : new Uint8Array();
}

/** Magic, thirteen numbers of eight hexadecimal digits, the name with its NUL, padding to four bytes. */
function serializeHeader({ inode, mode, links, time, size, device = [0, 0] }: Header, name: string): Uint8Array {
  const encodedName = encoder.encode(`${name}\0`);
  const [uid, gid, checksum] = [0, 0, 0];
  const numbers = [inode, mode, uid, gid, links, time, size, 0, 0, ...device, encodedName.length, checksum];
  const hex = numbers.map((value) => value.toString(16).padStart(8, '0')).join('');
  const header = concatBytes([encoder.encode(`070701${hex}`), encodedName]);
  return concatBytes([header, new Uint8Array(paddingOf(header.length))]);
}

function paddingOf(length: number): number {
  return (4 - (length % 4)) % 4;
}
