import type { PlacementDecision } from '../../api/placement';
import { Emitter, type Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';

/** Decisions remembered; the oldest gives way. */
export const placementLimit = 100;

/** Which containers were put where, and why. What is there still is known after a reload, too. */
export class PlacementBook implements Disposable {
  readonly #changed = new Emitter<readonly PlacementDecision[]>();
  #decisions: readonly PlacementDecision[] = [];

  /** Newest first. */
  list(): readonly PlacementDecision[] {
    return this.#decisions;
  }

  get changed(): Event<readonly PlacementDecision[]> {
    return this.#changed.event;
  }

  add(...decisions: readonly PlacementDecision[]): void {
    const all = [...this.#decisions, ...decisions].sort((a, b) => b.at - a.at);
    this.#decisions = all.slice(0, placementLimit);
    this.#changed.fire(this.#decisions);
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
