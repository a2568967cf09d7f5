import { systemClock } from './base/clock';
import type { Lab } from './engine/lab';
import { askInTurn } from './ui/ask-in-turn';
import { FolderShelf } from './ui/files/folder-shelf';
import type { Store } from './ui/store';

/** What shows the lab's shared folder. A part of the page that comes when it is first wanted. */
export async function openFolderShelf(
  lab: Lab,
  page: Pick<Store, 'report' | 'announce' | 'offerUndo' | 'ask' | 'dialog'>,
): Promise<FolderShelf> {
  return FolderShelf.open(await lab.folders(), {
    tasks: lab.tasks,
    clock: systemClock,
    report: (title, error) => page.report(title, error),
    announce: (message) => page.announce(message),
    offerUndo: (title, undo) => page.offerUndo(title, undo),
    ask: (question, signal) => askInTurn(page, question, signal),
  });
}
