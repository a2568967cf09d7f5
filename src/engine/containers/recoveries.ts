import type { ContainerHosts } from '../../api/container-host';
import type { Clock } from '../../base/clock';
import { type SandboxError, toSandboxError } from '../../base/errors';
import type { ContainerBook, ContainerEntry } from './container-book';
import type { ContainerRuns } from './container-runs';
import { inTurn } from './in-turn';
import { comesBack } from './restart-policy';
import type { Restarts } from './restarts';

export interface RecoveriesOptions {
  readonly book: ContainerBook;
  readonly hosts: ContainerHosts;
  readonly runs: ContainerRuns;
  readonly restarts: Restarts;
  readonly clock: Clock;
  /** Of a container that is to go with its end. */
  readonly remove: (entry: ContainerEntry) => Promise<void>;
  /** What went wrong by itself: nobody had asked for anything. */
  readonly failed: (error: SandboxError) => void;
}

/** Comes back to what ran before a reload. */
export class Recoveries {
  readonly #options: RecoveriesOptions;
  /** Of containers about which it is not clear yet whether they go on. */
  readonly #pending = new Map<ContainerEntry, Promise<void>>();

  constructor(options: RecoveriesOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    for (const entry of this.#options.book.entries()) {
      const recovery = this.#recover(entry).finally(() => this.#pending.delete(entry));
      this.#pending.set(entry, recovery);
    }
    await Promise.all(this.#pending.values());
  }

  /** Resolves when it is clear whether it runs. */
  async settled(entry: ContainerEntry): Promise<void> {
    await this.#pending.get(entry);
  }

  /** What goes on is taken up again, what does not has ended, and the policies act. */
  async #recover(entry: ContainerEntry): Promise<void> {
    const { hosts, book, clock, runs, restarts, remove, failed } = this.#options;
    const { state, host: wishes, placed } = entry.stored;
    const ran = state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
    try {
      if (placed !== undefined && (state.status === 'running' || state.status === 'paused')) {
        const host = await hosts.open(placed).catch(() => undefined);
        if (host && (await runs.takeUp(entry, host))) return;
      }
      if (!ran && !comesBack(wishes.RestartPolicy, false, state.stopped, state.exitCode)) return;
      if (ran) {
        const { process: _, ...rest } = state;
        const error = 'The page was closed or reloaded, and the host did not go on';
        const exit = state.status === 'restarting' ? {} : { exitCode: 255, error, finishedAt: clock.now() };
        await book.update(entry, { state: { ...rest, ...exit, status: 'exited', pid: 0 } }, 'exited');
      }
      if (wishes.AutoRemove && ran) return await remove(entry);
      const { exitCode, stopped } = entry.stored.state;
      if (!comesBack(wishes.RestartPolicy, ran, stopped, exitCode)) return;
      await inTurn(entry, async () => {
        await book.setState(entry, { status: 'restarting' });
        await restarts.begin(entry);
      });
    } catch (error) {
      failed(toSandboxError(error));
    }
  }
}
