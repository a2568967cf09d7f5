import { SandboxError } from '../../base/errors';
import type { DiskBackend } from './disk-backend';
import type { DiskPlan } from './disk-plans';
import type { DiskRecords, LayerId } from './disk-records';

/**
 * A backend that dies, as a worker does: in front of a transaction or right behind it, before anybody has
 * heard of its end. From then on it does nothing any more. For tests.
 */
export class CrashingBackend implements DiskBackend {
  readonly #backend: DiskBackend;
  /** Transactions until the end; undefined for never. */
  #left: number | undefined;
  #after = false;
  crashed = false;

  constructor(backend: DiskBackend) {
    this.#backend = backend;
  }

  crashAt(transactions: number, after: boolean): void {
    this.#left = transactions;
    this.#after = after;
  }

  records(): Promise<DiskRecords> {
    return this.#alive(() => this.#backend.records());
  }

  async change<T>(plan: (records: DiskRecords) => DiskPlan<T>, needed?: number): Promise<T> {
    if (this.#left !== undefined) this.#left -= 1;
    const now = this.#left === 0;
    if (now && !this.#after) this.crashed = true;
    const result = await this.#alive(() => this.#backend.change(plan, needed));
    if (now) this.crashed = true;
    return this.#alive(async () => result);
  }

  changeRelaxed<T>(plan: (records: DiskRecords) => DiskPlan<T>): Promise<T> {
    return this.change(plan);
  }

  extents(layer: LayerId): Promise<readonly number[]> {
    return this.#alive(() => this.#backend.extents(layer));
  }

  count(layer: LayerId): Promise<number> {
    return this.#alive(() => this.#backend.count(layer));
  }

  read(layer: LayerId, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#alive(() => this.#backend.read(layer, index));
  }

  async #alive<T>(work: () => Promise<T>): Promise<T> {
    if (this.crashed) throw new SandboxError('Unavailable', 'Crashed on cue');
    return work();
  }
}
