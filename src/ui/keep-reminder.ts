import { type Clock, systemClock } from '../base/clock';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { isKept } from './is-kept';
import type { Store } from './store';
import { reminderText as words } from './text/keep-reminder';

/** How long somebody has worked before it is looked whether there is something to lose, and how often from then on, milliseconds. */
export const lookMs = 600_000;
const dayMs = 86_400_000;

export interface ReminderOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Whether the browser may throw away what is stored. */
  readonly mayEvict: () => Promise<boolean>;
}

/** Reminds, once a day at most, to save as a file what the browser may throw away, where there is something. */
export function remindToSave(options: ReminderOptions): Disposable {
  const { clock } = options;
  const disposables = new DisposableStore();
  let timer: Disposable | undefined;
  const look = (): void => {
    timer = clock.after(lookMs, look);
    void remind(options);
  };
  timer = clock.after(lookMs, look);
  disposables.add({ dispose: () => timer?.dispose() });
  return disposables;
}

/** The same on the page's own time, as its browser says. */
export function remindPage(store: Store): void {
  remindToSave({ store, clock: systemClock, mayEvict: async () => !(await isKept()) });
}

async function remind({ store, clock, mayEvict }: ReminderOptions): Promise<void> {
  const { settings, messages } = store;
  const last = settings.recall('reminded');
  // Where nothing is kept at all, the page says so all the time.
  if (!store.storage.value.persistent || store.ownership.value.state !== 'owner') return;
  if (typeof last === 'number' && clock.now() - last < dayMs) return;
  const volumes = (await store.parts.volumes.get())?.list.value ?? [];
  if (store.instances.value.length + volumes.length === 0 || !(await mayEvict())) return;
  settings.keep('reminded', clock.now());
  const save = (): void => void store.parts.scenarios.get().then((shelf) => shelf?.saveArchive());
  messages.show({ tone: 'info', title: words.title, body: words.body, undo: save, button: words.save });
}
