import type { Layout, LayoutPoint } from '../api/layout';
import type { RecordChange, RecordStore } from '../api/records';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';

/** Places kept; the one that was made first gives way. */
export const layoutLimit = 500;

const largest = 20_000;
const key = 'topology';

/** Where things stand in the picture of the lab. What nobody has placed is not in it. */
export class LayoutBook implements Disposable {
  readonly #records: RecordStore;
  readonly #changes = new Emitter<Layout>();
  #layout: Layout;

  private constructor(records: RecordStore, layout: Layout) {
    this.#records = records;
    this.#layout = layout;
  }

  static async open(records: RecordStore): Promise<LayoutBook> {
    const stored = await records.list('layouts');
    return new LayoutBook(records, readLayout(stored.find((each) => each.key === key)?.value));
  }

  get layout(): Layout {
    return this.#layout;
  }

  get changes(): Event<Layout> {
    return this.#changes.event;
  }

  /** Shown at once; rejects when it could not be written, and is as it was before. */
  async place(what: string, point: LayoutPoint): Promise<void> {
    await this.placeAll({ [what]: point });
  }

  /** The same for several at once. */
  async placeAll(points: Layout): Promise<void> {
    const others = Object.entries(this.#layout).filter(([what]) => !Object.hasOwn(points, what));
    const placed = Object.entries(points).map(([what, point]) => [what, inside(point)] as const);
    await this.#change(Object.fromEntries([...others, ...placed].slice(-layoutLimit)));
  }

  /** Everything finds its place by itself again. */
  async clear(): Promise<void> {
    await this.#change({});
  }

  /** Steps that write it again. */
  recordChanges(): readonly RecordChange[] {
    return [{ collection: 'layouts', key, value: this.#layout }];
  }

  dispose(): void {
    this.#changes.dispose();
  }

  async #change(layout: Layout): Promise<void> {
    const before = this.#layout;
    this.#show(layout);
    try {
      await this.#records.apply(this.recordChanges());
    } catch (error) {
      if (this.#layout === layout) this.#show(before);
      throw error;
    }
  }

  #show(layout: Layout): void {
    this.#layout = layout;
    this.#changes.fire(layout);
  }
}

/** Reads what was stored, by whatever version; what makes no sense is left out. */
function readLayout(stored: unknown): Layout {
  if (typeof stored !== 'object' || stored === null) return {};
  const points = Object.entries(stored).filter(([, point]) => Number.isFinite(point?.x) && Number.isFinite(point?.y));
  return Object.fromEntries(points.slice(-layoutLimit).map(([what, point]) => [what, inside(point as LayoutPoint)]));
}

function inside({ x, y }: LayoutPoint): LayoutPoint {
  const bound = (value: number): number => Math.round(Math.min(largest, Math.max(0, value)));
  return { x: bound(x), y: bound(y) };
}
