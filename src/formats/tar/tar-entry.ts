import type { FilePart } from '../../api/layer';
import { SandboxError } from '../../base/errors';

export type TarEntryKind = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** One file of a tar, with what extended headers said about it. */
export interface TarEntry {
  readonly kind: TarEntryKind;
  /** As it stands in the tar: see {@link parseFileName} for bytes that are no text. */
  readonly path: string;
  /** Of a hard link: a path of the tar; of a symbolic link: whatever it says. */
  readonly target: string;
  /** 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Bytes of the file, holes among them. */
  readonly size: number;
  /** Where its bytes begin in the tar. */
  readonly offset: number;
  /** Of a sparse file. */
  readonly parts?: readonly FilePart[];
  readonly device: { readonly major: number; readonly minor: number };
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** `InvalidArgument` for a tar that is none, or beyond what is read. */
export function unsoundTar(what: string, at: number): SandboxError {
  return new SandboxError('InvalidArgument', `Not a sound tar: ${what} (at byte ${at})`, { details: { at } });
}
