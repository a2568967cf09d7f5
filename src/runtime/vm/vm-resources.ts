import type { InstanceResources } from '../../api/instance';
import type { MachineImageSource } from '../../api/machine';
import type { Clock } from '../../base/clock';
import type { VmWorkerHandle } from './vm-run';

/** What a vm instance is given by its driver. */
export interface VmResources {
  readonly images: MachineImageSource;
  readonly clock: Clock;
  readonly agentProtocol: number;
  /** What surrounds it: networks, disks, names. Without, it has none. */
  readonly surroundings: InstanceResources | undefined;
  wasm(): Promise<WebAssembly.Module>;
  /** A worker, prepared already when one is waiting. */
  worker(): VmWorkerHandle;
  /** A new worker of that host. `Unimplemented` when there are no other hosts, `NotFound` when not that one. */
  workerOn(host: string): VmWorkerHandle;
  mac(): Uint8Array;
  /** Throws `ResourceExhausted` when the machine would not fit beside those that run. */
  assertMemory(): void;
  /** Throws `InvalidArgument` unless a guest can have that name. */
  assertName(name: string): void;
  /** The instance is not used any more. */
  disposed(): void;
}
