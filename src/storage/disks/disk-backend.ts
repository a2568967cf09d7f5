import type { DiskPlan } from './disk-plans';
import type { DiskRecords, LayerId } from './disk-records';

/** Where records and extents are kept. One `change` is one transaction: all of it or nothing, durable when over. */
export interface DiskBackend {
  records(): Promise<DiskRecords>;
  /**
   * Runs `plan` on the records as they are and does what it says. What it throws undoes the transaction and is
   * passed on; it may run twice, so it has no effects. `needed` is for the message when there is no room:
   * `ResourceExhausted`, and nothing was written.
   */
  change<T>(plan: (records: DiskRecords) => DiskPlan<T>, needed?: number): Promise<T>;
  /** The same for what a power cut may undo: who has a disk open is nobody then. It costs no wait for the medium. */
  changeRelaxed<T>(plan: (records: DiskRecords) => DiskPlan<T>): Promise<T>;
  /** Numbers of the extents a layer has, ascending. */
  extents(layer: LayerId): Promise<readonly number[]>;
  count(layer: LayerId): Promise<number>;
  /** An extent of a layer, the caller's own; empty for one of zeros, undefined when there is none. */
  read(layer: LayerId, index: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
}
