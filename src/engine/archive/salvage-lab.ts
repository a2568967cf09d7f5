import type { Digest } from '../../api/content-store';
import type { NetworkSpec, Reservation } from '../../api/network';
import type { SnapshotRecord } from '../../api/snapshot';
import type { VolumeRecord } from '../../api/volume';
import { hasShape } from '../../base/shape';
import type { ArchivedRecord, LabDocument } from '../../formats/lab-document';
import type { StoredLog } from '../containers/log-store';
import type { StoredInstance } from '../lab-records';
import { volumesOf } from '../make-disks';
import { defaultNetwork } from '../networks';
import { blobsOf, generationKey, valuesOf } from './lab-data';
import { isContainer, isReadable } from './readable-record';

/** Something of a lab that cannot be opened, since a blob of the archive is damaged or missing. */
export interface LabLoss {
  /** `memory`: what a machine was doing; it is there, and off. `unreadable`: a record that this version does not know. */
  readonly kind: 'machine' | 'memory' | 'snapshot' | 'volume' | 'container' | 'folder' | 'image' | 'unreadable';
  readonly name: string;
}

export interface SalvagedLab {
  /** Of what is whole. */
  readonly records: readonly ArchivedRecord[];
  readonly folders: LabDocument['folders'];
  readonly losses: readonly LabLoss[];
}

/**
 * What of a lab is whole when only some blobs are. What stands on something that is lost is lost as well: a machine with
 * its disk or its network, a container with its host. A machine whose memory is lost stays, and is off.
 */
export function salvageLab(document: LabDocument, isSound: (digest: Digest) => boolean): SalvagedLab {
  const losses: LabLoss[] = [];
  const hasBlob = (digest: Digest | undefined): boolean => digest !== undefined && isSound(digest);
  const hasDisk = (key: string): boolean => hasBlob(document.disks[key]);
  const readable = document.records.filter((record) => {
    const known = isReadable(record);
    if (!known) losses.push({ kind: 'unreadable', name: `${record.collection}/${record.key}` });
    return known;
  });

  const isWhole = ({ layers, disks, spec }: SnapshotRecord): boolean =>
    layers.every((layer) => hasBlob(document.memory[layer])) &&
    disks.every((generation) => hasDisk(generationKey(generation))) &&
    hasSources(spec);
  const hasSources = ({ disks = [] }: Pick<StoredInstance['spec'], 'disks'>): boolean =>
    disks.every(({ source }) => !source?.generation || hasDisk(generationKey(source.generation)));

  const volumes = valuesOf<VolumeRecord>(readable, 'disks');
  const lostVolumes = new Set(volumes.filter(({ disk }) => !hasDisk(disk)).map(({ id }) => id));
  const wholeVolumes = new Set(volumes.map(({ id }) => id).filter((id) => !lostVolumes.has(id)));
  const networks = new Set(valuesOf<NetworkSpec>(readable, 'networks').map(({ name }) => name));
  networks.add(defaultNetwork.name);
  const astray = valuesOf<Reservation>(readable, 'reservations').filter(({ network }) => !networks.has(network));
  const withoutNetwork = new Set(astray.map(({ instance }) => instance));
  const instances = valuesOf<StoredInstance>(readable, 'instances');
  const wholeInstances = instances.filter(
    ({ id, spec, disks }) =>
      !withoutNetwork.has(id) &&
      (spec.nics ?? []).every(({ network }) => networks.has(network)) &&
      disks.every(hasDisk) &&
      hasSources(spec) &&
      volumesOf(spec).every((volume) => wholeVolumes.has(volume)) &&
      blobsOf(spec).every(({ digest }) => isSound(digest)),
  );
  const whole = new Set(wholeInstances.map(({ id }) => id));
  const lostMachines = new Set(instances.filter(({ id }) => !whole.has(id)).map(({ spec }) => spec.name));
  const snapshots = valuesOf<SnapshotRecord>(readable, 'snapshots');
  const lostSnapshots = new Set(
    snapshots.filter((each) => !isWhole(each) || (each.automatic && !whole.has(each.instance))).map(({ id }) => id),
  );
  // A host whose record cannot be read is lost as well.
  const lostHosts = new Set(valuesOf(document.records, 'instances').flatMap(nameOf));
  for (const { spec } of wholeInstances) lostHosts.delete(spec.name);
  const containers = valuesOf(readable, 'containers').filter(isContainer);
  const wholeContainers = new Set(
    containers
      .filter(({ id, placed }) => !withoutNetwork.has(id) && (placed === undefined || !lostHosts.has(placed)))
      .map(({ id }) => id),
  );

  for (const { id, name } of volumes) if (lostVolumes.has(id)) losses.push({ kind: 'volume', name });
  for (const name of lostMachines) losses.push({ kind: 'machine', name });
  for (const { id, name, automatic, instance, spec } of snapshots) {
    if (!lostSnapshots.has(id) || (automatic && !whole.has(instance))) continue;
    losses.push(automatic ? { kind: 'memory', name: spec.name } : { kind: 'snapshot', name });
  }

  const keep = (record: ArchivedRecord): readonly ArchivedRecord[] => {
    const { collection, value } = record;
    switch (collection) {
      case 'instances': {
        const { snapshot, ...instance } = value as StoredInstance;
        if (!whole.has(instance.id)) return [];
        const kept = snapshot !== undefined && !lostSnapshots.has(snapshot) && { snapshot };
        return [{ ...record, value: { ...instance, ...kept } }];
      }
      case 'reservations': {
        const { instance } = value as Reservation;
        return whole.has(instance) || wholeContainers.has(instance) ? [record] : [];
      }
      case 'snapshots': {
        const { parent, ...snapshot } = value as SnapshotRecord;
        if (lostSnapshots.has(snapshot.id)) return [];
        const kept = parent !== undefined && !lostSnapshots.has(parent) && { parent };
        return [{ ...record, value: { ...snapshot, ...kept } }];
      }
      case 'disks': {
        const volume = value as VolumeRecord;
        if (lostVolumes.has(volume.id)) return [];
        const states = volume.snapshots.filter(({ generation, name }) => {
          const isKept = hasDisk(generationKey({ disk: volume.disk, generation }));
          if (!isKept) losses.push({ kind: 'snapshot', name: `${volume.name}: ${name}` });
          return isKept;
        });
        return [{ ...record, value: { ...volume, snapshots: states } }];
      }
      case 'containers': {
        if (!isContainer(value) || wholeContainers.has(value.id)) return [record];
        losses.push({ kind: 'container', name: value.name });
        return [];
      }
      case 'containerLogs':
        return wholeContainers.has((value as StoredLog).container) ? [record] : [];
      default:
        return [record];
    }
  };
  const records = readable.flatMap(keep);
  const folders = document.folders.filter(({ name, blob }) => {
    if (!isSound(blob)) losses.push({ kind: 'folder', name });
    return isSound(blob);
  });
  return { records, folders, losses };
}

function nameOf(instance: unknown): readonly string[] {
  return hasShape(instance, { spec: { name: '' } }) ? [(instance as Pick<StoredInstance, 'spec'>).spec.name] : [];
}
