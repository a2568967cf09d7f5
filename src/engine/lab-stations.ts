import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { Fleet } from './fleet';
import type { LabEngine } from './lab-engine';
import type { PreviewStation } from './previews/preview-station';

/** All that can serve on the lab's networks: instances, and containers that run. */
export class LabStations implements Disposable {
  readonly #fleet: Fleet;
  readonly #engine: LabEngine;
  readonly #changes = new Emitter<readonly PreviewStation[]>();
  readonly #disposables = new DisposableStore();

  constructor(fleet: Fleet, engine: LabEngine) {
    this.#fleet = fleet;
    this.#engine = engine;
    this.#disposables.add(this.#changes);
    this.#disposables.add(fleet.changes(() => this.#changes.fire(this.list())));
    this.#disposables.add(engine.changed(() => this.#changes.fire(this.list())));
  }

  /** Fires with all of them whenever one has changed. */
  get changes(): Event<readonly PreviewStation[]> {
    return this.#changes.event;
  }

  list(): readonly PreviewStation[] {
    return [...this.#fleet.list(), ...this.#engine.stations()];
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
