import type { ErrorRecord } from '../base/errors';

export type TabId = string;

/** A tab as others see it. */
export interface TabInfo {
  readonly id: TabId;
  /** For people. */
  readonly label: string;
  /** Whether it takes machines of others. */
  readonly hosting: boolean;
}

/** What tabs say to each other. The port of a `start` goes along with it. */
export type TabMessage =
  | { readonly kind: 'start'; readonly worker: string }
  | { readonly kind: 'end'; readonly worker: string }
  | { readonly kind: 'failed'; readonly worker: string; readonly error: ErrorRecord };

export type TabToBroker =
  /** Comes, or says something new of itself. */
  | { readonly type: 'join'; readonly tab: TabInfo }
  | { readonly type: 'send'; readonly from: TabId; readonly to: TabId; readonly message: TabMessage };

export type BrokerToTab =
  | { readonly type: 'tabs'; readonly tabs: readonly TabInfo[] }
  | { readonly type: 'message'; readonly from: TabId; readonly message: TabMessage };

export function isTabToBroker(data: unknown): data is TabToBroker {
  const type = typeof data === 'object' && data !== null && (data as Partial<TabToBroker>).type;
  return type === 'join' || type === 'send';
}

/** The Web Lock that a tab holds as long as it lives. */
export const tabLockName = (tab: TabId): string => `strata-tab:${tab}`;
