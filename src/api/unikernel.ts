import type { Digest } from './content-store';
import type { DiskSpec } from './disk';
import type { NicSpec } from './network';
import type { Operation } from './operation';

/** A disk of a unikernel; in the order of the block devices in its manifest. */
export interface UnikernelDiskSpec extends DiskSpec {
  /** Every write is refused. */
  readonly readOnly?: boolean;
}

/** What a unikernel is made of. `docs/ABI.md` tells what its module sees of it. */
export interface UnikernelSpec {
  readonly kind: 'unikernel';
  readonly name: string;
  /** OCI reference of its module; with `@sha256:...` a blob of the store itself. */
  readonly image: string;
  /** After those that the tender gives. */
  readonly args: readonly string[];
  /** Text of files, by absolute path. */
  readonly config: Readonly<Record<string, string>>;
  /** What its memory can grow to, MiB: 1 to 1024. */
  readonly memoryMiB: number;
  /** The share of a CPU that it gets at most; absent or 1 and more: all that its neighbours leave. */
  readonly cpus?: number;
  /** In the order of the network devices in its manifest. Absent: one on the network "default". */
  readonly nics?: readonly NicSpec[];
  readonly disks?: readonly UnikernelDiskSpec[];
  /** Whether it is told its addresses by arguments or asks for them by DHCP. */
  readonly addressing: 'static' | 'dhcp';
  /** Absent: it runs until somebody stops it. */
  readonly onDemand?: OnDemandSpec;
}

/**
 * Once started it sleeps when nobody needs it: it does not run, the switch answers for its address, and the first
 * packet for it starts it (socket activation, scale to zero). Only with static addressing.
 */
export interface OnDemandSpec {
  /** How long nothing may pass before it sleeps, milliseconds: 10 to 86,400,000. Open TCP connections keep it awake. */
  readonly idleMs: number;
}

/** Names as in Solo5's manifest. */
export type UnikernelDeviceType = 'NET_BASIC' | 'BLOCK_BASIC';

/** A device that a module declares in its manifest. */
export interface UnikernelDevice {
  readonly name: string;
  readonly type: UnikernelDeviceType;
}

/** `asyncify`: the same program rewritten so that it can wait where the engine has no JSPI. */
export type UnikernelVariant = 'module' | 'asyncify';

/** The builds of one program that the store has. */
export interface UnikernelBuilds {
  readonly module: Digest;
  readonly asyncify?: Digest;
}

export interface UnikernelModule {
  readonly digest: Digest;
  readonly bytes: ArrayBuffer;
}

/** Where the unikernel driver gets modules. */
export interface UnikernelImageSource {
  /** The verified bytes, the caller's own. `NotFound` when there is no such image, or it has no such variant. */
  load(image: string, variant: UnikernelVariant, operation?: Operation): Promise<UnikernelModule>;
}

/** What the tender counts of a unikernel, beside what every instance has. */
export interface TenderCounters {
  /** How often it was given the CPU. */
  readonly turns: number;
  /** Microseconds of the longest of them. */
  readonly longestTurnMicros: number;
  /** Frames that came and were lost: its link was down, it took none, or its buffer was too short. */
  readonly droppedFrames: number;
  /** Frames that it sent and that were refused for their length. */
  readonly refusedFrames: number;
  /** Block requests that were refused: offset, length, or a write to a disk that is read-only. */
  readonly refusedBlocks: number;
  /** Other calls that were refused: pointers, lengths, names and handles that are none. */
  readonly invalidCalls: number;
}
