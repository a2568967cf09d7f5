import type { InstanceId } from '../../api/instance';
import type { Operation } from '../../api/operation';
import type { VolumeId } from '../../api/volume';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import type {
  Scenario,
  ScenarioContainer,
  ScenarioContainerVolume,
  ScenarioInstance,
  ScenarioUnikernel,
  ScenarioVm,
} from '../../formats/scenario/scenario';
import { hostDraft } from '../host-draft';
import type { InstanceDraft, VmDiskDraft } from '../instance-record';
import type { Lab } from '../lab';
import type { ScenarioPlan } from './plan-scenario';
import { noneLeft, type PullImage, pullWanted } from './pull-image';

/** What opening a scenario does to the lab. */
export type ScenarioLab = Pick<
  Lab,
  | 'createNetwork'
  | 'unikernelDigest'
  | 'create'
  | 'createFromImage'
  | 'start'
  | 'discard'
  | 'removeNetwork'
  | 'publish'
  | 'instance'
  | 'volumes'
  | 'folders'
  | 'layout'
>;

export interface OpenScenarioSteps {
  readonly lab: ScenarioLab;
  readonly pull: PullImage;
  /** Makes a volume of containers; what comes of it takes it back. Absent: there is no engine. */
  readonly createVolume?: (volume: ScenarioContainerVolume) => Promise<() => Promise<unknown>>;
  /** Makes a container and starts it. Absent: there is no engine. */
  readonly run?: (container: ScenarioContainer, operation: Operation) => Promise<void>;
}

/** What did not come about while the rest did. */
export interface ScenarioOpened {
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

const usual = { vmMiB: 64, unikernelMiB: 16 } as const;

/**
 * Makes what a plan says, networks first, and starts it. What cannot be made takes back all that was made before; what was
 * made and does not start is told, and stays. `FailedPrecondition` for a plan with conflicts.
 */
export async function openScenario(
  { scenario, networks, conflicts }: ScenarioPlan,
  steps: OpenScenarioSteps,
  operation: Operation = {},
): Promise<ScenarioOpened> {
  const [conflict] = conflicts;
  if (conflict !== undefined) {
    throw new SandboxError('FailedPrecondition', `${scenario.name} cannot be opened beside what is here: ${conflict}`);
  }
  const { lab } = steps;
  const undo: Undo[] = [];
  const made = new Map<string, InstanceId>();
  try {
    for (const spec of networks) {
      await lab.createNetwork(spec);
      undo.push(() => lab.removeNetwork(spec.name));
    }
    await rememberFolders(scenario, lab, undo);
    const volumes = await makeVolumes(scenario, steps, undo);
    for (const instance of scenario.instances) {
      throwIfAborted(operation.signal);
      operation.onProgress?.({ phase: `Making ${instance.name}` });
      const id = await make(instance, steps, volumes, operation);
      made.set(instance.name, id);
      undo.push(() => lab.discard(id));
      if (instance.kind === 'vm' && instance.image !== undefined) await attachVolumes(instance, id, lab, volumes);
    }
    for (const { instance, port } of scenario.publish) {
      const id = made.get(instance);
      if (id !== undefined) await lab.publish(id, port);
    }
    await placeAll(scenario, lab, made);
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {});
    throw error;
  }
  return { failures: await startMade(scenario, made, steps, operation) };
}

type Undo = () => Promise<unknown>;

/** Folders come into being with machines, and go again with them. */
async function rememberFolders({ instances }: Scenario, lab: ScenarioLab, undo: Undo[]): Promise<void> {
  const wanted = new Set(
    instances.flatMap((each) => (each.kind === 'vm' ? (each.shares ?? []) : []).map(({ folder }) => folder)),
  );
  if (wanted.size === 0) return;
  const folders = await lab.folders();
  const there = new Set((await folders.list()).map(({ name }) => name));
  for (const folder of wanted) if (!there.has(folder)) undo.push(() => folders.remove(folder));
}

/** Those that are disks, by their names. */
async function makeVolumes(
  { volumes = [] }: Scenario,
  { lab, createVolume }: OpenScenarioSteps,
  undo: Undo[],
): Promise<ReadonlyMap<string, VolumeId>> {
  const made = new Map<string, VolumeId>();
  for (const volume of volumes) {
    if (volume.of) {
      if (!createVolume) throw noEngine();
      undo.push(await createVolume(volume));
      continue;
    }
    const { name, size, format } = volume;
    const all = await lab.volumes();
    const { id } = await all.create({ name, sizeMiB: size, ...(format && { format }) });
    made.set(name, id);
    undo.push(() => all.delete(id));
  }
  return made;
}

/** Where they stood. Somebody's own places of what was there before stay. */
async function placeAll(
  { layout = {}, networks }: Scenario,
  lab: ScenarioLab,
  made: ReadonlyMap<string, InstanceId>,
): Promise<void> {
  if (Object.keys(layout).length === 0) return;
  const book = await lab.layout();
  const fresh = new Set(networks.flatMap(({ name }) => [`network/${name}`, `gateway/${name}`]));
  const places = Object.entries(layout).flatMap(([what, point]) => {
    const id = what.includes('/') ? what : made.get(what);
    return id !== undefined && (id !== what || fresh.has(id) || !book.layout[id]) ? [[id, point] as const] : [];
  });
  await book.placeAll(Object.fromEntries(places));
}

