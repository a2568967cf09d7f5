import type { DiskSource, DiskSpec } from '../api/disk';
import type { FirmwareSpec, VmSpec } from '../api/instance';
import type { NicSpec } from '../api/network';
import type { ShareSpec } from '../api/share';
import type { SnapshotRecord } from '../api/snapshot';
import { SandboxError } from '../base/errors';
import {
  type Fields,
  optionalString,
  readCount,
  readDigest,
  readDocument,
  readDrive,
  readList,
  readRecord,
  readSnapshotConfig,
  readString,
  refused,
} from './oci-parse';

/** The config blob of a snapshot that users carry away: its record, less what is true in one lab only. */
export type SavedSnapshot = Pick<SnapshotRecord, 'name' | 'notes' | 'createdAt' | 'spec' | 'config'>;

const formatVersion = 1;
/** As many as a machine has slots for. */
const deviceLimit = 4;
/** Characters; names of ours are shorter. */
const nameLimit = 120;
const notesLimit = 4000;
const sectorsPerMiB = 2048;

export function serializeSavedSnapshot(saved: SavedSnapshot): Uint8Array<ArrayBuffer> {
  const { name, notes, createdAt, spec, config } = saved;
  return new TextEncoder().encode(JSON.stringify({ formatVersion, name, notes, createdAt, spec, config }));
}

/** Errors: `InvalidArgument`, and `FailedPrecondition` for another version of the format. */
export function parseSavedSnapshot(bytes: Uint8Array): SavedSnapshot {
  const root = readDocument(bytes, 'saved');
  const version = readCount(root['formatVersion'], 'saved.formatVersion');
  if (version !== formatVersion) {
    const message = `A saved snapshot of version ${version}: this page reads version ${formatVersion}`;
    throw new SandboxError('FailedPrecondition', message, { details: { version } });
  }
  return {
    name: readText(root['name'], 'saved.name', nameLimit),
    notes: readText(root['notes'], 'saved.notes', notesLimit),
    createdAt: readCount(root['createdAt'], 'saved.createdAt'),
    spec: readSpec(readRecord(root['spec'], 'saved.spec')),
    config: readSnapshotConfig(readRecord(root['config'], 'saved.config')),
  };
}

function readSpec(spec: Fields): VmSpec {
  const { kind, devices, containerHost } = spec;
  if (kind !== 'vm') throw refused('saved.spec.kind', '"vm"', kind);
  if (devices !== 'virtio' && devices !== 'emulated')
    throw refused('saved.spec.devices', '"virtio" or "emulated"', devices);
  if (typeof containerHost !== 'boolean') throw refused('saved.spec.containerHost', 'a boolean', containerHost);
  return {
    kind,
    name: readText(spec['name'], 'saved.spec.name', nameLimit),
    memoryMiB: readCount(spec['memoryMiB'], 'saved.spec.memoryMiB'),
    devices,
    containerHost,
    nics: readDevices(spec['nics'], 'saved.spec.nics', readNic),
    disks: readDevices(spec['disks'], 'saved.spec.disks', readDisk),
    ...(spec['shares'] !== undefined && { shares: readDevices(spec['shares'], 'saved.spec.shares', readShare) }),
    ...(spec['firmware'] !== undefined && {
      firmware: readFirmware(readRecord(spec['firmware'], 'saved.spec.firmware')),
    }),
  };
}

function readNic(value: unknown, path: string): NicSpec {
  const fields = readRecord(value, path);
  const address = optionalString(fields['address'], `${path}.address`);
  const network = readText(fields['network'], `${path}.network`, nameLimit);
  return { network, ...(address !== undefined && { address }) };
}

function readDisk(value: unknown, path: string): DiskSpec {
  const fields = readRecord(value, path);
  const { drive, source, format } = fields;
  if (format !== undefined && format !== 'ext4') throw refused(`${path}.format`, '"ext4"', format);
  return {
    sizeMiB: readSize(fields['sizeMiB'], `${path}.sizeMiB`),
    ...(format && { format }),
    ...(drive !== undefined && { drive: readDrive(drive, `${path}.drive`) }),
    ...(source !== undefined && { source: readSource(readRecord(source, `${path}.source`), `${path}.source`) }),
  };
}

/** The file itself is not here: the disk has what had become of it. */
function readSource(fields: Fields, path: string): DiskSource {
  return {
    name: readText(fields['name'], `${path}.name`, nameLimit),
    digest: readDigest(fields['digest'], `${path}.digest`),
    sizeBytes: readCount(fields['sizeBytes'], `${path}.sizeBytes`),
  };
}

/** MiB, in whole sectors. */
function readSize(value: unknown, path: string): number {
  const sectors = typeof value === 'number' ? value * sectorsPerMiB : Number.NaN;
  if (!Number.isSafeInteger(sectors) || sectors < 0) throw refused(path, 'a number of sectors', value);
  return sectors / sectorsPerMiB;
}

function readFirmware(fields: Fields): FirmwareSpec {
  return { boot: readDevices(fields['boot'], 'saved.spec.firmware.boot', readDrive) };
}

function readShare(value: unknown, path: string): ShareSpec {
  const fields = readRecord(value, path);
  const tag = readText(fields['tag'], `${path}.tag`, nameLimit);
  if (fields['folder'] !== undefined) {
    const at = optionalString(fields['at'], `${path}.at`);
    return { tag, folder: readText(fields['folder'], `${path}.folder`, nameLimit), ...(at !== undefined && { at }) };
  }
  if (fields['layer'] !== undefined) return { tag, layer: readDigest(fields['layer'], `${path}.layer`) };
  return { tag, layers: readList(fields['layers'], `${path}.layers`, readDigest) };
}

function readDevices<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): readonly T[] {
  const devices = value === undefined ? [] : readList(value, path, read);
  if (devices.length > deviceLimit) throw refused(path, `at most ${deviceLimit} entries`, devices.length);
  return devices;
}

function readText(value: unknown, path: string, limit: number): string {
  const text = readString(value, path);
  if (text.length > limit) throw refused(path, `at most ${limit} characters`, text.length);
  return text;
}
