import { placeOf } from '../../route';
import { type PageKey, pageKey } from '../../shortcuts';
import type { Store } from '../../store';
import { liveStrata, nextPlace, type StratumNumber } from '../../strata';
import { keepTyping } from '../../typed-ahead';

/** Does what a key means to the page, where it is the page's: no dialog, no field and no terminal has it. */
export function pressPageKey(event: KeyboardEvent, store: Store | undefined, toggleTerminals: () => void): void {
  if (!store || event.defaultPrevented || store.dialog.value || store.ownership.value.state !== 'owner') return;
  if (event.composedPath().some(takesKeys)) return;
  const meaning = pageKey(event, store.settings.values.value.singleKeys);
  if (meaning === undefined) return;
  event.preventDefault();
  if (typeof meaning === 'number') goToStratum(store, meaning);
  else keyActs(store, toggleTerminals)[meaning]();
}

function goToStratum(store: Store, number: StratumNumber): void {
  const shown = placeOf(store.route.value);
  const view = nextPlace(liveStrata(store.instances.value, shown), number, shown);
  if (view) store.go({ view });
}

function keyActs(
  store: Store,
  toggleTerminals: () => void,
): Readonly<Record<Exclude<PageKey, StratumNumber>, () => void>> {
  return {
    palette: () => {
      keepTyping();
      store.ask({ kind: 'palette' });
    },
    undo: () => store.messages.undoLast(),
    help: () => store.ask({ kind: 'help' }),
    'new-vm': () => store.ask({ kind: 'new-vm' }),
    tasks: () => store.showTasks(!store.tasksOpen.value),
    terminals: toggleTerminals,
    overview: () => store.go({ view: 'overview' }),
  };
}

/** Fields, terminals and menus have their keys to themselves. */
function takesKeys(target: EventTarget): boolean {
  return (
    target instanceof HTMLElement &&
    (target.matches('input, textarea, select, [role=menu]') || target.isContentEditable)
  );
}
