import type { ErrorRecord } from '../base/errors';
import type { Event } from '../base/events';
import type { Operation } from './operation';
import type { StatSample } from './stats';

/** The kinds of instance that exist. Containers, unikernels and apps join them here. */
export type InstanceKind = 'vm';

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

/** How the running machine came to be. */
export type StartMethod = 'restored' | 'cold-boot';

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

/** A running program. Its streams hold back the guest when they are not read. */
export interface Process {
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
  exec(spec: ExecSpec): Promise<Process>;
  stats(): Promise<StatSample>;
  /** Resolves once the guest itself has answered. */
  ping(): Promise<void>;
  /** Unpacks a tar stream below `path` in the guest. */
  copyIn(path: string, tar: ReadableStream<Uint8Array>): Promise<void>;
  /** A tar stream of `path` in the guest. */
  copyOut(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;

  dispose(): Promise<void>;
}

/** What a vm is made of. */
export interface VmSpec {
  readonly kind: 'vm';
  readonly name: string;
  /** RAM in MiB: 32 to 1024. */
  readonly memoryMiB: number;
  /** virtio devices, or the hardware that v86 emulates in full (ne2k-pci, ATA). */
  readonly devices: 'virtio' | 'emulated';
  /** Runs the guest side of the container engine. */
  readonly containerHost: boolean;
}

export type InstanceSpec = VmSpec;

/** Something wrong with a spec, said before anything starts. */
export interface Problem {
  readonly field: string;
  readonly message: string;
}

/** Makes instances of one kind. */
export interface InstanceDriver {
  readonly kind: InstanceKind;
  /** Empty when the spec can be started here and now. */
  check(spec: InstanceSpec): readonly Problem[];
  create(spec: InstanceSpec): Instance;
}
