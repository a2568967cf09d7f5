import type { ContainerCreateBody } from '../../api/container';
import type { SharedFolders } from '../../api/shared-folder';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import type { Images } from '../images';
import { type ReadDevices, storedImage } from '../unikernel-library';
import { bindWarnings, checkBindSources } from './bind-sources';
import { unikernelWarnings } from './check-unikernel';
import type { ContainerBook, ContainerEntry } from './container-book';
import { checkLinks } from './container-links';
import { randomContainerName, readContainerName } from './container-names';
import type { ContainerNetworks } from './container-networks';
import type { StoredContainer } from './container-records';
import { resourceWarnings } from './container-resources';
import type { ContainerVolumes } from './container-volumes';
import { createdContainer } from './create-container';

export interface ContainerCreationOptions {
  readonly book: ContainerBook;
  readonly networks: ContainerNetworks;
  readonly volumes: ContainerVolumes;
  readonly images: () => Promise<Pick<Images, 'selectForContainer'>>;
  /** The lab's shared folders, of which hosts bind what is below one. */
  readonly folders: () => Promise<SharedFolders>;
  /** Whether clients are on a machine beneath, whose folders they may mean. */
  readonly isBeneath: boolean;
  /** What the module of a unikernel's image declares. Errors as at its start. */
  readonly devices: ReadDevices;
  /** Settles when the store knows whose images are needed. */
  readonly holdImages: () => Promise<void>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly event: (entry: ContainerEntry, action: string) => void;
}

/** Makes containers, each with its name, its addresses and its volumes, or nothing of it. */
export class ContainerCreation {
  readonly #options: ContainerCreationOptions;

  constructor(options: ContainerCreationOptions) {
    this.#options = options;
  }

  /** As of `EngineContainers.create`. */
  async create(
    body: ContainerCreateBody,
    { name: wished, platform }: { readonly name?: string; readonly platform?: string } = {},
  ): Promise<{ readonly Id: string; readonly Warnings: readonly string[] }> {
    const { book, networks, volumes, clock, randomBytes, images, event, holdImages, folders, devices, isBeneath } =
      this.#options;
    const id = toHex(randomBytes(32));
    const name = wished ? readContainerName(wished) : randomContainerName((each) => book.isTaken(each), randomBytes);
    const claim = book.claim(name, id);
    try {
      if (!body.Image) throw new SandboxError('InvalidArgument', 'no image specified');
      const image = await (await images()).selectForContainer(
        body.Image,
        platform ? parsePlatform(platform) : undefined,
      );
      const stored = createdContainer(body, {
        id,
        name,
        now: clock.now(),
        image,
        ...(image.unikernel && { devices: await devices(storedImage(body.Image, image.unikernel)) }),
        inherited: this.#inherited(body.HostConfig?.VolumesFrom ?? []),
        newVolumeName: () => volumes.newName(),
        networkName: (reference) => networks.nameOf(reference),
      });
      checkLinks(stored, 'made', (other) => book.find(other));
      await checkBindSources(body.HostConfig?.Mounts ?? [], folders);
      const ofBinds = isBeneath ? await bindWarnings(body.HostConfig?.Binds ?? [], folders) : [];
      const wanted = stored.mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount] : []));
      const planned = volumes.plan(
        wanted.map(({ volume: name, anonymous, options, labels }) => ({
          name,
          anonymous,
          ...(options && { options }),
          ...(labels && { labels }),
        })),
      );
      const reserved = networks.reserve(id, stored.endpoints);
      let entry: ContainerEntry;
      try {
        entry = await book.add(stored, [...reserved.changes, ...planned.changes]);
      } catch (error) {
        reserved.release();
        throw error;
      }
      planned.keep();
      await holdImages();
      event(entry, 'create');
      const ofUnikernels = image.unikernel ? unikernelWarnings(body) : [];
      return { Id: id, Warnings: [...warningsOf(body), ...ofBinds, ...ofUnikernels] };
    } finally {
      claim.dispose();
    }
  }

  /** That there is none is the caller's mistake: what is not found is the image, which clients pull then. */
  #donor(reference: string): StoredContainer {
    try {
      return this.#options.book.find(reference).stored;
    } catch (error) {
      const cause = toSandboxError(error);
      throw new SandboxError('InvalidArgument', cause.message, { cause });
    }
  }

  /** The mounts of others, as `VolumesFrom` names them: `NAME[:MODE]`. */
  #inherited(references: readonly string[]) {
    return references.flatMap((text) => {
      const [reference = '', mode = 'rw'] = text.split(':');
      return this.#donor(reference).mounts.map((mount) => {
        if (mount.kind === 'tmpfs') return mount;
        const readOnly = mount.readOnly || mode.includes('ro');
        return { ...mount, readOnly };
      });
    });
  }
}

/** `linux/386`, `linux/arm/v7`. */
function parsePlatform(text: string) {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/** What is understood and has no effect here. */
function warningsOf({ HostConfig = {} }: ContainerCreateBody): readonly string[] {
  return [
    ...resourceWarnings(HostConfig),
    ...(HostConfig.NetworkMode === 'host' && Object.keys(HostConfig.PortBindings ?? {}).length > 0
      ? ['Published ports are discarded when using host network mode']
      : []),
  ];
}
