import type { Clock } from '../../base/clock';
import { type SandboxError, toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerBook, ContainerEntry } from './container-book';
import { inTurn } from './in-turn';
import { nextRestart } from './restart-policy';

export interface RestartsOptions {
  readonly book: ContainerBook;
  readonly clock: Clock;
  readonly launch: (entry: ContainerEntry) => Promise<void>;
  /** What went wrong by itself: nobody had asked for anything. */
  readonly failed: (error: SandboxError) => void;
}

/** Starts containers that have ended again, when and as often as their policies say. */
export class Restarts implements Disposable {
  readonly #options: RestartsOptions;
  #disposed = false;

  constructor(options: RestartsOptions) {
    this.#options = options;
  }

  dispose(): void {
    this.#disposed = true;
  }

  /** Milliseconds until one that has ended so starts again; undefined when it does not. */
  pauseAfter(entry: ContainerEntry, exitCode: number, ranMs: number): number | undefined {
    const { state, host } = entry.stored;
    return nextRestart({
      policy: host.RestartPolicy,
      exitCode,
      restarts: state.restarts,
      ranMs,
      lastPauseMs: entry.pauseMs,
      stopped: state.stopped,
    });
  }

  schedule(entry: ContainerEntry, pauseMs: number): void {
    entry.pauseMs = pauseMs;
    entry.restart = this.#options.clock.after(pauseMs, () => {
      delete entry.restart;
      void inTurn(entry, () => this.begin(entry));
    });
  }

  /** Starts what waits for its next start, in its turn. */
  async begin(entry: ContainerEntry): Promise<void> {
    const { book, launch, failed } = this.#options;
    const { state } = entry.stored;
    if (this.#disposed || entry.removing || state.status !== 'restarting') return;
    try {
      await book.setState(entry, { restarts: state.restarts + 1 });
      await launch(entry);
    } catch (error) {
      // It is tried again like one that ended at once.
      const pause = this.pauseAfter(entry, entry.stored.state.exitCode || 128, 0);
      if (pause === undefined) return failed(toSandboxError(error));
      await book.setState(entry, { status: 'restarting' });
      this.schedule(entry, pause);
    }
  }

  /** Whether it waited for its next start; it does not any more. */
  forget(entry: ContainerEntry): boolean {
    // Its pause may be over while somebody else has the turn.
    const waiting = entry.stored.state.status === 'restarting';
    entry.restart?.dispose();
    delete entry.restart;
    if (waiting) entry.pauseMs = 0;
    return waiting;
  }
}
