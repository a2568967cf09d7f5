import type { DiskStore } from '../api/disk';
import type { EngineApi } from '../api/engine-api';
import type { InstanceDriver } from '../api/instance';
import type { RecordStore } from '../api/records';
import type { ShareStore } from '../api/share';
import type { Clock } from '../base/clock';
import type { Event } from '../base/events';
import type { SwitchClient } from '../network/switch-client';
import type { StoreEvent } from '../storage/store-supervision';
import type { BlobClient } from './blob-client';
import type { ContainerHostsOptions } from './container-hosts';
import type { HostPorts } from './containers/host-ports';
import type { DriverPart } from './drivers';
import type { EgressOptions } from './egress';
import type { GatewaySource } from './gateways';
import type { LabImages } from './image-holds';
import type { AppHome, UnikernelHome } from './lab-modules';
import type { ArtifactLoader } from './store-client';

/** Somewhere else that a machine can run. */
export interface LabHost {
  readonly id: string;
  /** For people. */
  readonly label: string;
}

/** A file on its way out. */
export interface SnapshotFile {
  readonly name: string;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

export interface LabOptions {
  readonly drivers: readonly (InstanceDriver | DriverPart)[];
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly disks: DiskStore;
  /** Where the file systems of new disks come from. Without, new disks are empty. */
  readonly artifacts?: ArtifactLoader;
  /** Where the files of shares come from. Without, machines have none. */
  readonly shares?: ShareStore;
  /** What knows the images that machines can be made from. Without, there are none. */
  readonly images?: () => Promise<LabImages>;
  readonly switch: SwitchClient;
  /** Where the networks' gateways come from. Without, they have none. */
  readonly gateways?: GatewaySource;
  /** What asks outside for guests, where their network may. Without, nothing leaves. */
  readonly egress?: () => Promise<EgressOptions>;
  /** The Docker Engine API, for guests whose network may have it. Without, none has. */
  readonly engineApi?: () => Promise<EngineApi>;
  /** Where unikernels come from, and what reads their manifests. Without, there are none. */
  readonly unikernels?: UnikernelHome;
  /** Where apps come from, how their programs wait, and whether memory can be shared. Without, there are none. */
  readonly apps?: AppHome;
  /** What becomes of the store's worker, where it has one that can die. */
  readonly store?: Event<StoreEvent>;
  /** Other tabs that take machines now. */
  readonly hosts?: () => readonly LabHost[];
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** How long a guest may take to power off before it is killed, milliseconds. */
  readonly stopGraceMs?: number;
  /** How container hosts are made that make themselves, and whether they are warmed up. */
  readonly containerHosts?: Pick<ContainerHostsOptions, 'diskMiB' | 'warmUpRuns'>;
  /** Where programs of the machine beneath reach the published ports of containers. Without, the page alone does. */
  readonly hostPorts?: HostPorts;
  /** How long a removal can be taken back (by canceling its task), milliseconds. */
  readonly removeGraceMs?: number;
}
