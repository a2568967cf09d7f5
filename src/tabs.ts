import type { Clock } from './base/clock';
import { DisposableStore } from './base/lifecycle';
import { scriptUrl, startWorker } from './rpc/spawn-browser';
import { TabHosts } from './rpc/tab-hosts';
import { tabLockName } from './rpc/tab-messages';
import { acquireLab, type LabLock } from './storage/lab-lock';
import type { Ownership } from './ui/page-lab';

export interface TabsOptions {
  readonly brokerUrl: string;
  readonly vmWorkerUrl: string;
  readonly id: string;
  readonly label: string;
}

/** The other tabs, where the browser can bring them together; undefined where it cannot. */
export function joinTabs({ brokerUrl, vmWorkerUrl, id, label }: TabsOptions): TabHosts | undefined {
  const locks = findLocks();
  const port = locks && connectBroker(brokerUrl);
  if (!locks || !port) return undefined;
  // Held until the tab ends, which is how the others learn that it has.
  const ready = new Promise<void>((held) => {
    const hold = (): Promise<never> => {
      held();
      return new Promise(() => {});
    };
    locks.request(tabLockName(id), hold).catch(() => {});
  });
  return new TabHosts({ port, id, label, ready, start: (name, given) => startWorker(vmWorkerUrl, name, given) });
}

export interface OwnershipSteps {
  /** Makes the lab this tab's; called once at most. `owned` ends what is done for the lab when another tab gets it. */
  readonly open: (owned: DisposableStore) => Promise<void>;
  /** Saves what runs, before another tab gets the lab. */
  readonly save: () => Promise<void>;
  /** Ends everything: another tab has the lab. */
  readonly close: () => Promise<void>;
  readonly show: (ownership: Ownership) => void;
  readonly failed: (error: unknown) => void;
}

/** Opens the lab when it is this tab's, lets it go to another tab that asks, and asks for it when the user says so. */
export async function followOwnership(clock: Clock, steps: OwnershipSteps): Promise<LabLock> {
  const lock = await acquireLab({ locks: findLocks(), channel: () => new BroadcastChannel('strata-lab'), clock });
  const owned = new DisposableStore();
  let opened = false;
  const takeOver = (): void => void lock.takeOver().catch(steps.failed);
  const follow = (): void => {
    const { state } = lock;
    if (state === 'owner' || state === 'alone') {
      // What has been closed cannot be opened again; a new page can.
      if (opened) location.reload();
      else steps.open(owned).catch(steps.failed);
      opened = true;
      steps.show({ state: 'owner' });
      return;
    }
    if (state === 'lost') {
      owned.dispose();
      steps.close().catch(steps.failed);
    }
    steps.show({ state, takeOver });
  };
  lock.beforeHandOver(steps.save);
  lock.changes(follow);
  follow();
  return lock;
}

/** Undefined where no worker can be shared between tabs (Chrome on Android). */
function connectBroker(url: string): MessagePort | undefined {
  try {
    return new SharedWorker(scriptUrl(url), { type: 'module', name: 'strata-tabs' }).port;
  } catch {
    return undefined;
  }
}

function findLocks(): LockManager | undefined {
  return navigator.locks as LockManager | undefined;
}
