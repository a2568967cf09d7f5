import { type Disposable, toDisposable } from './lifecycle';

/** What happens at a failpoint: nothing, or a promise that the code there waits for. */
export type FailpointHandler = (name: string) => Promise<void> | undefined;

let handler: FailpointHandler | undefined;

/**
 * A place where tests make things go wrong, named `part.step`; `await` it. Nothing in the product installs a
 * handler, so there it is one comparison. Used where a crash or a failure between two steps would matter.
 */
export function failpoint(name: string): Promise<void> | undefined {
  return handler?.(name);
}

/** Lets tests decide what happens at every failpoint, until disposed. One at a time. */
export function handleFailpoints(next: FailpointHandler): Disposable {
  if (handler) throw new Error('The failpoints have a handler already: dispose it first');
  handler = next;
  return toDisposable(() => {
    handler = undefined;
  });
}
