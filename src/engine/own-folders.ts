import type { VmSpec } from '../api/instance';
import type { SharedFolders } from '../api/shared-folder';
import { pageFolder } from './folders/page-folder';

/** Characters that a folder's name can have. */
const nameLimit = 63;

/**
 * The same machine with folders of its own, which are made and empty: what it had elsewhere is not here, and a folder of
 * that name which is here is somebody else's; so is the page's before it is made. They have the names that they had where
 * those are free. Errors: as of `SharedFolders.create`; no folder is made then.
 */
export async function withOwnFolders(spec: VmSpec, open: () => Promise<SharedFolders>): Promise<VmSpec> {
  const { shares = [] } = spec;
  const wanted = new Set(shares.flatMap((share) => ('folder' in share ? [share.folder] : [])));
  if (wanted.size === 0) return spec;
  const folders = await open();
  const taken = new Set([pageFolder, ...(await folders.list()).map(({ name }) => name)]);
  const made = new Map<string, string>();
  try {
    for (const folder of wanted) {
      const name = freeName(folder, taken);
      await folders.create(name);
      taken.add(name);
      made.set(folder, name);
    }
  } catch (error) {
    // One that stays is empty.
    for (const name of made.values()) await folders.remove(name).catch(() => {});
    throw error;
  }
  const own = shares.map((share) =>
    'folder' in share ? { ...share, folder: made.get(share.folder) ?? share.folder } : share,
  );
  return { ...spec, shares: own };
}

/** The name itself, or with the first number from 2 on with which nothing is called so. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) {
    const end = `-${number}`;
    const name = wanted.slice(0, nameLimit - end.length) + end;
    if (!taken.has(name)) return name;
  }
}
