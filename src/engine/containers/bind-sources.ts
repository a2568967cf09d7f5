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
  const [missing] = await absentSources(sources, folders);
  if (missing !== undefined) throw missingSource(missing);
}

/**
 * A warning for each source of `-v` that is not in the shared folder yet, for clients on the machine beneath: they mean a
 * folder of that machine, of which nothing is here.
 */
export async function bindWarnings(
  binds: readonly string[],
  folders: () => Promise<SharedFolders>,
): Promise<readonly string[]> {
  const sources = binds.flatMap((bind) => (bind.startsWith('/') ? [cleanPath(bind.slice(0, bind.indexOf(':')))] : []));
  return (await absentSources(sources, folders)).map(
    (source) =>
      `${source} is not in the lab's shared folder and is made there, empty: containers see no folders of the machine that this engine is on. Use docker cp, or build an image.`,
  );
}

async function absentSources(
  sources: readonly string[],
  folders: () => Promise<SharedFolders>,
): Promise<readonly string[]> {
  if (sources.length === 0) return [];
  const shared = await folders();
  const isThere = (await shared.list()).some(({ name }) => name === sharedTag);
  const folder = isThere ? await shared.open(sharedTag) : undefined;
  try {
    const absent: string[] = [];
    for (const source of sources) if (!(await folder?.find(pathInShared(source)))) absent.push(source);
    return absent;
  } finally {
    folder?.dispose();
  }
}

export function missingSource(path: string): SandboxError {
  const message = `invalid mount config for type "bind": bind source path does not exist: ${path}`;
  return new SandboxError('InvalidArgument', message);
}
