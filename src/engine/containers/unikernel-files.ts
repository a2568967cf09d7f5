import type { ContainerMount } from '../../api/container-host';
import type { SharedFolder, SharedFolders } from '../../api/shared-folder';
import { SandboxError } from '../../base/errors';
import { pathInShared, sharedTag } from '../../runtime/container/host-paths';
import { missingSource } from './bind-sources';
import type { StoredMount } from './container-mounts';

type FileMount = Extract<ContainerMount, { readonly kind: 'file' }>;

/** As many as a unikernel can be given; one more is read, so that its driver says that they are too many. */
const fileLimit = 65;

/**
 * Files of the lab's shared folder that a unikernel finds at its start, by `-v /site:/www`: a copy, as it is then. Errors:
 * `InvalidArgument` for a path that there is not, in docker's words, and for what is no text.
 */
export async function unikernelFiles(
  mounts: readonly StoredMount[],
  folders: () => Promise<SharedFolders>,
): Promise<readonly FileMount[]> {
  const binds = mounts.flatMap((mount) => (mount.kind === 'bind' ? [mount] : []));
  if (binds.length === 0) return [];
  const shared = await folders();
  const folder = await shared.open(sharedTag);
  try {
    const files: FileMount[] = [];
    for (const { source, target } of binds) await read(folder, pathInShared(source), target, files);
    return files;
  } finally {
    folder.dispose();
  }
}

async function read(folder: SharedFolder, path: string, target: string, files: FileMount[]): Promise<void> {
  const entry = await folder.find(path);
  if (!entry) throw missingSource(path);
  if (entry.kind === 'directory') {
    for (const { name } of await folder.list(path)) {
      if (files.length >= fileLimit) return;
      await read(folder, `${path.replace(/\/$/, '')}/${name}`, `${target.replace(/\/$/, '')}/${name}`, files);
    }
    return;
  }
  const bytes = await new Response(await folder.read(path)).arrayBuffer();
  files.push({ kind: 'file', target, text: decode(path, bytes) });
}

function decode(path: string, bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SandboxError('InvalidArgument', `A unikernel is given texts alone, and ${path} is none`, { cause });
  }
}