async function attachVolumes(
  { disks = [] }: ScenarioVm,
  instance: InstanceId,
  lab: ScenarioLab,
  volumes: ReadonlyMap<string, VolumeId>,
): Promise<void> {
  for (const disk of disks) {
    const id = 'volume' in disk ? volumes.get(disk.volume) : undefined;
    if (id !== undefined) await (await lab.volumes()).attach(id, instance);
  }
}

async function make(
  instance: ScenarioInstance,
  steps: OpenScenarioSteps,
  volumes: ReadonlyMap<string, VolumeId>,
  operation: Operation,
): Promise<InstanceId> {
  const { lab, pull } = steps;
  if (instance.kind === 'unikernel') {
    const image = await wantedUnikernel(lab, instance.image);
    return (await lab.create(unikernelDraft({ ...instance, image }))).id;
  }
  const { image } = instance;
  if (image === undefined) return (await lab.create(vmDraft(instance, volumes))).id;
  const { name, nics, command, memory, setup } = instance;
  const wish = {
    image,
    name,
    ...(nics && { nics }),
    ...(command && { command }),
    ...(memory && { memoryMiB: memory }),
    ...(setup !== undefined && { setup }),
  };
  try {
    return (await lab.createFromImage(wish)).id;
  } catch (error) {
    if (toSandboxError(error).code !== 'NotFound') throw error;
    await pullWanted(pull, image, operation);
    return (await lab.createFromImage(wish)).id;
  }
}

/** Its name in the registry, where that is what was wanted to the byte. A module that a user brought is its digest. */
async function wantedUnikernel(lab: ScenarioLab, image: string): Promise<string> {
  const [name = '', digest] = image.split('@');
  if (digest === undefined || name.startsWith('local/')) return image;
  if ((await lab.unikernelDigest(name)) !== digest) throw noneLeft(image);
  return name;
}

function vmDraft(
  { name, nics, memory, devices = 'virtio', containerHost = false, disks, shares = [], setup }: ScenarioVm,
  volumes: ReadonlyMap<string, VolumeId>,
): InstanceDraft {
  // What every host has beside what is said of it.
  const host = containerHost ? hostDraft({ ...(nics && { networks: nics.map(({ network }) => network) }) }) : undefined;
  const shared = [
    ...(host?.shares ?? []),
    ...shares.map(({ folder, tag = folder, at }) => ({ tag, folder, ...(at !== undefined && { at }) })),
  ];
  const drives = disks?.map((disk): VmDiskDraft => {
    if ('volume' in disk) return { volume: volumes.get(disk.volume) ?? disk.volume };
    return { sizeMiB: disk.size, ...(disk.format && { format: disk.format }) };
  });
  return {
    ...(host ?? { kind: 'vm', containerHost }),
    name,
    memoryMiB: memory ?? host?.memoryMiB ?? usual.vmMiB,
    devices,
    ...(nics && { nics }),
    ...(drives && { disks: drives }),
    ...(shared.length > 0 && { shares: shared }),
    ...(setup !== undefined && { setup }),
  };
}

function unikernelDraft({ name, image, nics, memory, args, files, idle }: ScenarioUnikernel): InstanceDraft {
  return {
    kind: 'unikernel',
    name,
    image,
    args: args ?? [],
    config: files ?? {},
    memoryMiB: memory ?? usual.unikernelMiB,
    addressing: 'static',
    ...(nics && { nics }),
    ...(idle !== undefined && { onDemand: { idleMs: idle } }),
  };
}

/**
 * Starts what was made of a scenario, sets it up and runs its containers. Everything at once: a service finds its neighbours by
 * name as soon as they are up. Tells what does not start.
 */
export async function startMade(
  { instances, containers }: Pick<Scenario, 'instances' | 'containers'>,
  made: ReadonlyMap<string, InstanceId>,
  { lab, run }: OpenScenarioSteps,
  operation: Operation = {},
): Promise<ScenarioOpened['failures']> {
  const starts = instances
    .filter(({ start }) => start !== false)
    .map(async (instance) => {
      const id = made.get(instance.name);
      if (id === undefined) return;
      await lab.start(id).finished;
      if (instance.kind === 'vm' && instance.setup !== undefined) await setUp(lab, id, instance.setup);
    });
  const runs = containers.map(async (container) => {
    if (!run) throw noEngine();
    await run(container, operation);
  });
  const outcomes = await Promise.allSettled([...starts, ...runs]);
  const names = [...instances.filter(({ start }) => start !== false), ...containers].map(({ name }) => name);
  return outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [{ name: names[at] ?? '', message: toSandboxError(outcome.reason).message }] : [],
  );
}

function noEngine(): SandboxError {
  return new SandboxError('Unimplemented', 'There is no container engine here');
}

/** Its lines run as one script of the machine's shell. `Aborted` with what it said last when they fail. */
async function setUp(lab: ScenarioLab, id: InstanceId, lines: string): Promise<void> {
  const process = await lab.instance(id).exec({ argv: ['/bin/sh', '-e', '-c', `exec 2>&1\n${lines}`] });
  await process.stdin.close();
  const [said, code] = await Promise.all([new Response(process.stdout).text(), process.exited]);
  if (code === 0) return;
  const last = said.trim().split('\n').at(-1) ?? '';
  throw new SandboxError('Aborted', `Its setup ended with ${code}${last === '' ? '' : `: ${last}`}`);
}
