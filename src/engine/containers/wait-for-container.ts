import type { ContainerWait } from '../../api/container';
import { SandboxError } from '../../base/errors';
import type { ContainerBook, ContainerEntry } from './container-book';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** How a container ends, by what is meant by that. `Canceled` by the signal. */
export function waitForContainer(
  book: ContainerBook,
  entry: ContainerEntry,
  condition: WaitCondition,
  signal?: AbortSignal,
): Promise<ContainerWait> {
  const { status } = entry.stored.state;
  const runs = entry.run !== undefined || status === 'running' || status === 'restarting';
  if (condition === 'not-running' && !runs) return Promise.resolve(waitOf(entry));
  const ended = new Promise<ContainerWait>((resolve, reject) => {
    const stop = (): void => {
      listener.dispose();
      signal?.removeEventListener('abort', canceled);
    };
    const canceled = (): void => {
      stop();
      reject(new SandboxError('Canceled', 'Canceled'));
    };
    const listener = book.news((news) => {
      if (news.entry !== entry) return;
      const over =
        news.kind === 'removed' ||
        (condition === 'next-exit' && news.kind === 'exited') ||
        (condition === 'not-running' && news.kind === 'exited' && entry.stored.state.status === 'exited');
      if (!over) return;
      stop();
      resolve(waitOf(entry));
    });
    signal?.addEventListener('abort', canceled, { once: true });
  });
  // Who does not ask any more must not be told that nobody listens.
  ended.catch(() => undefined);
  return ended;
}

function waitOf({ stored: { state } }: ContainerEntry): ContainerWait {
  return { StatusCode: state.exitCode, ...(state.error !== '' && { Error: { Message: state.error } }) };
}
