import type { DiskGeneration } from '../../api/disk';
import type { ExecSpec, Program, ProgramId, ShareKind, Signal, TerminalSize } from '../../api/instance';
import type { MachineConfig, MachineImage } from '../../api/machine';
import type { NicGateway } from '../../api/network';
import type { ScreenInput, ScreenUpdate } from '../../api/screen';
import type { StatSample } from '../../api/stats';
import type { VmImage } from '../../api/vm-image';
import type { ErrorRecord } from '../../base/errors';
import type { LastingBlockState } from '../../rpc/lasting-block-client';
import type { LastingPortState } from '../../rpc/lasting-port';
import type { ShelfState } from '../../rpc/shelf-port';
import type { MovedSlabPort } from '../../rpc/slab-port';
import type { Pingable } from '../supervisor';
import type { SessionPorts } from './agent-session-state';
import type { ConsoleDelivery, ReaderPlace } from './console-hub';
import type { MachineEvent } from './machine';
import type { MemoryLayer } from './memory-image';

/** What the client tells a machine about itself once it runs. */
export interface Identity {
  readonly hostname: string;
  /** Contents of /etc/hosts; absent: as they are. */
  readonly hosts?: string;
  /** Six bytes, for eth0 of a machine without networks. */
  readonly mac: Uint8Array;
}

/** A NIC's way to its network; in the order of eth0, eth1 and so on. */
export interface NicConnection {
  readonly mac: Uint8Array;
  readonly address: string;
  readonly prefixLength: number;
  readonly mtu: number;
  readonly gateway?: NicGateway;
  /** A slab port (rpc/slab-port.ts). */
  readonly port: MessagePort;
}

/** A disk's way to its bytes; in the order of vda, vdb and so on. */
export interface DiskConnection {
  readonly id: string;
  readonly sizeBytes: number;
  /** A block port (rpc/block-port.ts). */
  readonly port: MessagePort;
  /** Names the opening of the disk (api/disk.ts). */
  readonly mark: string;
}

/** A disk as it is handed over to another worker. */
export interface MovedDisk extends LastingBlockState {
  readonly id: string;
  readonly sizeBytes: number;
  readonly mark: string;
}

/** A disk that was opened anew, or why it cannot be. */
export type RenewedDisk = Pick<DiskConnection, 'port' | 'mark'> | { readonly failed: ErrorRecord };

/** A share's way to its files; in the order of the spec's shares. */
export interface ShareConnection {
  readonly tag: string;
  readonly kind: ShareKind;
  /** See `ShareAttachment`. */
  readonly ports: readonly MessagePort[];
}

/** A shared folder that a machine mounts when it begins. */
export interface FolderMount {
  readonly tag: string;
  readonly at: string;
}

/** A share as it is handed over to another worker. */
export type MovedShare = MovedPorts | MovedStore;

export interface MovedPorts {
  readonly tag: string;
  readonly kind: 'layer' | 'layers' | 'folder';
  readonly ports: readonly LastingPortState[];
}

export interface MovedStore {
  readonly tag: string;
  readonly kind: 'layer-store';
  readonly shelf: ShelfState;
}

/** A share that was opened anew, or why it cannot be. */
export type RenewedShare = Pick<ShareConnection, 'ports'> | { readonly failed: ErrorRecord };

/** Ports of one exec: three byte streams (see rpc/byte-stream.ts) and one for {@link ExecControl}. */
export interface ExecPorts {
  readonly stdin: MessagePort;
  readonly stdout: MessagePort;
  readonly stderr: MessagePort;
  readonly control: MessagePort;
}

export type ExecControl = { readonly resize: TerminalSize } | { readonly kill: Signal };
export type ExecOutcome = { readonly exited: number } | { readonly failed: ErrorRecord };

/** Worker to client on the console port. Nothing comes after what is `last`. */
export type ConsoleToClient = ConsoleDelivery & { readonly last?: true };
/** Client to worker on the console port. */
export type ConsoleToWorker =
  | { readonly acknowledged: number }
  | { readonly input: Uint8Array }
  | { readonly resize: TerminalSize };

/** Worker to client on the screen's port. */
export type ScreenToClient = ScreenUpdate;
/** Client to worker on the screen's port. A new port is not watched, and `shown` allows for the next update. */
export type ScreenToWorker = { readonly watch: boolean } | { readonly shown: true } | { readonly input: ScreenInput };

/** What happened to the machine by itself. */
export type VmEvent = MachineEvent | { readonly type: 'agentLost'; readonly error: ErrorRecord };

/** See `CheckpointRequest`. */
export type FreezeDisks = (marks: readonly string[]) => Promise<readonly DiskGeneration[]>;

