import type { SharedFolders } from '../../api/shared-folder';
import { pageFolder } from '../../engine/folders/page-folder';

/** Where what was deleted lives for a moment: in the page's folder itself, so that nothing is copied. */
export const trash = '/.trash';

/** Removes what was deleted in the page's folder, before that is asked whether there is something in it. */
export async function emptyTrash(folders: SharedFolders): Promise<void> {
  if (!(await folders.list()).some(({ name }) => name === pageFolder)) return;
  const folder = await folders.open(pageFolder);
  try {
    if (await folder.find(trash)) await folder.remove(trash);
  } finally {
    folder.dispose();
  }
}
