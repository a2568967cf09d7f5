import type { UnikernelDevice } from '../../api/unikernel';
import { SandboxError } from '../../base/errors';
import type { StoredMount } from './container-mounts';

type VolumeMount = Extract<StoredMount, { readonly kind: 'volume' }>;

export interface UnikernelDisksWish {
  /** For people. */
  readonly image: string;
  readonly mounts: readonly StoredMount[];
  /** What its module declares. */
  readonly devices: readonly UnikernelDevice[];
  readonly newName: () => string;
}

/**
 * The mounts of a unikernel: its volumes are its block devices, and stand last, in the order of its manifest. A volume belongs
 * to the device that the last part of its path names: `-v books:/dev/data`, or shorter `-v books:/data`. A device that
 * nothing was given for has an anonymous volume, as what an image declares by VOLUME has. `InvalidArgument` for a volume that
 * no device asks for.
 */
export function unikernelMounts({ image, mounts, devices, newName }: UnikernelDisksWish): readonly StoredMount[] {
  const wrong = (why: string) => new SandboxError('InvalidArgument', `${image} is a unikernel: ${why}`);
  const names = devices.flatMap(({ name, type }) => (type === 'BLOCK_BASIC' ? [name] : []));
  const disks = new Map<string, VolumeMount>();
  for (const mount of mounts) {
    if (mount.kind !== 'volume') continue;
    const { target } = mount;
    const device = target.slice(target.lastIndexOf('/') + 1);
    if (!names.includes(device)) throw wrong(noDevice(device, names));
    const other = disks.get(device);
    if (other) throw wrong(`two volumes are given for its block device ${device}, at ${other.target} and ${target}`);
    disks.set(device, mount);
  }
  return [
    ...mounts.filter(({ kind }) => kind !== 'volume'),
    ...names.map((name) => disks.get(name) ?? anonymous(name, newName())),
  ];
}

function anonymous(device: string, volume: string): VolumeMount {
  return { kind: 'volume', volume, target: `/dev/${device}`, readOnly: false, seed: false, anonymous: true };
}

function noDevice(device: string, names: readonly string[]): string {
  if (names.length === 0) {
    return 'it has no block device that a volume could be, and no directories: give it files of the shared folder, by -v /PATH:/PATH';
  }
  const paths = names.map((name) => `/dev/${name}`).join(' and ');
  return `it has no block device "${device}": a volume of it belongs to ${paths}`;
}
