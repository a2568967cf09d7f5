import type { InstanceId } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import type {
  ScenarioContainer,
  ScenarioInstance,
  ScenarioUnikernel,
  ScenarioVm,
} from '../../formats/scenario/scenario';
import type { InstanceDraft } from '../instance-record';
import type { Lab } from '../lab';
import type { ScenarioPlan } from './plan-scenario';

/** What opening a scenario does to the lab. */
export type ScenarioLab = Pick<
  Lab,
  'createNetwork' | 'create' | 'createFromImage' | 'start' | 'discard' | 'removeNetwork' | 'publish' | 'instance'
>;

export interface OpenScenarioSteps {
  readonly lab: ScenarioLab;
  /** Brings an image that is not here. */
  readonly pull: (image: string, operation: Operation) => Promise<void>;
  /** Makes a container and starts it. Absent: there is no engine. */
  readonly run?: (container: ScenarioContainer, operation: Operation) => Promise<void>;
}

/** What did not come about while the rest did. */
export interface ScenarioOpened {
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

const usual = { vmMiB: 64, hostMiB: 128, unikernelMiB: 16 } as const;

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
  const undo: (() => Promise<unknown>)[] = [];
  const made = new Map<string, InstanceId>();
  try {
    for (const spec of networks) {
      await lab.createNetwork(spec);
      undo.push(() => lab.removeNetwork(spec.name));
    }
    for (const instance of scenario.instances) {
      throwIfAborted(operation.signal);
      operation.onProgress?.({ phase: `Making ${instance.name}` });
      const id = await make(instance, steps, operation);
      made.set(instance.name, id);
      undo.push(() => lab.discard(id));
    }
    for (const { instance, port } of scenario.publish) {
      const id = made.get(instance);
      if (id !== undefined) await lab.publish(id, port);
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {});
    throw error;
  }
  return { failures: await begin(scenario.instances, scenario.containers, made, steps, operation) };
}

async function make(instance: ScenarioInstance, steps: OpenScenarioSteps, operation: Operation): Promise<InstanceId> {
  const { lab, pull } = steps;
  if (instance.kind === 'unikernel') return (await lab.create(unikernelDraft(instance))).id;
  const { image } = instance;
  if (image === undefined) return (await lab.create(vmDraft(instance))).id;
  const { name, nics, command, memory } = instance;
  const wish = {
    image,
    name,
    ...(nics && { nics }),
    ...(command && { command }),
    ...(memory && { memoryMiB: memory }),
  };
  try {
    return (await lab.createFromImage(wish)).id;
  } catch (error) {
    if (toSandboxError(error).code !== 'NotFound') throw error;
    await pull(image, operation);
    return (await lab.createFromImage(wish)).id;
  }
}

function vmDraft({ name, nics, memory, devices = 'virtio', containerHost = false, disks }: ScenarioVm): InstanceDraft {
  return {
    kind: 'vm',
    name,
    memoryMiB: memory ?? (containerHost ? usual.hostMiB : usual.vmMiB),
    devices,
    containerHost,
    ...(nics && { nics }),
    ...(disks && { disks: disks.map(({ size, format }) => ({ sizeMiB: size, ...(format && { format }) })) }),
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

/** Everything at once: a service finds its neighbours by name as soon as they are up. */
async function begin(
  instances: readonly ScenarioInstance[],
  containers: readonly ScenarioContainer[],
  made: ReadonlyMap<string, InstanceId>,
  { lab, run }: OpenScenarioSteps,
  operation: Operation,
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
    if (!run) throw new SandboxError('Unimplemented', 'There is no container engine here');
    await run(container, operation);
  });
  const outcomes = await Promise.allSettled([...starts, ...runs]);
  const names = [...instances.filter(({ start }) => start !== false), ...containers].map(({ name }) => name);
  return outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [{ name: names[at] ?? '', message: toSandboxError(outcome.reason).message }] : [],
  );
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
