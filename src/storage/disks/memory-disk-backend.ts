import { quotaExceeded } from '../quota';
import type { DiskBackend } from './disk-backend';
import type { DiskPlan } from './disk-plans';
import type { DiskRecords, LayerId } from './disk-records';

/** Bytes kept at most: beyond that a tab is better told than killed. */
const defaultLimit = 512 * 1024 * 1024;

/** Disks in this thread's memory, gone with it. */
export class MemoryDiskBackend implements DiskBackend {
  /** Bytes; may be changed at any time. */
  limit: number;
  #records: DiskRecords = { disks: new Map(), layers: new Map() };
  readonly #layers = new Map<LayerId, Map<number, Uint8Array<ArrayBuffer>>>();
  #used = 0;

  constructor({ limit = defaultLimit }: { limit?: number } = {}) {
    this.limit = limit;
  }

  async records(): Promise<DiskRecords> {
    return this.#records;
  }

  async change<T>(plan: (records: DiskRecords) => DiskPlan<T>, needed = 0): Promise<T> {
    const { next, result, write, move } = plan(this.#records);
    const available = Math.max(0, this.limit - this.#used);
    if (write && needed > available) throw quotaExceeded(needed, available);
    // From here on nothing can fail and nothing waits: that is the transaction.
    if (move) this.#move(move.from, move.to, move.replace);
    if (write) for (const [index, bytes] of write.extents) this.#put(write.layer, index, bytes.slice());
    for (const id of this.#records.layers.keys()) if (!next.layers.has(id)) this.#clear(id);
    this.#records = next;
    return result;
  }

  changeRelaxed<T>(plan: (records: DiskRecords) => DiskPlan<T>): Promise<T> {
    return this.change(plan);
  }

  async extents(layer: LayerId): Promise<readonly number[]> {
    return [...(this.#layers.get(layer)?.keys() ?? [])].sort((a, b) => a - b);
  }

  async count(layer: LayerId): Promise<number> {
    return this.#layers.get(layer)?.size ?? 0;
  }

  async read(layer: LayerId, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#layers.get(layer)?.get(index)?.slice();
  }

  #put(layer: LayerId, index: number, bytes: Uint8Array<ArrayBuffer>): void {
    const extents = this.#layers.get(layer) ?? new Map<number, Uint8Array<ArrayBuffer>>();
    this.#layers.set(layer, extents);
    this.#used += bytes.length - (extents.get(index)?.length ?? 0);
    extents.set(index, bytes);
  }

  #move(from: LayerId, to: LayerId, replace: boolean): void {
    const target = this.#layers.get(to);
    for (const [index, bytes] of this.#layers.get(from) ?? []) {
      if (replace || !target?.has(index)) this.#put(to, index, bytes);
    }
    this.#clear(from);
  }

  #clear(layer: LayerId): void {
    for (const bytes of this.#layers.get(layer)?.values() ?? []) this.#used -= bytes.length;
    this.#layers.delete(layer);
  }
}
