import type { InstanceId } from '../api/instance';
import { toSandboxError } from '../base/errors';
import type { Lab } from '../engine/lab';
import type { Scenario } from '../formats/scenario/scenario';
import type { LessonProgress } from './progress';

interface Named {
  readonly id: string;
  readonly name: string;
}

/** What has come about since a lesson was begun. */
export interface MadeSince {
  readonly instances: readonly (Named & { readonly id: InstanceId })[];
  readonly containers: readonly Named[];
  /** Hosts that are kept, although they came about since, as containers of somebody else are on them. */
  readonly kept: readonly Named[];
}

type ResetLab = Pick<Lab, 'list' | 'containers' | 'discard' | 'networks' | 'removeNetwork'>;

/**
 * Without what belongs to `others`, ids of instances and containers of other lessons, and without hosts that such containers, or
 * older ones, are on. The container engine is asked only where there is a host for containers.
 */
export async function madeSince(
  lab: ResetLab,
  progress: LessonProgress,
  others: readonly string[] = [],
): Promise<MadeSince> {
  const { startedAt = 0, before } = progress;
  const known = new Set([...(before ?? []), ...others]);
  const records = before ? lab.list() : [];
  const hosts = records.some(({ spec }) => spec.kind === 'vm' && spec.containerHost);
  const engine = hosts ? await lab.containers() : undefined;
  const containers = (await engine?.containers.list({ all: true })) ?? [];
  // Its second may have begun before the lesson did.
  const mine = containers.filter(({ Id, Created }) => !known.has(Id) && (Created + 1) * 1000 > startedAt);
  const staying = new Set(
    containers.flatMap((each) => (mine.includes(each) ? [] : [engine?.placements.hostOf(each.Id)])),
  );
  const instances = records.filter(({ id }) => !known.has(id)).map(({ id, name }) => ({ id, name }));
  return {
    instances: instances.filter(({ name }) => !staying.has(name)),
    containers: mine.map(({ Id, Names }) => ({ id: Id, name: Names[0]?.replace(/^\//, '') ?? Id })),
    kept: instances.filter(({ name }) => staying.has(name)),
  };
}

/** Of it what the lab of the lesson itself is. */
export function ofItsLab({ instances, containers }: MadeSince, scenario: Scenario): MadeSince {
  const named = (wanted: readonly { readonly name: string }[]) => {
    const names = new Set(wanted.map(({ name }) => name));
    return ({ name }: Named): boolean => names.has(name);
  };
  return {
    instances: instances.filter(named(scenario.instances)),
    containers: containers.filter(named(scenario.containers)),
    kept: [],
  };
}

/** Takes all of it away, and the networks of the lesson's own that nobody is on then. */
export async function removeMade(
  lab: ResetLab,
  { instances, containers }: Omit<MadeSince, 'kept'>,
  scenario: Scenario | undefined,
): Promise<void> {
  if (containers.length > 0) {
    const engine = await lab.containers();
    for (const { id } of containers) await ignoreGone(engine.containers.remove(id, { force: true, volumes: true }));
  }
  for (const { id } of instances) await ignoreGone(lab.discard(id));
  for (const { name } of scenario?.networks ?? []) {
    const used = lab.list().some(({ nics }) => nics.some(({ network }) => network === name));
    if (!used && lab.networks().some((each) => each.name === name)) await lab.removeNetwork(name);
  }
}

/** Somebody else may have removed it in the meantime. */
async function ignoreGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (toSandboxError(error).code !== 'NotFound') throw error;
  }
}
