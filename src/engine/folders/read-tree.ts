import type { InodeNumber, TreeEntry } from '../../api/file-tree';
import type { FolderPortClient } from '../../rpc/folder-port';

/** Bytes that are read or written at once. */
export const pieceBytes = 512 * 1024;

/** Entries that are listed at once. */
const listed = 1000;

/** Goes on right behind what it has given, so that entries may be removed meanwhile. */
export async function* listAll(
  tree: Pick<FolderPortClient, 'list'>,
  directory: InodeNumber,
): AsyncGenerator<TreeEntry, void, undefined> {
  for (let after = 0; ; ) {
    const entries = await tree.list(directory, after, listed);
    yield* entries;
    const last = entries.at(-1);
    if (!last) return;
    after = last.next;
  }
}

/** The bytes of a file to its end as that is then. */
export async function* readFile(
  tree: Pick<FolderPortClient, 'read'>,
  inode: InodeNumber,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for (let offset = 0; ; ) {
    let length = 0;
    for (const bytes of await tree.read(inode, offset, pieceBytes)) {
      length += bytes.length;
      if (bytes.length > 0) yield bytes as Uint8Array<ArrayBuffer>;
    }
    if (length === 0) return;
    offset += length;
  }
}
