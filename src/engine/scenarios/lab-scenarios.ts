import type { ContainerConfig, ContainerInspect } from '../../api/container';
import type { ContainerEngine } from '../../api/container-engine';
import type { ContainerVolume } from '../../api/container-volume';
import type { Digest } from '../../api/content-store';
import type { InstanceId } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { toSandboxError } from '../../base/errors';
import { parseDigest } from '../../formats/digest';
import { readScenario } from '../../formats/scenario/read-scenario';
import type {
  Scenario,
  ScenarioContainer,
  ScenarioContainerVolume,
  ScenarioVolume,
} from '../../formats/scenario/scenario';
import { serializeScenario } from '../../formats/scenario/serialize-scenario';
import { anonymousLabel } from '../containers/anonymous-label';
import { diskSizeMiB } from '../containers/volume-options';
import { holdsFiles } from '../folders/empty-folder';
import type { Lab } from '../lab';
import type { Task } from '../tasks';
import { canSayContainer } from './can-say-container';
import { type ImageFacts, type LabScenario, labScenario } from './lab-scenario';
import { openScenario, type ScenarioLab, type ScenarioOpened, startMade } from './open-scenario';
import { pinnedImage } from './pinned-image';
import { planScenario, type ScenarioPlan } from './plan-scenario';
import { type PullImage, pullWanted } from './pull-image';
import { describeContainer, scenarioContainerBody } from './scenario-container';
import { wantedFolders, wantedVolumes } from './wanted-data';

export interface LabScenariosOptions {
  readonly lab: ScenarioLab & Pick<Lab, 'list' | 'networks' | 'tasks'>;
  readonly engine: () => Promise<Pick<ContainerEngine, 'containers' | 'list' | 'volumes'>>;
  readonly pull: PullImage;
  /** What an image says of its containers. */
  readonly config: (image: string) => Promise<Partial<ContainerConfig>>;
  /** Names of an image, with its digest. Absent: it has none. */
  readonly names?: (image: string) => Promise<readonly string[]>;
}

/** What is to be in a scenario of the lab. */
export interface DescribeOptions {
  /** Volumes, who has them, and folders that machines share; unless said. Nothing that is on them. */
  readonly withVolumes?: boolean;
}

/** Scenarios of a lab: what one would do, opening it, and the lab as it is now as one. */
export class LabScenarios {
  readonly #options: LabScenariosOptions;

  constructor(options: LabScenariosOptions) {
    this.#options = options;
  }

  /** Waits for the lab where another tab has it. */
  async plan(scenario: Scenario): Promise<ScenarioPlan> {
    const { lab, engine } = this.#options;
    const volumes = await (await lab.volumes()).list();
    // Where nothing of a scenario is the engine's, its code is not fetched.
    const asked = scenario.containers.length > 0 || wantedVolumes(scenario).size > 0 ? await engine() : undefined;
    const ofContainers = (await asked?.volumes.list()) ?? [];
    const names = [
      ...lab.list().map(({ name }) => name),
      ...(asked?.list() ?? []).flatMap(({ Names }) => Names.map(withoutSlash)),
    ];
    return planScenario(scenario, {
      names: new Set(names),
      networks: lab.networks(),
      hosts: new Set(lab.list().flatMap(({ name, spec }) => (spec.kind === 'vm' && spec.containerHost ? [name] : []))),
      volumes: new Set(volumes.map(({ name }) => name)),
      containerVolumes: new Set(ofContainers.map(({ Name }) => Name)),
      folders: await this.#filled(scenario),
    });
  }

  /** Opens it as a task. `opened` tells what did not start while the rest did; it rejects as the task fails. */
  open(plan: ScenarioPlan): { readonly task: Task; readonly opened: Promise<ScenarioOpened> } {
    const { lab, pull } = this.#options;
    let result: ScenarioOpened = { failures: [] };
    const task = lab.tasks.run({ kind: 'open', subject: plan.scenario.name, cancelable: true }, async (operation) => {
      const run = (container: ScenarioContainer): Promise<void> => this.#run(container, operation);
      const createVolume = (volume: ScenarioContainerVolume) => this.#createVolume(volume);
      result = await openScenario(plan, { lab, pull, run, createVolume }, operation);
    });
    return { task, opened: task.finished.then(() => result) };
  }

