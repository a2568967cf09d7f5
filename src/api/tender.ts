import type { SandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import type { MacAddress } from './network';

/** What a module gets that is run by code of ours beside it, in the same thread. */
export interface HostedModuleOptions {
  /** Evented, with one network device (docs/ABI.md). It may export more than the ABI asks for. */
  readonly module: WebAssembly.Module;
  /** The first is its name. */
  readonly args: readonly string[];
  readonly nic: {
    readonly mac: MacAddress;
    readonly mtu: number;
    /** The end of a slab port (rpc/slab-port.ts). */
    readonly port: MessagePort;
  };
  /** After each turn of the module. Its exports may be called. */
  readonly afterTurn: () => void;
  /** It has come to its end by itself: nothing of it may be called any more. */
  readonly ended: (error: SandboxError) => void;
}

/** A module that runs, with its exports to be called between its turns. */
export interface HostedModule extends Disposable {
  readonly exports: WebAssembly.Exports;
  readonly memory: WebAssembly.Memory;
  /** Runs an export as part of the module: what it throws ends it. A turn follows, for what the call has begun. */
  call<T>(work: () => T): T;
  /** Takes another cable: the switch had to be started again. */
  renew(port: MessagePort): void;
}

/** Runs such modules. Throws what keeps a module from being begun. */
export type HostModule = (options: HostedModuleOptions) => HostedModule;
