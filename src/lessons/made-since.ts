import type { InstanceId } from '../api/instance';
import { toSandboxError } from '../base/errors';
import type { Lab } from '../engine/lab';
import type { Scenario } from '../formats/scenario/scenario';
import type { LessonProgress } from './progress';

/** What has come about since a lesson was begun. */
export interface MadeSince {
  readonly instances: readonly { readonly id: InstanceId; readonly name: string }[];
  readonly containers: readonly { readonly id: string; readonly name: string }[];
}

type ResetLab = Pick<Lab, 'list' | 'containers' | 'discard' | 'networks' | 'removeNetwork'>;

/** Without what `others`, labs of other lessons, are. The container engine is asked only where there is a host for containers. */
export async function madeSince(
  lab: ResetLab,
  progress: LessonProgress,
  others: readonly string[] = [],
): Promise<MadeSince> {
  const { startedAt = 0, before } = progress;
  const known = new Set([...(before ?? []), ...others]);
  const records = before ? lab.list() : [];
  const hosts = records.some(({ spec }) => spec.kind === 'vm' && spec.containerHost);
  const containers = hosts ? await (await lab.containers()).containers.list({ all: true }) : [];
  return {
    instances: records.filter(({ id }) => !known.has(id)).map(({ id, name }) => ({ id, name })),
    containers: containers
      // Its second may have begun before the lesson did.
      .filter(({ Created }) => (Created + 1) * 1000 > startedAt)
      .map(({ Id, Names }) => ({ id: Id, name: Names[0]?.replace(/^\//, '') ?? Id })),
  };
}

/** Takes all of it away, and the networks of the lesson's own that nobody is on then. */
export async function removeMade(
  lab: ResetLab,
  { instances, containers }: MadeSince,
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
