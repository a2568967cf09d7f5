import { type Disposable, toDisposable } from '../../base/lifecycle';
import type { Settings } from '../settings';

/** Lines kept at once: more shells than that run nothing at one time. */
const limit = 20;

const setting = 'shell-running';

/**
 * The lines that shells of the lab carry out now, kept for the next page: one that is still there when the page comes back
 * was ended by its reload.
 */
export class InterruptedLines {
  readonly #settings: Pick<Settings, 'recall' | 'keep'>;
  #running: readonly { readonly line: string }[] = [];
  /** Of the earlier page, until somebody has been told. */
  #interrupted: readonly string[];

  constructor(settings: Pick<Settings, 'recall' | 'keep'>) {
    this.#settings = settings;
    const kept = settings.recall(setting);
    this.#interrupted = Array.isArray(kept) ? kept.filter((line): line is string => typeof line === 'string') : [];
  }

  /** Notes a line until it has ended. */
  begin(line: string): Disposable {
    const running = { line };
    this.#running = [...this.#running, running].slice(-limit);
    this.#keep();
    return toDisposable(() => {
      this.#running = this.#running.filter((each) => each !== running);
      this.#keep();
    });
  }

  /** What a reload has ended; each is told once. */
  take(): readonly string[] {
    const taken = this.#interrupted;
    this.#interrupted = [];
    this.#keep();
    return taken;
  }

  #keep(): void {
    this.#settings.keep(setting, [...this.#interrupted, ...this.#running.map(({ line }) => line)]);
  }
}
