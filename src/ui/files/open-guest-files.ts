import type { Clock } from '../../base/clock';
import type { Lab } from '../../engine/lab';
import { askInTurn } from '../ask-in-turn';
import type { Store } from '../store';
import { FileShelf } from './file-shelf';
import { GuestFolder, type GuestPrograms } from './guest-folder';

/** What of the page is needed. */
export type GuestFilesPage = Pick<Store, 'report' | 'announce' | 'offerUndo' | 'ask' | 'dialog'>;

/** Whose files those are: an instance or a container, in which programs run. */
export interface FileOwner {
  readonly id: string;
  readonly exec: GuestPrograms;
  /** Until it is gone for good, what was open in its files is kept. */
  readonly isThere: () => boolean;
}

interface Kept {
  readonly owner: FileOwner;
  readonly shelf: FileShelf;
}

/** One for each owner while the page lasts: with what was open, what is not saved and what can be had back. */
const shelves = new WeakMap<GuestFilesPage, Map<string, Kept>>();

/** The files of an owner, as the page shows them: the same whenever they are asked for. */
export function openGuestFiles(owner: FileOwner, page: GuestFilesPage, tasks: Lab['tasks'], clock: Clock): FileShelf {
  const kept = shelves.get(page) ?? new Map<string, Kept>();
  shelves.set(page, kept);
  for (const [id, each] of kept) {
    if (each.owner.isThere()) continue;
    each.shelf.dispose();
    kept.delete(id);
  }
  const shelf = kept.get(owner.id)?.shelf ?? createShelf(owner, page, tasks, clock);
  kept.set(owner.id, { owner, shelf });
  return shelf;
}

function createShelf({ exec }: FileOwner, page: GuestFilesPage, tasks: Lab['tasks'], clock: Clock): FileShelf {
  return new FileShelf(
    {
      tasks,
      clock,
      report: (title, error) => page.report(title, error),
      announce: (message) => page.announce(message),
      offerUndo: (title, undo) => page.offerUndo(title, undo),
      ask: (question, signal) => askInTurn(page, question, signal),
    },
    new GuestFolder(exec),
  );
}
