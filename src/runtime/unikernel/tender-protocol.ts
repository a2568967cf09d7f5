import type { StatSample } from '../../api/stats';
import type { TenderCounters } from '../../api/unikernel';
import type { ErrorRecord } from '../../base/errors';
import type { Pingable } from '../supervisor';
import type { GuestEnd } from './guest-end';
import type { ProgramKind } from './program';

/** A run of a unikernel, by a number that no other run of the page has. */
export type RunKey = number;

/** A device and what it leads to, in the order of the manifest. */
export type DeviceConnection =
  | {
      readonly type: 'nic';
      readonly name: string;
      /** Six bytes. */
      readonly mac: Uint8Array;
      readonly mtu: number;
      /** A slab port (rpc/slab-port.ts). */
      readonly port: MessagePort;
    }
  | {
      readonly type: 'disk';
      readonly name: string;
      readonly sizeBytes: number;
      readonly readOnly: boolean;
      /** A block port (rpc/block-port.ts). */
      readonly port: MessagePort;
    };

export interface StartRequest {
  readonly key: RunKey;
  readonly module: WebAssembly.Module;
  readonly kind: ProgramKind;
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly devices: readonly DeviceConnection[];
  /** As a vm's (vm/vm-protocol.ts). */
  readonly console: MessagePort;
}

/** From a worker on its port for news, in the order in which it happens. */
export type TenderNews =
  /** This run gets the CPU from now on: said before it does, and only when it was another's before. */
  | RunKey
  /** A run has ended by itself. */
  | { readonly ended: RunKey; readonly end: GuestEnd }
  /** The collector has freed the memories of so many modules that had ended. */
  | { readonly freed: number };

export interface TenderSample extends Pick<StatSample, 'cpuMicros' | 'memory' | 'network' | 'disk'> {
  readonly tender: TenderCounters;
}

/** What a worker for unikernels serves. Calls that name a run which has ended are harmless, or `NotFound`. */
export interface TenderService extends Pingable {
  open(news: MessagePort): Promise<void>;
  /** Has the memories of modules that have ended here collected, if there is no room for further ones. */
  collect(): Promise<void>;
  /** Resolves when the unikernel is up, or with its end if it ended while it began. */
  start(request: StartRequest): Promise<GuestEnd | undefined>;
  pause(key: RunKey): Promise<void>;
  resume(key: RunKey): Promise<void>;
  /** No turn any more; resolves when what it wrote is durable. */
  settle(key: RunKey): Promise<void>;
  end(key: RunKey): Promise<void>;
  /** Resolves when the unikernel has had a turn. */
  nudge(key: RunKey): Promise<void>;
  sample(key: RunKey): Promise<TenderSample>;
  /** The port of a NIC, counted among NICs, led nowhere any more. */
  renewNic(key: RunKey, nic: number, port: MessagePort): Promise<void>;
  /** The same for a disk. */
  renewDisk(key: RunKey, disk: number, port: MessagePort): Promise<void>;
  failDisk(key: RunKey, disk: number, error: ErrorRecord): Promise<void>;
}
