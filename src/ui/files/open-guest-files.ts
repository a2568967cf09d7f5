import type { InstanceId } from '../../api/instance';
import type { Clock } from '../../base/clock';
import type { Lab } from '../../engine/lab';
import { askInTurn } from '../ask-in-turn';
import type { Store } from '../store';
import { FileShelf } from './file-shelf';
import { GuestFolder } from './guest-folder';

/** What of the page is needed. */
export type GuestFilesPage = Pick<
  Store,
  'report' | 'announce' | 'offerUndo' | 'ask' | 'dialog' | 'instance' | 'instances'
>;

/** One for each instance while the page lasts: with what was open, what is not saved and what can be had back. */
const shelves = new WeakMap<GuestFilesPage, Map<InstanceId, FileShelf>>();

/** The files of an instance that runs programs, as the page shows them: the same whenever it is asked for. */
export function openGuestFiles(id: InstanceId, page: GuestFilesPage, tasks: Lab['tasks'], clock: Clock): FileShelf {
  const kept = shelves.get(page) ?? new Map<InstanceId, FileShelf>();
  shelves.set(page, kept);
  const present = new Set(page.instances.value.map((record) => record.id));
  for (const [each, shelf] of kept) {
    if (present.has(each)) continue;
    shelf.dispose();
    kept.delete(each);
  }
  const shelf = kept.get(id) ?? createShelf(id, page, tasks, clock);
  kept.set(id, shelf);
  return shelf;
}

function createShelf(id: InstanceId, page: GuestFilesPage, tasks: Lab['tasks'], clock: Clock): FileShelf {
  return new FileShelf(
    {
      tasks,
      clock,
      report: (title, error) => page.report(title, error),
      announce: (message) => page.announce(message),
      offerUndo: (title, undo) => page.offerUndo(title, undo),
      ask: (question, signal) => askInTurn(page, question, signal),
    },
    new GuestFolder((spec) => page.instance(id).exec(spec)),
  );
}
