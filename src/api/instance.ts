import type { ErrorRecord, SandboxError } from '../base/errors';
import type { Event } from '../base/events';
import type { AppSpec } from './app';
import type { Digest } from './content-store';
import type { DiskGeneration, DiskId, DiskSpec, DriveKind } from './disk';
import type { SavedMachine, SnapshotConfig } from './machine';
import type { NicAttachment, NicSpec } from './network';
import type { Operation } from './operation';
import type { ScreenAttachment, ScreenUpdate } from './screen';
import type { ShareSpec } from './share';
import type { StatSample } from './stats';
import type { UnikernelSpec } from './unikernel';
import type { VmImage } from './vm-image';
import type { VolumeId } from './volume';

/** The kinds of instance that exist. Containers join them here. */
export type InstanceKind = 'vm' | 'unikernel' | 'app';

/**
 * What some instances can do and others cannot: stand still, run programs, be saved (and so be copied, and go on after a
 * reload), move to another worker, show a screen. What is asked of one that cannot is refused with `FailedPrecondition`.
 */
export type InstanceAbility = 'pause' | 'exec' | 'checkpoint' | 'migrate' | 'screen';

export type InstanceId = string;

/** `docs/ARCHITECTURE.md` has the table of transitions; `runtime/instance-state.ts` enforces it. */
export type InstancePhase = 'created' | 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'failed';

/** How an instance ended. `code` follows the shell: 137 is 128 + SIGKILL. */
export interface Exit {
  readonly code: number;
  readonly reason: string;
}

export interface InstanceState {
  readonly phase: InstancePhase;
  /** Since when, milliseconds since the epoch. */
  readonly since: number;
  /** Set when `stopped` or `failed`. */
  readonly exit?: Exit;
  /** Set when `failed`. */
  readonly error?: ErrorRecord;
}

/** How the running machine came to be. `instantiated`: from a module that was compiled. */
export type StartMethod = 'restored' | 'cold-boot' | 'instantiated';

/** Size of a terminal, in character cells. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A program to run in an instance. */
export interface ExecSpec {
  readonly argv: readonly string[];
  /** `NAME=value`; added to the guest's own environment. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  /** With a size, the program gets a pseudo-terminal and stderr joins stdout. */
  readonly terminal?: TerminalSize;
}

export type Signal =
  | 'SIGHUP'
  | 'SIGINT'
  | 'SIGQUIT'
  | 'SIGKILL'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGTERM'
  | 'SIGCONT'
  | 'SIGSTOP'
  | 'SIGWINCH';

/** A program in an instance, for as long as that goes on: over migrations and reloads, but not for its copies. */
export type ProgramId = string;

/** What an instance knows of a program that was started by `exec`. */
export interface Program {
  readonly id: ProgramId;
  readonly argv: readonly string[];
  /** The size its terminal has now. */
  readonly terminal?: TerminalSize;
  /** False: it has ended, and nobody was told, or has read all that it wrote. */
  readonly running: boolean;
}

/** A running program. Its streams hold back the guest when they are not read. */
export interface Process {
  readonly id: ProgramId;
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Empty with a terminal. */
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Resolves with 0 to 255, or 128 + the signal's number. Rejects when the instance ends first. */
  readonly exited: Promise<number>;
  resize(size: TerminalSize): void;
  kill(signal: Signal): void;
}

/** What a console attachment gets: first what was printed before, then what is printed from now on. */
export interface ConsoleAttachment {
  /** Ends the attachment; the console and its scrollback go on. */
  dispose(): void;
  write(bytes: Uint8Array): void;
  resize(size: TerminalSize): void;
  /**
   * Says how many bytes of what was delivered are dealt with. Delivery pauses while more than 256 KiB
   * are not; what does not fit meanwhile is skipped, oldest first, and counted.
   */
  acknowledge(bytes: number): void;
}

export interface ConsoleOutput {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes lost just before these, because the reader was slower than the guest. */
  readonly skipped: number;
}