/** What a vm worker serves. One worker runs one machine at a time. */
export interface VmService extends Pingable {
  /** Compiles and builds an empty machine, so that a later `start` with this configuration is fast. */
  prepare(config: MachineConfig, wasm?: WebAssembly.Module): Promise<void>;
  /** Starts the machine and resolves once its agent has taken on the identity and its NICs are up. */
  start(request: StartRequest, console: MessagePort, onEvent: (event: VmEvent) => void): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Asks the guest to power off; `halted` or `turnedOff` follows. `FailedPrecondition` when nobody there listens. */
  powerOff(): Promise<void>;
  /** Shows the machine's screen on the port from now on, and no more on one that it had. */
  openScreen(port: MessagePort): Promise<void>;
  exec(spec: ExecSpec, ports: ExecPorts): Promise<ProgramId>;
  /** The programs of this machine's execs, those included that an earlier worker began. */
  programs(): Promise<readonly Program[]>;
  /** Joins new ports to a program whose reader and writer are gone. */
  reattach(id: ProgramId, ports: ExecPorts): Promise<void>;
  /** Joins a NIC to its network anew, after the switch was started again. */
  renewNic(nic: number, port: MessagePort): Promise<void>;
  /** The same for a NIC that has led nowhere so far; its link is up from now on. */
  plugNic(nic: number, port: MessagePort): Promise<void>;
  /** Goes on with a disk after the store was started again, or without it. */
  renewDisk(disk: number, renewed: RenewedDisk): Promise<void>;
  /** The same for a share. */
  renewShare(share: number, renewed: RenewedShare): Promise<void>;
  stats(): Promise<StatSample>;
  /** Resolves once the agent in the guest has answered; `ping` is answered by the worker alone. */
  pingGuest(): Promise<void>;

  /**
   * Saves the machine as one more layer on `parent`, which is handed over. `freezeDisks` is called while it
   * stands still with all block requests answered; the machine goes on when both are done, if it ran before.
   */
  checkpoint(parent: readonly ArrayBuffer[], freezeDisks: FreezeDisks): Promise<Saved>;

  // A machine moves to another worker in these steps. Until `go` the old worker can go on.

  /** Old worker: copies the memory while the machine runs. */
  copyMemory(): Promise<readonly MemoryLayer[]>;
  /** Old worker: the copy was of no use. */
  forgetCopy(): Promise<void>;
  /** New worker: makes a machine with that memory. */
  receive(request: ReceiveRequest): Promise<void>;
  /** Old worker: stops the machine and saves its devices and what has changed since `copyMemory`. */
  hold(): Promise<HeldMachine>;
  /** New worker: makes the machine that it was, standing still. */
  load(layer: ArrayBuffer, console: Uint8Array): Promise<void>;
  /** Old worker: goes on after all. With connections, when its own were given away by `leave`. */
  release(connections?: Connections): Promise<void>;
  /** Old worker: gives everything away that leads out of the machine. */
  leave(): Promise<MachinePorts>;
  /** New worker: takes that. */
  adopt(ports: MachinePorts, onEvent: (event: VmEvent) => void): Promise<void>;
  /** New worker: the machine runs here from now on. Resolves once its agent has answered. */
  go(): Promise<{ readonly runningSince: number }>;
}

export interface StartRequest {
  readonly config: MachineConfig;
  /** v86.wasm, compiled; the worker compiles it itself when it is absent. */
  readonly wasm?: WebAssembly.Module;
  readonly image: MachineImage;
  readonly identity: Identity;
  readonly nics: readonly NicConnection[];
  readonly disks: readonly DiskConnection[];
  readonly shares: readonly ShareConnection[];
  /** Goes on as the machine that was saved, its programs included. */
  readonly continued: boolean;
  /** What is to be the root of a machine that begins; one that was saved has it. */
  readonly root?: ImageRoot;
  /** What such a machine mounts by itself. */
  readonly mounts?: readonly FolderMount[];
}

/** An image, and the program that makes it the root: a tar of `strata-root` (images/image-root). */
export interface ImageRoot {
  readonly image: VmImage;
  readonly program: ArrayBuffer;
}

/** A checkpoint as the worker makes it. */
export interface Saved {
  readonly layer: ArrayBuffer;
  /** What its console had printed. */
  readonly console: Uint8Array<ArrayBuffer>;
  readonly disks: readonly DiskGeneration[];
  readonly pausedMs: number;
}

export interface HeldMachine {
  readonly layer: ArrayBuffer;
  readonly console: Uint8Array<ArrayBuffer>;
  /** Milliseconds since the epoch, with fractions. */
  readonly stoppedAt: number;
}

export interface ReceiveRequest {
  readonly config: MachineConfig;
  readonly wasm?: WebAssembly.Module;
  readonly memory: readonly MemoryLayer[];
}

/** Everything that led out of a machine in its old worker. */
export interface MachinePorts {
  readonly console: MovedConsole;
  /** Undefined: the NIC has no network. */
  readonly nics: readonly (MovedSlabPort | undefined)[];
  readonly disks: readonly MovedDisk[];
  readonly shares: readonly MovedShare[];
  readonly programs: SessionPorts;
}

export interface MovedConsole {
  readonly port: MessagePort;
  readonly place: ReaderPlace;
  /** Typed, and not read by the guest. */
  readonly input: Uint8Array;
  /** What came while the machine was held. */
  readonly missed: readonly ConsoleToWorker[];
}

/** New ways out of a machine, in the place of those it had. */
export interface Connections {
  readonly console: MessagePort;
  readonly nics: readonly NicConnection[];
  readonly disks: readonly DiskConnection[];
  readonly shares: readonly ShareConnection[];
}
