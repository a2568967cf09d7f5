import type { ContainerDisk, ContainerHost, ContainerSpec } from '../../api/container-host';
import type { SharedFolders } from '../../api/shared-folder';
import { SandboxError } from '../../base/errors';
import { moduleAnnotation } from '../../runtime/unikernel/unikernel-host';
import { storedImage } from '../unikernel-library';
import type { ContainerEntry } from './container-book';
import type { ContainerDriver } from './container-driver';
import type { StoredMount } from './container-mounts';
import type { ContainerNetworks } from './container-networks';
import { cgroupLimits } from './container-resources';
import { hostnameOf } from './container-spec';
import type { ContainerVolumes } from './container-volumes';
import { type Discarded, nothingLeft } from './left-behind';
import { commandOf } from './merge-config';
import { unikernelFiles } from './unikernel-files';

export interface UnikernelContainersOptions {
  readonly host: ContainerHost;
  readonly networks: ContainerNetworks;
  readonly folders: () => Promise<SharedFolders>;
  readonly volumes: Pick<ContainerVolumes, 'diskOf'>;
}

/** Runs containers whose image is a unikernel. */
export class UnikernelContainers implements ContainerDriver {
  readonly #options: UnikernelContainersOptions;

  constructor(options: UnikernelContainersOptions) {
    this.#options = options;
  }

  async place(): Promise<ContainerHost> {
    return this.#options.host;
  }

  async spec({ id, stored }: ContainerEntry): Promise<ContainerSpec> {
    const { image, host, config } = stored;
    if (!image.unikernel) throw new SandboxError('Internal', `The image of the container ${id} is no unikernel`);
    return {
      id,
      root: { layers: [], writable: 'tmpfs' },
      mounts: await unikernelFiles(stored.mounts, this.#options.folders),
      disks: await this.#disksOf(stored.mounts),
      nics: this.#options.networks.nicsOf(stored),
      config: {
        ociVersion: '1.1.0',
        process: { user: { uid: 0, gid: 0 }, args: commandOf(config), cwd: '/' },
        hostname: hostnameOf(stored),
        annotations: { ...host.Annotations, [moduleAnnotation]: storedImage(image.name, image.unikernel) },
        linux: { resources: cgroupLimits(host) },
      },
    };
  }

  async #disksOf(mounts: readonly StoredMount[]): Promise<readonly ContainerDisk[]> {
    const disks: ContainerDisk[] = [];
    for (const mount of mounts) {
      if (mount.kind !== 'volume') continue;
      const { id, sizeMiB } = await this.#options.volumes.diskOf(mount.volume);
      disks.push({ volume: id, sizeMiB, readOnly: mount.readOnly });
    }
    return disks;
  }

  async discard(): Promise<Discarded> {
    return nothingLeft;
  }
}
