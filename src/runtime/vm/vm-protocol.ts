import type { ExecSpec, Signal, TerminalSize } from '../../api/instance';
import type { MachineConfig, MachineImage } from '../../api/machine';
import type { StatSample } from '../../api/stats';
import type { ErrorRecord } from '../../base/errors';
import type { Pingable } from '../supervisor';
import type { ConsoleDelivery } from './console-hub';
import type { MachineEvent } from './machine';

/** What the client tells a machine about itself once it runs. */
export interface Identity {
  readonly hostname: string;
  /** Six bytes. */
  readonly mac: Uint8Array;
}

/** Ports of one exec: three byte streams (see rpc/byte-stream.ts) and one for {@link ExecControl}. */
export interface ExecPorts {
  readonly stdin: MessagePort;
  readonly stdout: MessagePort;
  readonly stderr: MessagePort;
  readonly control: MessagePort;
}

export type ExecControl = { readonly resize: TerminalSize } | { readonly kill: Signal };
export type ExecOutcome = { readonly exited: number } | { readonly failed: ErrorRecord };

/** Worker to client on the console port. */
export type ConsoleToClient = ConsoleDelivery;
/** Client to worker on the console port. */
export type ConsoleToWorker =
  | { readonly acknowledged: number }
  | { readonly input: Uint8Array }
  | { readonly resize: TerminalSize };

/** What happened to the machine by itself. */
export type VmEvent = MachineEvent | { readonly type: 'agentLost'; readonly error: ErrorRecord };

/** What a vm worker serves. One worker runs one machine at a time. */
export interface VmService extends Pingable {
  /** Compiles and builds an empty machine, so that a later `start` with this configuration is fast. */
  prepare(config: MachineConfig, wasm: WebAssembly.Module): Promise<void>;
  /** Starts the machine and resolves once its agent has taken on the identity. */
  start(request: StartRequest, console: MessagePort, onEvent: (event: VmEvent) => void): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Asks the guest to power off; `halted` follows. */
  powerOff(): Promise<void>;
  save(): Promise<{ readonly state: ArrayBuffer; readonly console: Uint8Array<ArrayBuffer> }>;
  exec(spec: ExecSpec, ports: ExecPorts): Promise<void>;
  stats(): Promise<StatSample>;
  /** Resolves once the agent in the guest has answered; `ping` is answered by the worker alone. */
  pingGuest(): Promise<void>;
  /** Makes the guest's free memory zero, so that a saved state compresses well. */
  trim(): Promise<void>;
}

export interface StartRequest {
  readonly config: MachineConfig;
  readonly wasm: WebAssembly.Module;
  readonly image: MachineImage;
  readonly identity: Identity;
}
