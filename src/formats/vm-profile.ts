import type { DiskSource, DiskSpec } from '../api/disk';
import type { VmSpec } from '../api/instance';
import type { NicSpec } from '../api/network';
import { SandboxError } from '../base/errors';
import { parseDigest } from './digest';
import { mediumSizeMiB } from './disk-medium';
import {
  type Fields,
  optionalString,
  readCount,
  readDocument,
  readDrive,
  readList,
  readRecord,
  readString,
  refused,
} from './oci-parse';

/** A machine that starts from its drives, as a profile describes it. */
export type VmProfile = Pick<VmSpec, 'name' | 'memoryMiB' | 'devices'> &
  Required<Pick<VmSpec, 'nics' | 'disks' | 'firmware'>>;

/** Says what the file is; the version goes up when an older page would read it wrongly. */
const format = 'strata-machine';
const version = 1;

/** Of a list. More than a machine has slots for. */
const deviceLimit = 8;
const textLimit = 200;

/** How a profile names the models; the first card decides which devices the machine has. */
const nicModels = { emulated: 'ne2k', virtio: 'virtio' } as const;

/** The file, in JSON that people can read and change; see docs/MACHINES.md. */
export function serializeVmProfile(profile: VmProfile): string {
  const { name, memoryMiB, devices, nics, disks, firmware } = profile;
  const document = {
    format,
    version,
    name,
    memoryMiB,
    boot: firmware.boot,
    disks: disks.map(({ drive = 'disk', sizeMiB, source }) => ({
      device: drive,
      ...(source ? { source: { file: source.name, digest: source.digest, sizeBytes: source.sizeBytes } } : { sizeMiB }),
    })),
    interfaces: nics.map(({ network, address }, index) => ({
      network,
      model: index === 0 ? nicModels[devices] : nicModels.virtio,
      ...(address !== undefined && { address }),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Errors: `InvalidArgument` with the field's path; `FailedPrecondition` for another version. */
export function parseVmProfile(bytes: Uint8Array): VmProfile {
  const root = readDocument(bytes, 'profile');
  if (root['format'] !== format) throw refused('profile.format', `"${format}"`, root['format']);
  const found = readCount(root['version'], 'profile.version');
  if (found !== version) {
    const message = `A machine profile of version ${found}: this page reads version ${version}`;
    throw new SandboxError('FailedPrecondition', message, { details: { version: found } });
  }
  const interfaces = limited(root['interfaces'] ?? [], 'profile.interfaces', readInterface);
  const models = interfaces.map(({ model }) => model);
  const second = models.findIndex((model, index) => index > 0 && model === 'ne2k');
  if (second >= 0)
    throw refused(`profile.interfaces[${second}].model`, '"virtio" (only the first can be ne2k)', 'ne2k');
  return {
    name: readText(root['name'], 'profile.name'),
    memoryMiB: readCount(root['memoryMiB'], 'profile.memoryMiB'),
    devices: models[0] === 'virtio' ? 'virtio' : 'emulated',
    firmware: { boot: limited(root['boot'], 'profile.boot', readDrive) },
    disks: limited(root['disks'], 'profile.disks', readDisk),
    nics: interfaces.map(({ nic }) => nic),
  };
}

function readDisk(value: unknown, path: string): DiskSpec {
  const fields = readRecord(value, path);
  const drive = readDrive(fields['device'], `${path}.device`);
  if (fields['source'] === undefined) {
    if (drive !== 'disk') throw refused(`${path}.source`, 'there: only a hard disk can begin empty', undefined);
    return { drive, sizeMiB: readCount(fields['sizeMiB'], `${path}.sizeMiB`) };
  }
  const source = readDiskSource(readRecord(fields['source'], `${path}.source`), `${path}.source`);
  return { drive, sizeMiB: mediumSizeMiB(drive, source.sizeBytes), source };
}

/** What is said of a file that a disk began as. */
function readDiskSource(fields: Fields, path: string): DiskSource {
  const digest = readString(fields['digest'], `${path}.digest`);
  const sizeBytes = readCount(fields['sizeBytes'], `${path}.sizeBytes`);
  if (sizeBytes === 0) throw refused(`${path}.sizeBytes`, 'a length above 0', sizeBytes);
  return { name: readText(fields['file'], `${path}.file`), digest: parseDigest(digest), sizeBytes };
}

function readInterface(value: unknown, path: string): { readonly nic: NicSpec; readonly model: 'ne2k' | 'virtio' } {
  const fields = readRecord(value, path);
  const model = fields['model'] ?? 'virtio';
  if (model !== 'ne2k' && model !== 'virtio') throw refused(`${path}.model`, '"ne2k" or "virtio"', model);
  const address = optionalString(fields['address'], `${path}.address`);
  const network = readText(fields['network'], `${path}.network`);
  return { nic: { network, ...(address !== undefined && { address }) }, model };
}

function limited<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): readonly T[] {
  const items = readList(value, path, read);
  if (items.length > deviceLimit) throw refused(path, `at most ${deviceLimit} entries`, items.length);
  return items;
}

function readText(value: unknown, path: string): string {
  const text = readString(value, path);
  if (text === '' || text.length > textLimit) throw refused(path, `1 to ${textLimit} characters`, text.length);
  return text;
}
