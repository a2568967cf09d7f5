import type { LastingBlockClient } from '../../../rpc/lasting-block-client';

/** Where a disk's bytes are. */
export interface DiskBacking {
  readonly client: Pick<LastingBlockClient, 'hasRoom' | 'roomMade' | 'read' | 'write' | 'flush'>;
  readonly sizeBytes: number;
  /** Shown to the guest as the disk's serial number; its first 20 bytes. */
  readonly id: string;
}

/** A disk of the machine, whatever device the guest sees it by. */
export interface MachineDisk {
  /** Requests that the block port has not answered. */
  readonly inFlight: number;
  /** Gives the disk its bytes. What it is asked before fails, or waits. */
  attach(backing: DiskBacking): void;
  /** Lets go of the block port, which is not closed. Requests that are under way are never answered. */
  detach(): void;
  /**
   * Resolves when nothing is under way and nothing waits; while the CPU stands still it stays so. `Unavailable` when
   * the disk is detached meanwhile.
   */
  drain(): Promise<void>;
}
