import type { Awaitable } from '../../api/file-tree';

/**
 * Goes on with a value at once where it is there already: a request that is answered from memory then is answered
 * before the guest runs on.
 */
export function after<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
