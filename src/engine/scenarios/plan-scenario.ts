import type { Egress, NetworkSpec } from '../../api/network';
import type { Scenario, ScenarioInstance } from '../../formats/scenario/scenario';
import { type WantedFolder, wantedFolders, wantedVolumes } from './wanted-data';

/** What is there already. */
export interface ScenarioSurroundings {
  readonly names: ReadonlySet<string>;
  readonly networks: readonly NetworkSpec[];
  /** Names of container hosts. */
  readonly hosts?: ReadonlySet<string>;
  /** Names of volumes that are disks. */
  readonly volumes?: ReadonlySet<string>;
  /** Names of volumes of containers. */
  readonly containerVolumes?: ReadonlySet<string>;
  /** Names of folders with something in them. */
  readonly folders?: ReadonlySet<string>;
}

/** What a scenario would do, for a person to see before it does. */
export interface ScenarioPlan {
  readonly scenario: Scenario;
  /** Those to be made: one that is there as the scenario wants it is used. */
  readonly networks: readonly NetworkSpec[];
  /** Names of images that are pulled when they are not here. */
  readonly images: readonly string[];
  /** MiB that all of it may take together once it runs. */
  readonly memoryMiB: number;
  /** Who may ask whom outside of the lab. */
  readonly egress: readonly { readonly network: string; readonly hosts: readonly string[] }[];
  /** Folders of the lab that its machines and containers see. */
  readonly folders: readonly WantedFolder[];
  /** Commands that run by themselves in its machines. */
  readonly setups: readonly { readonly instance: string; readonly lines: string }[];
  /** Why it cannot be opened beside what is there. */
  readonly conflicts: readonly string[];
  /** Whether it can be opened in a new lab, from which folders with something in them were removed, too. */
  readonly isSolvedByNewLab: boolean;
}

/** What one is given that asks for nothing. */
const usualMemoryMiB = { vm: 64, host: 128, unikernel: 16 } as const;

/** Pure: nothing is made, and nobody is asked. */
export function planScenario(scenario: Scenario, there: ScenarioSurroundings): ScenarioPlan {
  const { networks, instances, containers } = scenario;
  const known = new Map(there.networks.map((spec) => [spec.name, spec]));
  const fresh = networks.filter(({ name }) => !known.has(name));
  const folders = wantedFolders(scenario);
  const lasting = volumeConflicts(scenario, there);
  return {
    scenario,
    networks: fresh,
    images: [...new Set([...instances.flatMap(imageOf), ...containers.map(({ image }) => image)])],
    memoryMiB:
      instances.reduce((sum, instance) => sum + memoryOf(instance), 0) +
      // Containers have the memory of their host, which comes by itself.
      (containers.length > 0 && !instances.some(isHost) ? usualMemoryMiB.host : 0),
    egress: fresh.flatMap(({ name, egress }) => (egress ? [{ network: name, hosts: egress.hosts }] : [])),
    folders,
    setups: instances.flatMap((each) =>
      each.kind === 'vm' && each.setup !== undefined ? [{ instance: each.name, lines: each.setup }] : [],
    ),
    conflicts: [
      ...lasting,
      ...folders.flatMap(({ folder, by }) =>
        there.folders?.has(folder)
          ? [
              `There is a folder "${folder}" with something in it, which ${by} must not get; save what is in it and remove it`,
            ]
          : [],
      ),
      ...[...instances, ...containers].flatMap(({ name }) =>
        there.names.has(name) ? [`"${name}" is there already`] : [],
      ),
      ...missingHosts(scenario, there),
      ...networks.flatMap((wanted) => {
        const found = known.get(wanted.name);
        return found && !isSame(found, wanted)
          ? [`The network "${wanted.name}" is there already, with ${found.subnet} and other rules than this scenario's`]
          : [];
      }),
    ],
    isSolvedByNewLab: lasting.length === 0,
  };
}

/** Volumes outlive a new lab. What is on one is not for whoever wrote a scenario, so none is taken for another. */
function volumeConflicts(scenario: Scenario, there: ScenarioSurroundings): readonly string[] {
  const { volumes = [] } = scenario;
  const disks = volumes.filter(({ name, of }) => !of && there.volumes?.has(name));
  const ofContainers = [...wantedVolumes(scenario)].filter((name) => there.containerVolumes?.has(name));
  return [
    ...disks.map(({ name }) => `There is a volume "${name}" already; rename or remove it`),
    ...ofContainers.map((name) => `There is a volume "${name}" of containers already; remove it`),
  ];
}

/** Containers that are to run on what is no host, here or in the scenario. */
function missingHosts({ instances, containers }: Scenario, { hosts }: ScenarioSurroundings): readonly string[] {
  const known = new Set([...(hosts ?? []), ...instances.filter(isHost).map(({ name }) => name)]);
  return containers.flatMap(({ name, host }) =>
    host === undefined || known.has(host)
      ? []
      : [`${name} is to run on "${host}", and there is no such container host`],
  );
}

/** What an instance's memory may come to, MiB. */
function memoryOf(instance: ScenarioInstance): number {
  const { kind, memory } = instance;
  if (memory !== undefined) return memory;
  return isHost(instance) ? usualMemoryMiB.host : usualMemoryMiB[kind];
}

function isHost(instance: ScenarioInstance): boolean {
  return instance.kind === 'vm' && instance.containerHost === true;
}

function imageOf({ image }: ScenarioInstance): readonly string[] {
  return image === undefined ? [] : [image];
}

function isSame(a: NetworkSpec, b: NetworkSpec): boolean {
  const hosts = ({ egress }: { readonly egress?: Egress }): string =>
    `${egress?.hosts.join(' ') ?? ''} ${egress?.relay ?? ''}`;
  return a.subnet === b.subnet && a.mtu === b.mtu && hosts(a) === hosts(b);
}
