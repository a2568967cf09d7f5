import type { ContainerId } from '../../api/container-host';
import { SandboxError } from '../../base/errors';

/** Where a host has what. What must outlive its memory is on its disk; the rest is in `/run`, which is memory. */

/** By this tag a host mounts the layers of the store. */
export const layersTag = 'layers';

/** Short, since overlayfs takes the names of all layers of a root on one page. */
export const layersDirectory = '/layers';

/** By this tag a host mounts the lab's shared folder of the same name. */
export const sharedTag = 'shared';

export const sharedDirectory = '/shared';

export const diskDirectory = '/var/lib/strata';

/** In the place of the layers of an image without any. */
export const emptyDirectory = '/run/strata/empty';

/** Below all layers of every root: what docker puts into each container, by which programs see that they are in one. */
export const baseDirectory = '/run/strata/base';

/** What is in it. */
export const baseFiles: Readonly<Record<string, string>> = { '.dockerenv': '' };

/** Compiled seccomp programs, each in a directory named after its profile. */
export const seccompDirectory = '/run/strata/seccomp';

export interface ContainerPaths {
  /** What is kept of it: what it wrote, and how its root is made. */
  readonly home: string;
  /** Where the next two are: its home, or memory. */
  readonly writes: string;
  readonly upper: string;
  readonly work: string;
  /** The runtime's bundle. */
  readonly bundle: string;
  readonly root: string;
}

export function containerPaths(id: ContainerId, writable: 'disk' | 'tmpfs' = 'disk'): ContainerPaths {
  const home = `${diskDirectory}/containers/${id}`;
  const bundle = `/run/strata/bundles/${id}`;
  const writes = writable === 'disk' ? home : `/run/strata/writes/${id}`;
  return { home, writes, upper: `${writes}/upper`, work: `${writes}/work`, bundle, root: `${bundle}/root` };
}

/** What a container shares with those that have its IPC namespace; `/run` is memory. */
export function memoryPath(id: ContainerId): string {
  return `/run/strata/bundles/${id}/shm`;
}

/** Layers that a host has made itself have a path of their own. */
export function layerPath(name: string): string {
  return name.startsWith('/') ? name : `${layersDirectory}/${name}`;
}

/** What is in a volume; beside it is room for what is known of it. */
export function volumePath(name: string): string {
  return `${diskDirectory}/volumes/${name}/_data`;
}

/**
 * A path in the shared folder, from its top. The page's shell and hosts have the folder at `/shared`, so what is bound may be
 * said with that in front or without. `InvalidArgument` for one that leads out.
 */
export function pathInShared(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new SandboxError('InvalidArgument', `Not a path of the shared folder: ${path}`);
  return `/${parts.slice(parts[0] === sharedTag ? 1 : 0).join('/')}`;
}

/** A path of the shared folder as the host has it. `InvalidArgument` for one that leads out. */
export function sharedPath(path: string): string {
  const inside = pathInShared(path);
  return inside === '/' ? sharedDirectory : sharedDirectory + inside;
}
