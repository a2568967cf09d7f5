import type { InstanceSpec } from '../api/instance';
import { layersTag, sharedTag } from '../runtime/container/host-paths';
import type { LaunchDraft } from './instance-record';
import { defaultNetwork } from './networks';

/** As much as the prepared snapshot has. */
export const usualMemoryMiB = 128;
const usualDiskMiB = 8192;

/** NICs that a machine can have. */
export const maxNics = 4;

/** What a host is to have besides what every host has. */
export interface HostShape {
  readonly name?: string;
  /** MiB. */
  readonly memoryMiB?: number;
  /** For what containers write; it takes room only as it is written to. */
  readonly diskMiB?: number;
  /** Networks of the lab that it has addresses on, at most 4; absent: "default". */
  readonly networks?: readonly string[];
}

/** A machine that runs containers: with the layers of the store, the shared folder, a disk, and all the NICs that it can have. */
export function hostDraft({ name, memoryMiB, diskMiB, networks = [defaultNetwork.name] }: HostShape = {}): LaunchDraft {
  return {
    kind: 'vm',
    ...(name !== undefined && { name }),
    memoryMiB: memoryMiB ?? usualMemoryMiB,
    devices: 'virtio',
    containerHost: true,
    nics: networks.map((network) => ({ network })),
    spareNics: Math.max(0, maxNics - networks.length),
    disks: [{ sizeMiB: diskMiB ?? usualDiskMiB, format: 'ext4' }],
    shares: [
      { tag: layersTag, layerStore: true },
      { tag: sharedTag, folder: sharedTag },
    ],
  };
}

/** Whether a machine has what containers need. */
export function isContainerHost(spec: InstanceSpec): boolean {
  if (spec.kind !== 'vm' || !spec.containerHost || !spec.disks?.length) return false;
  return spec.shares?.some((share) => share.tag === layersTag && 'layerStore' in share) ?? false;
}
