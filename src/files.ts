import { systemClock } from './base/clock';
import type { Lab } from './engine/lab';
import { FolderShelf } from './ui/files/folder-shelf';
import type { Store } from './ui/store';

/** What shows the lab's shared folder. A part of the page that comes when it is first wanted. */
export async function openFolderShelf(
  lab: Lab,
  page: Pick<Store, 'report' | 'announce' | 'offerUndo'>,
): Promise<FolderShelf> {
  return FolderShelf.open(await lab.folders(), {
    lab,
    clock: systemClock,
    report: (title, error) => page.report(title, error),
    announce: (message) => page.announce(message),
    offerUndo: (title, undo) => page.offerUndo(title, undo),
  });
}
