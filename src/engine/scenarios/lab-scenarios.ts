import type { ContainerConfig } from '../../api/container';
import type { ContainerEngine } from '../../api/container-engine';
import type { Operation } from '../../api/operation';
import { toSandboxError } from '../../base/errors';
import { readScenario } from '../../formats/scenario/read-scenario';
import type { Scenario, ScenarioContainer } from '../../formats/scenario/scenario';
import { serializeScenario } from '../../formats/scenario/serialize-scenario';
import type { Lab } from '../lab';
import type { Task } from '../tasks';
import { canSayContainer } from './can-say-container';
import { type LabScenario, labScenario } from './lab-scenario';
import { openScenario, type ScenarioLab, type ScenarioOpened } from './open-scenario';
import { planScenario, type ScenarioPlan } from './plan-scenario';
import { describeContainer, scenarioContainerBody } from './scenario-container';

export interface LabScenariosOptions {
  readonly lab: ScenarioLab & Pick<Lab, 'list' | 'networks' | 'tasks'>;
  readonly engine: () => Promise<Pick<ContainerEngine, 'containers' | 'list'>>;
  /** Brings an image that is not here. */
  readonly pull: (image: string, operation: Operation) => Promise<void>;
  /** What an image says of its containers. */
  readonly config: (image: string) => Promise<Partial<ContainerConfig>>;
}

/** Scenarios of a lab: what one would do, opening it, and the lab as it is now as one. */
export class LabScenarios {
  readonly #options: LabScenariosOptions;

  constructor(options: LabScenariosOptions) {
    this.#options = options;
  }

  async plan(scenario: Scenario): Promise<ScenarioPlan> {
    const { lab, engine } = this.#options;
    const containers = scenario.containers.length > 0 ? (await engine()).list() : [];
    const names = [
      ...lab.list().map(({ name }) => name),
      ...containers.flatMap(({ Names }) => Names.map(withoutSlash)),
    ];
    return planScenario(scenario, { names: new Set(names), networks: lab.networks() });
  }

  /** Opens it as a task. `opened` tells what did not start while the rest did; it rejects as the task fails. */
  open(plan: ScenarioPlan): { readonly task: Task; readonly opened: Promise<ScenarioOpened> } {
    const { lab, pull } = this.#options;
    let result: ScenarioOpened = { failures: [] };
    const task = lab.tasks.run({ kind: 'open', subject: plan.scenario.name, cancelable: true }, async (operation) => {
      const run = (container: ScenarioContainer): Promise<void> => this.#run(container, operation);
      result = await openScenario(plan, { lab, pull, run }, operation);
    });
    return { task, opened: task.finished.then(() => result) };
  }

  /** Everything there is, but what no text can hold. */
  async describe(name: string): Promise<LabScenario> {
    const { lab, engine } = this.#options;
    const { scenario, left } = labScenario(lab, name);
    const opened = await engine();
    const known = await Promise.all(opened.list().map(({ Id }) => opened.containers.inspect(Id)));
    const described = await Promise.all(
      known.map(async (each) => {
        const image = await this.#configOf(each.Config.Image);
        const container = describeContainer(each, image);
        return { container, isSaid: canSayContainer(each, image) && isReadable(container, scenario) };
      }),
    );
    return {
      scenario: { ...scenario, containers: described.flatMap(({ container, isSaid }) => (isSaid ? [container] : [])) },
      left: [...left, ...described.flatMap(({ container, isSaid }) => (isSaid ? [] : [container.name]))],
    };
  }

  /** An image that has gone says nothing. */
  #configOf(image: string): Promise<Partial<ContainerConfig>> {
    return this.#options.config(image).catch(() => ({}));
  }

  async #run(container: ScenarioContainer, operation: Operation): Promise<void> {
    const { engine, pull } = this.#options;
    const { containers } = await engine();
    const { name, image } = container;
    const body = scenarioContainerBody(container);
    const create = () => containers.create(body, { name }, operation);
    const { Id } = await create().catch(async (error: unknown) => {
      if (toSandboxError(error).code !== 'NotFound') throw error;
      await pull(image, operation);
      return create();
    });
    await containers.start(Id, operation);
  }
}

/** Whether it may stand beside the rest: docker allows names, networks and lengths that a scenario does not. */
function isReadable(container: ScenarioContainer, { networks, instances }: Scenario): boolean {
  if (instances.some(({ name }) => name === container.name)) return false;
  const alone = { name: container.name, networks, instances: [], containers: [container], publish: [] };
  return 'value' in readScenario(serializeScenario(alone));
}

function withoutSlash(name: string): string {
  return name.replace(/^\//, '');
}
