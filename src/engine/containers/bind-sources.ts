import type { MountSpec } from '../../api/container';
import type { SharedFolders } from '../../api/shared-folder';
import { SandboxError } from '../../base/errors';
import { pathInShared, sharedTag } from '../../runtime/container/host-paths';
import { cleanPath } from './container-mounts';

/**
 * That the sources of `--mount type=bind` are in the shared folder: those of `-v` are made where they are not.
 * `InvalidArgument` in docker's words.
 */
export async function checkBindSources(
  mounts: readonly MountSpec[],
  folders: () => Promise<SharedFolders>,
): Promise<void> {
  const sources = mounts.flatMap(({ Type, Source = '', BindOptions }) =>
    Type === 'bind' && BindOptions?.CreateMountpoint !== true ? [cleanPath(Source)] : [],
  );
  if (sources.length === 0) return;
  const shared = await folders();
  const isThere = (await shared.list()).some(({ name }) => name === sharedTag);
  const folder = isThere ? await shared.open(sharedTag) : undefined;
  try {
    for (const source of sources) if (!(await folder?.find(pathInShared(source)))) throw missingSource(source);
  } finally {
    folder?.dispose();
  }
}

export function missingSource(path: string): SandboxError {
  const message = `invalid mount config for type "bind": bind source path does not exist: ${path}`;
  return new SandboxError('InvalidArgument', message);
}
