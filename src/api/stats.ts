import type { TenderCounters } from './unikernel';

/** One reading of an instance's counters. Counters only grow; rates are differences over time. */
export interface StatSample {
  /** When it was taken, milliseconds since the epoch (host clock). */
  readonly at: number;
  /** CPU time used in the guest, microseconds. */
  readonly cpuMicros: number;
  /** Memory, bytes. */
  readonly memory: { readonly total: number; readonly used: number };
  /** Network, summed over all interfaces but lo. */
  readonly network: {
    readonly rxBytes: number;
    readonly txBytes: number;
    readonly rxPackets: number;
    readonly txPackets: number;
  };
  /** Block devices, bytes. */
  readonly disk: { readonly readBytes: number; readonly writtenBytes: number };
  readonly processes: number;
  /** Of unikernels. */
  readonly tender?: TenderCounters;
}
