import type { Digest } from './content-store';

/**
 * A layer of an image (image-spec v1.1, layer.md) as a tree of inodes. The bytes of its files stay where they are,
 * in the uncompressed tar, which the content store has under the layer's diffID.
 */
export interface LayerIndex {
  readonly diffId: Digest;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
  /** Inode n is `nodes[n - 1]`; the first is the root directory. The same tar gives the same numbers. */
  readonly nodes: readonly LayerNode[];
}

/** `whiteout`: what lower layers have of this name is not there any more (`.wh.NAME` in the tar). */
export type LayerNodeKind = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'whiteout';

/** Some bytes of a sparse file. */
export interface FilePart {
  /** Where they are in the file. */
  readonly start: number;
  readonly size: number;
  /** Where they begin in the uncompressed tar. */
  readonly offset: number;
}

export interface LayerNode {
  readonly kind: LayerNodeKind;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch, with fractions where the tar has them. */
  readonly mtime: number;
  /** Names that lead here; 2 and one for each subdirectory for directories, as on a disk. */
  readonly links: number;
  /** Of a file: bytes, and where they begin in the uncompressed tar. */
  readonly size: number;
  readonly offset: number;
  /** Of a sparse file: what is not zeros, in order; `offset` says nothing then. Read files by `file-pieces.ts`. */
  readonly parts?: readonly FilePart[];
  /** Of a symbolic link. */
  readonly target?: string;
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  /** A directory that hides what lower layers have below it (`.wh..wh..opq` in the tar). */
  readonly opaque?: boolean;
  /**
   * A directory that the tar has no entry for, only for what is in it: owner, mode and times are those of the
   * directory that lower layers have there, if any (`union.ts`).
   */
  readonly implied?: boolean;
  /**
   * Of a directory: inode numbers by name, in the order of the names' bytes. Names that are no UTF-8 are kept:
   * `serializeFileName` of `formats/file-name.ts` gives the bytes of each.
   */
  readonly children?: ReadonlyMap<string, number>;
}
