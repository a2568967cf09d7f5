import type { ContainerSummary } from '../../api/container';
import type { MenuItem } from '../elements/menu/menu';
import type { Store } from '../store';
import type { ContainerKind } from '../terminals/terminals';
import { text } from '../text';
import { containerText } from '../text/containers';
import { actionsByStatus, containerMenu, containerName } from './container-actions';
import type { ContainerShelf } from './container-shelf';

/** What can be done with a container: opened in the dock, then what can be asked of it. */
export function wholeContainerMenu(container: ContainerSummary): readonly MenuItem[] {
  const { dock } = containerText;
  return [
    { id: 'container-logs', label: dock.logs, icon: 'container' },
    ...(container.State === 'running' ? [{ id: 'container-shell', label: dock.shell, icon: 'terminal' } as const] : []),
    ...containerMenu(container),
  ];
}

/** Does what was picked from {@link wholeContainerMenu}; asks before what cannot be undone. */
export function actOnContainer(store: Store, shelf: ContainerShelf, container: ContainerSummary, picked: string): void {
  const action = actionsByStatus[container.State].find((each) => each === picked);
  if (action === 'remove') askToRemove(store, shelf, container);
  else if (action) shelf.act(action, container);
  else if (picked === 'container-logs' || picked === 'container-shell') openDocked(store, picked, container);
}

/** As the page of Docker Desktop asks: a container that is removed does not come back. */
function askToRemove(store: Store, shelf: ContainerShelf, container: ContainerSummary): void {
  const title = containerText.removeTitle(containerName(container));
  const run = (): void => shelf.act('remove', container);
  store.ask({ kind: 'confirm', title, body: containerText.removeBody, action: containerText.actions.remove, run });
}

function openDocked(store: Store, kind: ContainerKind, container: ContainerSummary): void {
  const { terminals } = store;
  const opened = terminals.openContainer(kind, { id: container.Id, name: containerName(container) });
  if (opened === undefined) store.announce(text.dock.limit(terminals.tabs.value.size));
  else terminals.setOpen(true);
}
