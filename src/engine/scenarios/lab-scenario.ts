import type { ContainerConfig } from '../../api/container';
import type { Digest } from '../../api/content-store';
import type { VmDiskSpec, VmSpec } from '../../api/instance';
import type { Layout } from '../../api/layout';
import type { NicSpec } from '../../api/network';
import type { UnikernelSpec } from '../../api/unikernel';
import { imageShareTag } from '../../api/vm-image';
import type { VolumeId, VolumeRecord } from '../../api/volume';
import type {
  Scenario,
  ScenarioInstance,
  ScenarioShare,
  ScenarioUnikernel,
  ScenarioVm,
} from '../../formats/scenario/scenario';
import { hostDraft } from '../host-draft';
import { usualDiskMiB } from '../image-machine';
import type { InstanceRecord } from '../instance-record';
import type { Lab } from '../lab';
import { defaultNetwork } from '../networks';
import { pinnedImage } from './pinned-image';

/** The lab as it is now, as a scenario, and what of it no scenario can say. */
export interface LabScenario {
  readonly scenario: Scenario;
  /**
   * What is left out, for people: names of instances with files that a text does not hold and of containers for which it
   * has no words, and parts of others.
   */
  readonly left: readonly string[];
}

/** What an image says of what runs in it, and its names with its digest. */
export interface ImageFacts {
  readonly config: Partial<ContainerConfig>;
  readonly names: readonly string[];
}

export interface LabFacts {
  /** Volumes that are disks. */
  readonly volumes?: readonly VolumeRecord[];
  /** Whether volumes are to be in it, who has them, and which folders machines share. */
  readonly withVolumes?: boolean;
  /** Of machines with an image. */
  readonly images?: ReadonlyMap<Digest, ImageFacts>;
  /** What the names of unikernels in the registry stand for; others are written without. */
  readonly unikernels?: ReadonlyMap<string, Digest>;
  readonly layout?: Layout;
}

/** What is made of images, modules and the usual sizes; addresses are kept, states are not. */
export function labScenario(lab: Pick<Lab, 'list' | 'networks'>, name: string, facts: LabFacts = {}): LabScenario {
  const records = lab.list();
  const said = records.map((record) => ({ record, ...describe(record, facts) }));
  const kept = said.flatMap(({ instance }) => (instance ? [instance] : []));
  const networks = lab.networks().flatMap(({ engineApi: _, ...network }) =>
    // Who may drive the engine is for the user of each lab to say.
    network.name === defaultNetwork.name ? [] : [network],
  );
  const { volumes: all = [], withVolumes = false } = facts;
  const volumes = all.map(({ name: volume, sizeMiB, format }) => ({
    name: volume,
    size: Math.ceil(sizeMiB),
    ...(format && { format }),
  }));
  const names = new Map(said.flatMap(({ record, instance }) => (instance ? [[record.id, record.name]] : [])));
  const layout = namedPlaces(facts.layout ?? {}, names, [defaultNetwork, ...networks]);
  const scenario: Scenario = {
    name,
    networks,
    ...(withVolumes && volumes.length > 0 && { volumes }),
    instances: kept,
    containers: [],
    publish: records.flatMap((record) =>
      kept.some((each) => each.name === record.name)
        ? record.ports.map((port) => ({ instance: record.name, port }))
        : [],
    ),
    ...(Object.keys(layout).length > 0 && { layout }),
  };
  const unsaid = withVolumes ? [] : all.map((volume) => `the volume ${volume.name}`);
  return { scenario, left: [...said.flatMap(({ left }) => left), ...unsaid] };
}

/** Places by names instead of ids; those of what is not in it are none. */
function namedPlaces(
  layout: Layout,
  names: ReadonlyMap<string, string>,
  networks: readonly { readonly name: string }[],
): Layout {
  const known = new Set(networks.flatMap((network) => [`network/${network.name}`, `gateway/${network.name}`]));
  return Object.fromEntries(
    Object.entries(layout).flatMap(([what, point]) => {
      const name = names.get(what) ?? (known.has(what) ? what : undefined);
      return name === undefined ? [] : [[name, point]];
    }),
  );
}

/** An instance of a scenario, or that none can say it, and what of it is left out. */
interface Described {
  readonly instance?: ScenarioInstance;
  readonly left: readonly string[];
}

type Placed = Pick<ScenarioVm, 'name' | 'nics' | 'start'>;

function describe({ spec, name, nics, state, demand }: InstanceRecord, facts: LabFacts): Described {
  const { phase } = state;
  // One that sleeps has been started, and is to be there for who asks.
  const started = demand !== undefined || phase === 'running' || phase === 'paused' || phase === 'starting';
  const placed: Placed = {
    name,
    nics: nics.map(({ network, address }): NicSpec => ({ network, address })),
    ...(!started && { start: false }),
  };
  if (spec.kind === 'unikernel') return describeUnikernel(spec, placed, facts);
  if (spec.kind === 'vm' && !spec.firmware) return describeVm(spec, placed, facts);
  return { left: [name] };
}

