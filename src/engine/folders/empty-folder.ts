import type { SharedFolder, SharedFolders } from '../../api/shared-folder';

/** Whether there is anything in a folder but directories. */
export async function holdsFiles(folders: SharedFolders, name: string): Promise<boolean> {
  const folder = await folders.open(name);
  try {
    return await hasFiles(folder, '');
  } finally {
    folder.dispose();
  }
}

/** Removes all that is in a folder, which stays: somebody may have it open. */
export async function emptyFolder(folders: SharedFolders, name: string): Promise<void> {
  const folder = await folders.open(name);
  try {
    for (const entry of await folder.list('/')) await folder.remove(`/${entry.name}`);
    await folder.sync();
  } finally {
    folder.dispose();
  }
}

async function hasFiles(folder: SharedFolder, directory: string): Promise<boolean> {
  for (const { name, kind } of await folder.list(directory || '/')) {
    if (kind !== 'directory' || (await hasFiles(folder, `${directory}/${name}`))) return true;
  }
  return false;
}
