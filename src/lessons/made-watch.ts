import type { Clock } from '../base/clock';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { LabContainers } from '../engine/containers/engine';
import type { Lab } from '../engine/lab';

export interface MadeWatchOptions {
  readonly lab: Pick<Lab, 'list' | 'changes' | 'containers' | 'layout'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Instances and containers that came about for a lesson, by their ids. */
  readonly made: (lesson: string, ids: readonly string[]) => void;
}

/** Sees what comes about, and for which lesson: the one whose lab is being opened, or else the one that is shown. */
export class MadeWatch implements Disposable {
  readonly #options: MadeWatchOptions;
  readonly #disposables = new DisposableStore();
  readonly #since: number;
  /** The last of them is whose lab is opened. */
  #opened: readonly string[] = [];
  #shown: string | undefined;
  /** Undefined until the lab has been read: what was there before is nobody's. */
  #instances: ReadonlySet<string> | undefined;
  #containers: ReadonlySet<string> = new Set();
  #engine: Pick<LabContainers, 'list'> | 'opening' | undefined;

  constructor(options: MadeWatchOptions) {
    this.#options = options;
    this.#since = options.clock.now();
    void this.#begin();
  }

  /** What comes about as long as the result lives is that lesson's. */
  show(lesson: string): Disposable {
    this.#shown = lesson;
    return {
      dispose: () => {
        if (this.#shown === lesson) this.#shown = undefined;
      },
    };
  }

  /** The same, whatever is shown meanwhile. */
  open(lesson: string): Disposable {
    this.#opened = [...this.#opened, lesson];
    return {
      dispose: () => {
        this.#opened = this.#opened.filter((each) => each !== lesson);
      },
    };
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async #begin(): Promise<void> {
    const { lab } = this.#options;
    try {
      // Waits until the lab is open, which another tab may have.
      await lab.layout();
    } catch {
      return;
    }
    if (this.#disposables.disposed) return;
    this.#instances = new Set(lab.list().map(({ id }) => id));
    this.#disposables.add(lab.changes(() => this.#look()));
    this.#look();
  }

  #look(): void {
    const records = this.#options.lab.list();
    const before = this.#instances;
    this.#instances = new Set(records.map(({ id }) => id));
    this.#tell(records.flatMap(({ id }) => (before?.has(id) ? [] : [id])));
    if (records.some(({ spec }) => spec.kind === 'vm' && spec.containerHost)) void this.#followContainers();
  }

  /** The container engine is loaded with the first host. The container that the host is for may be older than that. */
  async #followContainers(): Promise<void> {
    if (this.#engine) return;
    this.#engine = 'opening';
    try {
      const engine = await this.#options.lab.containers();
      if (this.#disposables.disposed) return;
      this.#engine = engine;
      const old = engine.list().filter(({ Created }) => (Created + 1) * 1000 <= this.#since);
      this.#containers = new Set(old.map(({ Id }) => Id));
      this.#disposables.add(engine.changed(() => this.#lookAtContainers(engine)));
      this.#lookAtContainers(engine);
    } catch {
      this.#engine = undefined;
    }
  }

  #lookAtContainers(engine: Pick<LabContainers, 'list'>): void {
    const before = this.#containers;
    const ids = engine.list().map(({ Id }) => Id);
    this.#containers = new Set(ids);
    this.#tell(ids.filter((id) => !before.has(id)));
  }

  #tell(ids: readonly string[]): void {
    const lesson = this.#opened.at(-1) ?? this.#shown;
    if (lesson !== undefined && ids.length > 0) this.#options.made(lesson, ids);
  }
}