function describeUnikernel(spec: UnikernelSpec, placed: Placed, facts: LabFacts): Described {
  const { name, image, memoryMiB, args, config, onDemand, addressing, cpus, disks = [] } = spec;
  // A module that a user brought is known by its digest alone, and is nowhere else.
  if (image.startsWith('local/') || disks.length > 0) return { left: [name] };
  const digest = facts.unikernels?.get(image);
  const instance: ScenarioUnikernel = {
    kind: 'unikernel',
    ...placed,
    image: digest === undefined ? image : `${image}@${digest}`,
    memory: memoryMiB,
    ...(args.length > 0 && { args }),
    ...(Object.keys(config).length > 0 && { files: config }),
    ...(onDemand && { idle: onDemand.idleMs }),
  };
  return {
    instance,
    left: [
      ...(addressing === 'dhcp' ? [`that ${name} asks for its address by DHCP`] : []),
      ...(cpus !== undefined && cpus < 1 ? [`the share of a CPU that ${name} has`] : []),
    ],
  };
}

function describeVm(spec: VmSpec, placed: Placed, facts: LabFacts): Described {
  const { name, memoryMiB, devices, containerHost, image, setup } = spec;
  const known = image && facts.images?.get(image.digest);
  const pinned = image && pinnedImage(image.reference, image.digest, known?.names ?? []);
  if (image && pinned === undefined) return { left: [name] };
  const disks = describeDisks(spec, facts);
  const shares = describeShares(spec, facts);
  const command = image && ownCommand(image.command, known?.config ?? {});
  const instance: ScenarioVm = {
    kind: 'vm',
    ...placed,
    memory: memoryMiB,
    ...(devices === 'emulated' && { devices }),
    ...(containerHost && { containerHost: true }),
    ...(pinned !== undefined && { image: pinned }),
    ...(command && command.length > 0 && { command }),
    ...(disks.said.length > 0 && { disks: disks.said }),
    ...(shares.said.length > 0 && { shares: shares.said }),
    ...(setup !== undefined && { setup }),
  };
  return { instance, left: [...disks.left, ...shares.left] };
}

/** Words that are not the image's own; they go behind its entrypoint. */
function ownCommand(command: readonly string[], { Entrypoint, Cmd }: Partial<ContainerConfig>): readonly string[] {
  const before = Entrypoint ?? [];
  const own = before.every((word, at) => command[at] === word) ? command.slice(before.length) : command;
  return own.join('\0') === (Cmd ?? []).join('\0') ? [] : own;
}

/** The parts of a machine that a scenario can say, and what the others are. */
interface Parts<T> {
  readonly said: readonly T[];
  readonly left: readonly string[];
}

type SaidDisk = NonNullable<ScenarioVm['disks']>[number];

function describeDisks({ name, disks = [], image }: VmSpec, facts: LabFacts): Parts<SaidDisk> {
  const { volumes = [], withVolumes = false } = facts;
  const names = new Map<VolumeId, string>(volumes.map((each) => [each.id, each.name]));
  const [root, ...others] = disks;
  const left: string[] = [];
  // The first of a machine with an image is what it writes to, and comes by itself.
  if (image && root && root.sizeMiB !== usualDiskMiB) left.push(`that the disk of ${name} has ${root.sizeMiB} MiB`);
  const said = (image ? others : disks).flatMap((disk: VmDiskSpec): readonly SaidDisk[] => {
    const volume = disk.volume === undefined ? undefined : names.get(disk.volume);
    if (withVolumes && volume !== undefined) return [{ volume }];
    if (disk.volume === undefined && !disk.source && !image) {
      return [{ size: Math.ceil(disk.sizeMiB), ...(disk.format && { format: disk.format }) }];
    }
    // That a volume is left out is said once.
    if (volume === undefined) left.push(disk.source ? `the disk ${disk.source.name} of ${name}` : `a disk of ${name}`);
    return [];
  });
  return { said, left };
}

function describeShares({ name, shares = [], image, containerHost }: VmSpec, facts: LabFacts): Parts<ScenarioShare> {
  const usual = new Set([
    ...(image ? [imageShareTag] : []),
    ...(containerHost ? (hostDraft().shares ?? []).map(({ tag }) => tag) : []),
  ]);
  const left: string[] = [];
  const said = shares.flatMap((share): readonly ScenarioShare[] => {
    const { tag } = share;
    if (usual.has(tag)) return [];
    if (!('folder' in share)) left.push(`the layers ${tag} of ${name}`);
    // One with an image is made without folders.
    else if (image || !facts.withVolumes) left.push(`the folder ${share.folder} of ${name}`);
    else {
      const { folder, at } = share;
      return [{ folder, ...(tag !== folder && { tag }), ...(at !== undefined && { at }) }];
    }
    return [];
  });
  return { said, left };
}