  /** Starts instances of a scenario once more and sets them up anew, each as a task of its own; `made` has their ids by name. */
  async startAgain({ instances }: Scenario, made: ReadonlyMap<string, InstanceId>): Promise<ScenarioOpened> {
    const again = { instances: instances.filter(({ name }) => made.has(name)), containers: [] };
    return { failures: await startMade(again, made, this.#options) };
  }

  /** Everything there is, but what no text can hold, and what is not wanted. */
  async describe(name: string, { withVolumes = true }: DescribeOptions = {}): Promise<LabScenario> {
    const { lab, engine } = this.#options;
    const opened = await engine();
    const ofContainers = (await opened.volumes.list()).filter(({ Labels }) => !Object.hasOwn(Labels, anonymousLabel));
    const disks = new Set(ofContainers.flatMap(({ Status }) => (Status && 'Disk' in Status ? [Status.Disk] : [])));
    const { scenario, left } = labScenario(lab, name, {
      volumes: (await (await lab.volumes()).list()).filter(({ id }) => !disks.has(id)),
      withVolumes,
      images: await this.#machineImages(),
      unikernels: await this.#unikernels(),
      layout: (await lab.layout()).layout,
    });
    const known = await Promise.all(opened.list().map(({ Id }) => opened.containers.inspect(Id)));
    const containers = await Promise.all(known.map((each) => this.#describe(each, scenario, withVolumes)));
    const volumes = describeVolumes(ofContainers, scenario, withVolumes);
    return {
      scenario: {
        ...scenario,
        ...(volumes.said.length > 0 && { volumes: volumes.said }),
        containers: containers.flatMap(({ container }) => (container ? [container] : [])),
      },
      left: [...left, ...containers.flatMap((each) => each.left), ...volumes.left],
    };
  }

  /** A container with the image that it is, or none where a scenario has no words for it. */
  async #describe(
    inspected: ContainerInspect,
    scenario: Scenario,
    withVolumes: boolean,
  ): Promise<{ readonly container?: ScenarioContainer; readonly left: readonly string[] }> {
    const { config, names } = await this.#factsOf(inspected.Image);
    const image = pinnedImage(inspected.Config.Image, parseDigest(inspected.Image), names);
    const { volumes, ...rest } = describeContainer(inspected, config);
    const said = image !== undefined && canSayContainer(inspected, config);
    const container = { ...rest, ...(volumes && withVolumes && { volumes }), image: image ?? rest.image };
    if (!said || !isReadable(container, scenario)) return { left: [container.name] };
    return { container, left: volumes && !withVolumes ? [`the volumes of ${container.name}`] : [] };
  }

  /** Without a network, of those that were asked for before; the others keep their tag. */
  async #unikernels(): Promise<ReadonlyMap<string, Digest>> {
    const { lab } = this.#options;
    const images = lab.list().flatMap(({ spec }) => (spec.kind === 'unikernel' ? [spec.image] : []));
    const named = [...new Set(images)].filter((image) => !image.includes('@'));
    const digests = named.map(async (image): Promise<readonly (readonly [string, Digest])[]> => {
      return lab.unikernelDigest(image).then(
        (digest) => [[image, digest]],
        () => [],
      );
    });
    return new Map((await Promise.all(digests)).flat());
  }

  async #machineImages(): Promise<ReadonlyMap<Digest, ImageFacts>> {
    const specs = this.#options.lab.list().map(({ spec }) => spec);
    const digests = new Set(specs.flatMap((spec) => (spec.kind === 'vm' && spec.image ? [spec.image.digest] : [])));
    return new Map(
      await Promise.all([...digests].map(async (digest) => [digest, await this.#factsOf(digest)] as const)),
    );
  }

  /** An image that has gone says nothing. */
  async #factsOf(image: string): Promise<ImageFacts> {
    const { config, names = async () => [] } = this.#options;
    return { config: await config(image).catch(() => ({})), names: await names(image).catch(() => []) };
  }

  /** Folders with something in them, of those that a scenario would have. */
  async #filled(scenario: Scenario): Promise<ReadonlySet<string>> {
    const wanted = new Set(wantedFolders(scenario).map(({ folder }) => folder));
    if (wanted.size === 0) return wanted;
    const folders = await this.#options.lab.folders();
    const filled = new Set<string>();
    for (const { name } of await folders.list()) {
      if (wanted.has(name) && (await holdsFiles(folders, name))) filled.add(name);
    }
    return filled;
  }

  async #createVolume({ name, size }: ScenarioContainerVolume): Promise<() => Promise<void>> {
    const { volumes } = await this.#options.engine();
    await volumes.create({ Name: name, ...(size !== undefined && { DriverOpts: { size: `${size}m` } }) });
    return () => volumes.remove(name);
  }

  async #run(container: ScenarioContainer, operation: Operation): Promise<void> {
    const { engine, pull } = this.#options;
    const { containers } = await engine();
    const { name, image } = container;
    const body = scenarioContainerBody(container);
    const create = () => containers.create(body, { name }, operation);
    const { Id } = await create().catch(async (error: unknown) => {
      if (toSandboxError(error).code !== 'NotFound') throw error;
      await pullWanted(pull, image, operation);
      return create();
    });
    await containers.start(Id, operation);
  }
}

/** Volumes of containers behind those of the lab; not those that a scenario has no name for. */
function describeVolumes(
  all: readonly ContainerVolume[],
  { volumes = [] }: Scenario,
  withVolumes: boolean,
): { readonly said: readonly ScenarioVolume[]; readonly left: readonly string[] } {
  const described = all.map(
    ({ Name, Options }): ScenarioContainerVolume => ({
      name: Name,
      of: 'containers',
      ...(Options?.['size'] !== undefined && { size: diskSizeMiB(Options) }),
    }),
  );
  const taken = new Set(volumes.map(({ name }) => name));
  const fits = (each: ScenarioContainerVolume): boolean =>
    withVolumes && !taken.has(each.name) && isSound({ ...nothing, volumes: [each] });
  return {
    said: [...volumes, ...described.filter(fits)],
    left: described.filter((each) => !fits(each)).map(({ name }) => `the volume ${name}`),
  };
}

const nothing: Scenario = { name: 'x', networks: [], instances: [], containers: [], publish: [] };

/** Whether it may stand beside the rest: docker allows names, networks and lengths that a scenario does not. */
function isReadable(container: ScenarioContainer, { networks, instances }: Scenario): boolean {
  if (instances.some(({ name }) => name === container.name)) return false;
  return isSound({ ...nothing, networks, containers: [container] });
}

function isSound(scenario: Scenario): boolean {
  return 'value' in readScenario(serializeScenario(scenario));
}

function withoutSlash(name: string): string {
  return name.replace(/^\//, '');
}
