import type { SlabPort } from '../../../rpc/slab-port';

/** What a NIC moved, and what was lost at it and why; see also the counters of the switch's port. */
export interface NicCounters {
  /** Frames and bytes the guest got. A segment that is not cut yet counts as one frame. */
  rxFrames: number;
  rxBytes: number;
  /** Frames and bytes the guest sent. */
  txFrames: number;
  txBytes: number;
  /** Came or went while the NIC was down or had no port. */
  droppedDown: number;
  /** Came while the guest did not take any and all waiting room was full. */
  droppedFull: number;
  /** Too short, too long for the guest's buffers, or a damaged slab. */
  droppedMalformed: number;
}

/** A network card of the machine, seen from the host. */
export interface Nic {
  /** Six bytes, as the guest has set it last. */
  readonly mac: Uint8Array;
  /** Whether its guest takes frames whose checksum or segmentation is left to do. */
  readonly offload: boolean;
  readonly counters: Readonly<NicCounters>;
  /**
   * Whether frames pass. Down at first, and again after a restore: it goes up once the agent has acknowledged the
   * machine's identity. The port's other end is told.
   */
  up: boolean;
  /** Joins the NIC to its network; a port it had before is left as by {@link detach}. */
  attach(port: SlabPort): void;
  /** Lets go of the port, which is not closed. Frames that wait for the guest are dropped and acknowledged. */
  detach(): void;
}

export function createNicCounters(): NicCounters {
  return {
    rxFrames: 0,
    rxBytes: 0,
    txFrames: 0,
    txBytes: 0,
    droppedDown: 0,
    droppedFull: 0,
    droppedMalformed: 0,
  };
}

/** Bytes of an Ethernet header: a frame has at least these. */
export const ethernetHeaderBytes = 14;
