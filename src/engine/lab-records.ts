import type { Digest } from '../api/content-store';
import type { DiskFormat, DiskGeneration, DiskId } from '../api/disk';
import type { InstanceId, InstanceSpec } from '../api/instance';
import type { DhcpLease, NetworkSpec, Reservation } from '../api/network';
import type { RecordChange, RecordStore } from '../api/records';
import type { SnapshotId, SnapshotRecord } from '../api/snapshot';
import type { VolumeRecord } from '../api/volume';
import { hasShape, type Shape } from '../base/shape';

/** An instance as it is kept: all that is needed to make it again. */
export interface StoredInstance {
  readonly id: InstanceId;
  /** With its NICs and disks told in full. */
  readonly spec: InstanceSpec;
  /** Milliseconds since the epoch; instances are listed in this order. */
  readonly createdAt: number;
  /** One for each disk of the spec. */
  readonly disks: readonly DiskId[];
  /** The snapshot that its present state descends from. */
  readonly snapshot?: SnapshotId;
  /** TCP ports that the page shows; see {@link Lab.publish}. */
  readonly ports?: readonly number[];
  /** It ran, and is of a kind that cannot be saved: it starts anew when the page comes back. */
  readonly revive?: true;
}

/** An empty file system in the disk store, of which new disks are copies. */
export interface StoredTemplate {
  readonly kind: 'template';
  readonly id: string;
  readonly format: DiskFormat;
  readonly sizeMiB: number;
  /** Of the image that it was written from. */
  readonly digest: Digest;
  readonly base: DiskGeneration;
}

/** What the lab keeps of disks that are no instance's. */
export type StoredDisk = StoredTemplate | VolumeRecord;

/** What each collection of the lab's records holds. What a disk consists of is told by the disk store's own books. */
export interface LabRecordTypes {
  readonly instances: StoredInstance;
  readonly networks: NetworkSpec;
  readonly reservations: Reservation;
  readonly snapshots: SnapshotRecord;
  readonly disks: StoredDisk;
  readonly leases: DhcpLease;
}

export interface LoadedRecords {
  readonly instances: readonly StoredInstance[];
  readonly networks: readonly NetworkSpec[];
  readonly reservations: readonly Reservation[];
  readonly snapshots: readonly SnapshotRecord[];
  readonly disks: readonly StoredDisk[];
  readonly leases: readonly DhcpLease[];
  /** Records that this version cannot read, by collection and key. They are left as they are. */
  readonly unreadable: readonly string[];
}

const generation = { disk: '', generation: 0 };
const spec = { kind: '', name: '', 'disks?': [{}] };

/** What a record must have to be of use, by collection. */
const shapes: Readonly<Record<keyof LabRecordTypes, readonly Shape[]>> = {
  instances: [{ id: '', spec, createdAt: 0, disks: [''] }],
  networks: [{ name: '', subnet: '', mtu: 0 }],
  reservations: [{ instance: '', nic: 0, network: '', mac: '', address: '' }],
  snapshots: [{ id: '', name: '', createdAt: 0, instance: '', spec, config: {}, layers: [''], disks: [generation] }],
  disks: [
    { kind: 'template', id: '', base: generation },
    { kind: 'volume', id: '', name: '', disk: '', snapshots: [{ generation: 0 }] },
  ],
  leases: [{ network: '', address: '', mac: '', expiresAt: 0 }],
};

export async function loadRecords(records: RecordStore): Promise<LoadedRecords> {
  const unreadable: string[] = [];
  const read = async <C extends keyof LabRecordTypes>(collection: C): Promise<LabRecordTypes[C][]> => {
    const found = await records.list(collection);
    return found.flatMap(({ key, value }) => {
      if (shapes[collection].some((shape) => hasShape(value, shape))) return [value as LabRecordTypes[C]];
      unreadable.push(`${collection}/${key}`);
      return [];
    });
  };
  const instances = await read('instances');
  return {
    instances: instances.sort((a, b) => a.createdAt - b.createdAt),
    networks: await read('networks'),
    reservations: await read('reservations'),
    snapshots: await read('snapshots'),
    disks: await read('disks'),
    leases: await read('leases'),
    unreadable,
  };
}

/** A step that writes a record, checked by its collection's type. */
export function put<C extends keyof LabRecordTypes>(
  collection: C,
  key: string,
  value: LabRecordTypes[C],
): RecordChange {
  return { collection, key, value };
}

export function remove(collection: keyof LabRecordTypes, key: string): RecordChange {
  return { collection, key };
}

export function diskKey({ kind, id }: Pick<StoredDisk, 'kind' | 'id'>): string {
  return `${kind}/${id}`;
}

export function leaseKey({ network, address }: Pick<DhcpLease, 'network' | 'address'>): string {
  return `${network}/${address}`;
}

export function reservationKey({ instance, nic }: Pick<Reservation, 'instance' | 'nic'>): string {
  return `${instance}/${nic}`;
}
