import type { Dialog } from '../../dialog';
import type { Route } from '../../route';
import type { Store } from '../../store';
import { text } from '../../text';
import { instanceParts } from '../instance/instance-view';

export type PagePart = Route['view'] | Dialog['kind'] | 'lecture' | 'ownership';

/** Views that the first prompt does not need are fetched when they are gone to. */
const parts: Partial<Record<PagePart, () => Promise<unknown>>> = {
  lecture: () => import('../strata/lecture-terms'),
  ownership: () => import('../../elements/ownership/ownership'),
  compare: () => import('../compare/compare-view'),
  orchestration: () => import('../orchestration/orchestration-view'),
  scheduling: () => import('../scheduling/scheduling-view'),
  tab: () => import('../tab/tab-view'),
  events: () => import('../events/events-view'),
  topology: () => import('../topology/topology-view'),
  machines: () => import('../machines/machines-view'),
  networks: () => import('../networks/networks-view'),
  snapshots: () => import('../snapshots/snapshots-view'),
  images: () => import('../images/images-view'),
  volumes: () => import('../volumes/volumes-view'),
  files: () => import('../files/files-view'),
  containers: () => import('../containers/containers-view'),
  container: () => import('../containers/containers-view'),
  lab: () => import('../lab/lab-view'),
  scenario: () => import('../dialogs/scenario-dialog'),
  'broken-scenario': () => import('../dialogs/scenario-dialog'),
  archive: () => import('../dialogs/archive-dialog'),
  'replace-files': () => import('../dialogs/replace-dialog'),
  'new-lab': () => import('../dialogs/new-lab-dialog'),
  lessons: () => import('../lessons/lessons-view'),
  lesson: () => import('../lessons/lessons-view'),
  'new-container': () => import('../dialogs/container-dialog'),
  'new-vm': () => import('../dialogs/vm-dialog'),
  'new-unikernel': () => import('../dialogs/unikernel-dialog'),
  'new-app': () => import('../dialogs/app-dialog'),
  'new-machine': () => import('../dialogs/machine-dialog'),
  settings: () => import('../dialogs/settings-dialog'),
  help: () => import('../dialogs/help-dialog'),
  palette: () => import('../dialogs/palette-dialog'),
  'new-network': smallDialogs,
  egress: () => import('../dialogs/egress-dialog'),
  'new-volume': () => import('../dialogs/volume-dialog'),
  'brought-tar': () => import('../dialogs/tar-dialog'),
  signatures: () => import('../dialogs/signature-dialog'),
  rename: smallDialogs,
  snapshot: smallDialogs,
  clone: smallDialogs,
  confirm: smallDialogs,
};

function smallDialogs(): Promise<unknown> {
  return import('../dialogs/small-dialogs');
}

/** Fetches parts of the page, each once. */
export class PageParts {
  readonly #loaded = new Set<string>();

  /** An element that is defined later is upgraded where it stands. */
  load(part: PagePart, store: Store): void {
    if (this.#loaded.has(part)) return;
    this.#loaded.add(part);
    parts[part]?.().catch((error: unknown) => {
      // Offline before it was ever fetched: the next visit to the view tries again.
      this.#loaded.delete(part);
      store.report(text.notLoaded, error);
    });
  }
}

/** So that no view has to wait later, or is missing when the connection is. A failure matters only then. */
export function loadAllParts(store: Store | undefined): void {
  const all = [...Object.values(parts), ...Object.values(instanceParts)];
  void Promise.allSettled(all.map((load) => load()));
  if (store) void import('../../keep-reminder').then(({ remindPage }) => remindPage(store)).catch(() => {});
  // It has what happens from when it is first asked for.
  void store?.parts.events.get();
}
