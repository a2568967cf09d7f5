import type { Digest } from '../../api/content-store';

/** Where COPY and ADD take files from. */
export interface CopyTree {
  /** diffIDs, the lowest first; of a context the one that it is kept as. */
  readonly layers: readonly Digest[];
  /** Lines of the context's `.dockerignore`. */
  readonly ignore?: readonly string[];
  /** A context's files belong to root, whoever they belonged to; those of a stage keep their owners. */
  readonly isContext: boolean;
}

/** A file that is in no tree: of a heredoc, or fetched for ADD. */
export interface LooseFile {
  readonly name: string;
  readonly content: { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly blob: Digest };
  readonly size: number;
  readonly mode: number;
  /** Seconds since the epoch; that of the request when absent. */
  readonly mtime?: number;
  /** An archive whose files are wanted and not itself: the diffID of the layer that it is kept as. */
  readonly unpacked?: Digest;
}

/** A COPY or ADD with everything expanded and looked up. Plain: it crosses a thread. */
export interface CopyRequest {
  /** diffIDs of the stage's layers, the lowest first. */
  readonly below: readonly Digest[];
  readonly from: CopyTree;
  /** Paths from the tree's root, with wildcards. */
  readonly sources: readonly string[];
  readonly files: readonly LooseFile[];
  /** From the root; a slash at its end says that it is a directory. */
  readonly destination: string;
  /** Patterns of what is left out, as those of a `.dockerignore`. */
  readonly excludes: readonly string[];
  /** Directories above a source are kept below the destination. */
  readonly parents: boolean;
  /** Archives among the sources are unpacked, as ADD does. */
  readonly unpack: boolean;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** 0 to 0o7777, for all that is copied. */
  readonly mode?: number;
  /** Of what is made anew: seconds since the epoch. */
  readonly time: number;
  /** No file is younger than this: seconds since the epoch. */
  readonly latest?: number;
}

/** A WORKDIR: a directory that is made with those above it where it is not there. */
export interface DirectoryRequest {
  readonly below: readonly Digest[];
  readonly path: string;
  readonly time: number;
}
