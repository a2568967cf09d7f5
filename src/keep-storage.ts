import type { Lab } from './engine/lab';

let asked: Promise<boolean> | undefined;

/** Asks the browser, once, to keep what this page stores, and says whether it will. It may ask the user in turn. */
export function keepStorage(): Promise<boolean> {
  // Not there where the page is no secure context; and a browser that cannot say is one that may throw things away.
  const storage = navigator.storage as StorageManager | undefined;
  asked ??= storage ? storage.persist().catch(() => false) : Promise.resolve(false);
  return asked;
}

/** Asks when the first task has succeeded: by then there is something, and users know what it is about. */
export function keepWhatIsMade({ tasks }: Lab): void {
  const following = tasks.changes(({ state }) => {
    if (state !== 'succeeded') return;
    following.dispose();
    void keepStorage();
  });
}