/** A running or stopped machine of any kind. */
export interface Instance {
  readonly id: InstanceId;
  readonly kind: InstanceKind;
  readonly spec: InstanceSpec;
  readonly state: InstanceState;
  readonly states: Event<InstanceState>;
  /** Set once running. */
  readonly startMethod: StartMethod | undefined;
  /** Why the start was not the fast one, in plain words, when it was not. */
  readonly startNote: string | undefined;

  start(operation?: Operation): Promise<void>;
  /** Asks the guest to power off, then kills it when `graceMs` is over. */
  stop(graceMs: number): Promise<Exit>;
  /** Ends the worker at once; no promise is left hanging. */
  kill(): Promise<Exit>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the machine and boots it cold, as the reset button does. */
  reset(operation?: Operation): Promise<void>;

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment;
  /** Of instances with the ability `screen`: all that it shows first, then what changes, over resets and migrations. */
  attachScreen?(onUpdate: (update: ScreenUpdate) => void): ScreenAttachment;
  exec(spec: ExecSpec): Promise<Process>;
  /** The programs that run, and those that ended unheard; also those that were started before a reload. */
  programs(): Promise<readonly Program[]>;
  /**
   * Comes back to a program whose streams are gone: its output goes on where nobody has read it yet. `NotFound`
   * when there is no such program any more.
   */
  reattach(id: ProgramId): Promise<Process>;
  stats(): Promise<StatSample>;
  /** Resolves once the guest itself has answered. */
  ping(): Promise<void>;
  /** Unpacks a tar stream below `path` in the guest. */
  copyIn(path: string, tar: ReadableStream<Uint8Array>): Promise<void>;
  /** A tar stream of `path` in the guest. */
  copyOut(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;

  /** Digests of what the running machine was restored from, oldest first; empty after a cold boot. */
  readonly origin: readonly Digest[];
  /** Saves the machine at one instant; it goes on as before. */
  checkpoint(request: CheckpointRequest, operation?: Operation): Promise<Checkpoint>;
  /** Puts a saved machine in the place of whatever runs. Its disks must have been brought to that state before. */
  restore(saved: SavedMachine, operation?: Operation): Promise<void>;
  /** Moves the running machine to a new worker: of this tab, or of the host that is named. */
  migrate(host?: string): Promise<Migration>;
  /** Tells a running guest the names of its neighbours, after `InstanceResources.hosts` has changed. */
  updateHosts(): Promise<void>;
  /** A name for people and for the guest itself, from now on. */
  rename(name: string): Promise<void>;
  /** The disks that it has from its next start on; absent where those of a kind never change. Not while it runs. */
  setDisks?(disks: readonly VmDiskSpec[]): void;
  /** Puts a cable into a NIC of the running machine, in the place of one that it may have; its link is up then. */
  plugNic?(nic: number, port: MessagePort): Promise<void>;

  dispose(): Promise<void>;
}

/** A disk of a vm: made with it, or a volume (api/volume.ts) that is attached to it. */
export interface VmDiskSpec extends DiskSpec {
  readonly volume?: VolumeId;
}

/** What a vm is made of. */
export interface VmSpec {
  readonly kind: 'vm';
  readonly name: string;
  /** RAM in MiB: 32 to 1024. */
  readonly memoryMiB: number;
  /** virtio devices, or the hardware that v86 emulates in full: an NE2000 as the first NIC, ATA for the first two disks. */
  readonly devices: 'virtio' | 'emulated';
  /** Runs the guest side of the container engine. */
  readonly containerHost: boolean;
  /** In the order of eth0, eth1 and so on, at most 4. Absent: one on the network "default". */
  readonly nics?: readonly NicSpec[];
  /** Further NICs, behind those, that lead nowhere until they are plugged in (`Instance.plugNic`). Absent: none. */
  readonly spareNics?: number;
  /**
   * In the order of vda, vdb and so on, at most 4. Absent: none. With emulated devices the first two are sda and sdb, at
   * the ATA controller.
   */
  readonly disks?: readonly VmDiskSpec[];
  /** At most 4. Absent: none. */
  readonly shares?: readonly ShareSpec[];
  /** Present: it starts from its own disks, whatever is on them, and has none of our kernel and agent. */
  readonly firmware?: FirmwareSpec;
  /** Where its root comes from. Absent: our own. */
  readonly image?: VmImage;
  /** Lines that the scenario it came with ran in its shell, for a text of it. No start runs them. */
  readonly setup?: string;
}

/** A machine as it comes without a system: a BIOS, and drives to start from. */
export interface FirmwareSpec {
  /** What the BIOS tries to start from, in this order. */
  readonly boot: readonly DriveKind[];
}

export type InstanceSpec = VmSpec | UnikernelSpec | AppSpec;

/** Something wrong with a spec, said before anything starts. */
export interface Problem {
  readonly field: string;
  readonly message: string;
}

/** A disk of an instance, opened for one start. */
export interface DiskAttachment {
  readonly id: DiskId;
  readonly sizeBytes: number;
  /** The end of the block port (rpc/block-port.ts) that goes to the instance's worker. */
  readonly port: MessagePort;
  /** Names the opening (`DiskOpening`). */
  readonly mark: string;
  /** Fires when the store had to be started again, with what takes the place of `port`. */
  readonly reopened: Event<ReopenedDisk>;
  /** It is not opened again any more. */
  detach(): void;
}

/** A disk that was opened anew, or why it cannot be: what the guest asks of it from now on is an I/O error. */
export type ReopenedDisk = { readonly port: MessagePort; readonly mark: string } | { readonly error: SandboxError };

/** What is behind a share: one layer, several, whatever is asked for, or a shared folder. */
export type ShareKind = 'layer' | 'layers' | 'layer-store' | 'folder';

/** A share of an instance, opened for one start. */
export interface ShareAttachment {
  readonly tag: string;
  readonly kind: ShareKind;
  /**
   * They go to the instance's worker: layer ports (rpc/layer-port.ts), the lowest layer first, the one shelf port
   * (rpc/shelf-port.ts) of a layer store, or the folder port (rpc/folder-port.ts) of a shared folder.
   */
  readonly ports: readonly MessagePort[];
  /** Fires when the store had to be started again, with what takes the place of `ports`. Never of a layer store. */
  readonly reopened: Event<ReopenedShare>;
  /** It is not opened again any more. */
  detach(): void;
}

/** A share that was opened anew, or why it cannot be: what the guest asks of it from now on is an I/O error. */
export type ReopenedShare = { readonly ports: readonly MessagePort[] } | { readonly error: SandboxError };

/** What surrounds an instance, asked for anew at each start. */
export interface InstanceResources {
  /** Puts every NIC on its network, its port still down. */
  attachNics(): Promise<readonly NicAttachment[]>;
  openDisks(): Promise<readonly DiskAttachment[]>;
  /** Absent: there are none. */
  openShares?(): Promise<readonly ShareAttachment[]>;
  /** What the guest's /etc/hosts shall say now. */
  hosts(): string;
}

export interface CheckpointRequest {
  /** The layers the machine came from: only what differs from them is saved. Empty: everything is. Handed over. */
  readonly parent: readonly ArrayBuffer[];
  /**
   * Called while the machine stands still, all block requests answered. `marks` names the openings that have what
   * it wrote, in the order of its disks: generations must be of those.
   */
  freezeDisks(marks: readonly string[]): Promise<readonly DiskGeneration[]>;
}

export interface Checkpoint {
  /** RAM and devices, less what `parent` has. */
  readonly layer: ArrayBuffer;
  readonly config: SnapshotConfig;
  readonly disks: readonly DiskGeneration[];
  /** How long the machine stood still, milliseconds. */
  readonly pausedMs: number;
}

export interface Migration {
  /** How long the machine stood still, milliseconds. */
  readonly downtimeMs: number;
}

/** Makes instances of one kind. */
export interface InstanceDriver {
  readonly kind: InstanceKind;
  /** What an instance of that spec can do. */
  abilities(spec: InstanceSpec): ReadonlySet<InstanceAbility>;
  /** Empty when the spec can be started here and now. */
  check(spec: InstanceSpec): readonly Problem[];
  /** `id` is given for an instance that existed before; without `resources` it has no network and no disks. */
  create(spec: InstanceSpec, resources?: InstanceResources, id?: InstanceId): Instance;
}
