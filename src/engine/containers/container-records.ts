import type { ContainerConfig, EndpointSettings, HostConfig, RestartPolicy } from '../../api/container';
import type { ContainerId } from '../../api/container-host';
import type { Digest } from '../../api/content-store';
import type { PlacementDecision } from '../../api/placement';
import type { ContainerCollection, RecordChange, RecordStore } from '../../api/records';
import type { UnikernelBuilds } from '../../api/unikernel';
import type { VolumeId } from '../../api/volume';
import { hasShape, type Shape } from '../../base/shape';
import type { StoredMount } from './container-mounts';
import type { StoredLog } from './log-store';

/** An image as a container was made of it. */
export interface StoredImage {
  /** Of the manifest or index, which is the image's id. */
  readonly digest: Digest;
  /** What the user called it. */
  readonly name: string;
  /** diffIDs, the lowest first. */
  readonly layers: readonly Digest[];
  /** Of a unikernel, which has no layers. */
  readonly unikernel?: UnikernelBuilds;
}

/** What a container has asked of a network, in the order of its interfaces. */
export interface StoredEndpoint {
  /** Docker's name of the network. */
  readonly network: string;
  /** Names beside the container's own. */
  readonly aliases: readonly string[];
  readonly settings: EndpointSettings;
}

/** `created`: it never ran. `restarting`: it waits for its next start. */
export type StoredStatus = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';

export interface StoredState {
  readonly status: StoredStatus;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  /** In the host's pid space; 0 when it does not run. */
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Somebody stopped it, so that `unless-stopped` does not bring it back. */
  readonly stopped: boolean;
  readonly restarts: number;
  /** The name by which its first process is found again after a reload (`Process.id`). */
  readonly process?: string;
}

/** A container as it is kept: all that is needed to start it again. */
export interface StoredContainer {
  readonly id: ContainerId;
  /** Without a slash. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly image: StoredImage;
  /** With what the image says. */
  readonly config: ContainerConfig;
  readonly host: HostConfig & { readonly RestartPolicy: RestartPolicy };
  readonly mounts: readonly StoredMount[];
  readonly endpoints: readonly StoredEndpoint[];
  /** Name of the host that has its root; absent before its first start. */
  readonly placed?: string;
  /** How it came there. */
  readonly placement?: PlacementDecision;
  readonly state: StoredState;
}

export interface StoredVolume {
  readonly name: string;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Made for one container, without a name of a user's. */
  readonly anonymous: boolean;
  /** Name of the host that has it; absent before it is needed, and of a disk. */
  readonly placed?: string;
  /** The lab's volume that it is for unikernels; absent before one needs it, and of a directory. */
  readonly disk?: VolumeId;
}

/** What docker knows of a network beside what the lab does. */
export interface StoredNetwork {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** As docker's users call it. */
  readonly name: string;
  /** As the lab does. */
  readonly lab: string;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly internal: boolean;
  readonly attachable: boolean;
}

export interface ContainerRecordTypes {
  readonly containers: StoredContainer;
  readonly containerLogs: StoredLog;
  readonly containerVolumes: StoredVolume;
  readonly containerNetworks: StoredNetwork;
}

/** What a record must have to be of use. */
const shapes: Readonly<Record<ContainerCollection, Shape>> = {
  containers: {
    id: '',
    name: '',
    createdAt: 0,
    image: { digest: '' },
    config: {},
    host: {},
    mounts: [{}],
    endpoints: [{}],
    state: {},
  },
  containerLogs: { container: '', pieces: [{}], tail: '' },
  containerVolumes: { name: '', createdAt: 0 },
  containerNetworks: { id: '', name: '', lab: '', createdAt: 0 },
};

/** Records that this version can read; the others are left as they are. */
export async function listContainerRecords<C extends ContainerCollection>(
  records: RecordStore,
  collection: C,
): Promise<readonly ContainerRecordTypes[C][]> {
  const found = await records.list(collection);
  return found.flatMap(({ value }) => (hasShape(value, shapes[collection]) ? [value as ContainerRecordTypes[C]] : []));
}

export function putContainerRecord<C extends ContainerCollection>(
  collection: C,
  key: string,
  value: ContainerRecordTypes[C],
): RecordChange {
  return { collection, key, value };
}

export function removeContainerRecord(collection: ContainerCollection, key: string): RecordChange {
  return { collection, key };
}
