import type { Digest } from './content-store';

/**
 * The image that a vm's root comes from, as it was when the vm was made: it starts again from this, whatever its
 * reference names by then. Its layers are the vm's share {@link imageShareTag}, and what is written goes to its first
 * disk, which has an ext4 file system.
 */
export interface VmImage {
  /** As a user would type it. */
  readonly reference: string;
  /** Of the manifest. */
  readonly digest: Digest;
  /** DiffIDs, lowest first. */
  readonly layers: readonly Digest[];
  /** What runs beside the login shell, as `docker run` would put it together; empty: nothing. */
  readonly command: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** `user`, `uid`, `user:group` or `uid:gid`; root when empty. */
  readonly user: string;
}

/** What the layers of a vm's image are mounted by. */
export const imageShareTag = 'image';
