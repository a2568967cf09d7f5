import type { Remote } from '../rpc/control';
import type { StoreService } from '../storage/store-service';

/** A service in the store's worker: each call is one of the store's calls, so that it waits for a worker's restart. */
export function storePart<T>(remote: Remote<StoreService>, part: Parameters<StoreService['call']>[0]): Remote<T> {
  return new Proxy({} as object, {
    get: (_, method) =>
      typeof method === 'symbol' || method === 'then'
        ? undefined
        : (...args: readonly unknown[]) => remote.call(part, method, ...args),
  }) as Remote<T>;
}
