import type { Exit, InstanceState } from '../../api/instance';
import { type Clock, delay } from '../../base/clock';
import { toSandboxError } from '../../base/errors';
import type { Event } from '../../base/events';

/** Exit codes follow the shell: 128 + SIGKILL, and 130 for what a person canceled. */
const exitCode = { killed: 137, canceled: 130 } as const;

export const canceled: Exit = { code: exitCode.canceled, reason: 'Canceled while starting' };

export function killed(reason: string): Exit {
  return { code: exitCode.killed, reason };
}

/** By the guest's own doing. */
export function ended(reason: string): Exit {
  return { code: 0, reason };
}

/** Resolves when the machine has ended, however it did. */
export function nextExit(states: Event<InstanceState>): Promise<Exit> {
  return new Promise((resolve) => {
    const subscription = states((state) => {
      if (state.phase !== 'stopped' && state.phase !== 'failed') return;
      subscription.dispose();
      resolve(state.exit ?? killed(state.error?.message ?? 'Failed'));
    });
  });
}

/**
 * How a machine ends whose guest was `asked` to power off: by itself, or killed when the grace time is over, or at once when
 * nobody in it would hear.
 */
export async function exitInTime(
  clock: Clock,
  graceMs: number,
  { asked, exited }: { readonly asked: Promise<void>; readonly exited: Promise<Exit> },
): Promise<Exit> {
  // A guest that cannot be asked is killed when the grace time is over, like one that does not obey.
  asked.catch(() => {});
  const waiting = new AbortController();
  const overdue = delay(clock, graceMs, waiting.signal).then(() => {
    return killed(`Killed: did not power off within ${Math.round(graceMs / 1000)} s`);
  });
  const exit = await Promise.race([exited, overdue, deafness(asked)]);
  waiting.abort();
  return exit;
}

/** Resolves when a guest cannot be asked to stop, because nobody in it would hear. */
function deafness(asked: Promise<void>): Promise<Exit> {
  return new Promise((resolve) => {
    asked.catch((error: unknown) => {
      if (toSandboxError(error).code !== 'FailedPrecondition') return;
      resolve(killed('Killed: its system does not listen to the power button'));
    });
  });
}
