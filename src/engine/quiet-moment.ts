import type { Clock } from '../base/clock';
import { type Disposable, toDisposable } from '../base/lifecycle';
import type { Tasks } from './tasks';

/** How long is quiet enough, milliseconds. */
export interface Quiet {
  /** As long as no task was ever begun. */
  readonly atFirst: number;
  /** After the last one of those that were. */
  readonly afterTasks: number;
}

/** Calls once when no task has run for that long; until then, or disposed, never. */
export function onQuiet(
  tasks: Pick<Tasks, 'list' | 'changes'>,
  clock: Clock,
  quiet: Quiet,
  call: () => void,
): Disposable {
  let timer: Disposable | undefined;
  const wait = (ms: number): void => {
    timer?.dispose();
    timer = undefined;
    if (tasks.list().some(({ state }) => state === 'running')) return;
    timer = clock.after(ms, () => {
      following.dispose();
      call();
    });
  };
  const following = tasks.changes(() => wait(quiet.afterTasks));
  wait(tasks.list().length > 0 ? quiet.afterTasks : quiet.atFirst);
  return toDisposable(() => {
    following.dispose();
    timer?.dispose();
  });
}
