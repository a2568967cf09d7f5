import { hostLabel } from '../containers/placement';
import type { InstanceRecord } from '../instance-record';
import type { Lab } from '../lab';
import { assertNothingPlaced, placedOn } from '../placed-on';
import { ownNames } from './own-names';

const instanceNames: ReadonlySet<string> = new Set(Object.values(ownNames));

export type RemovalLab = Pick<Lab, 'list' | 'kill' | 'discard' | 'containers'>;

/** Instances of a comparison that are there; the container goes with its host's name. */
export function ownInstances(records: readonly InstanceRecord[]): readonly InstanceRecord[] {
  return records.filter(({ name }) => instanceNames.has(name));
}

/**
 * Ends and removes all that has the names of a comparison's, whatever is being done to it. `FailedPrecondition` when
 * other containers or volumes are on its host, which stays then.
 */
export async function removeOwn(lab: RemovalLab): Promise<void> {
  const found = ownInstances(lab.list());
  if (found.some(({ name }) => name === ownNames.host)) await removeContainer(lab);
  const removals = await Promise.allSettled(
    found.map(async ({ id, name }) => {
      // The engine may have put a user's on it.
      if (name === ownNames.host) assertNothingPlaced(await placedOn(lab, name), name);
      // What does not run cannot be killed, and need not be.
      await lab.kill(id).finished.catch(() => {});
      await lab.discard(id);
    }),
  );
  const failed = removals.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}

async function removeContainer(lab: RemovalLab): Promise<void> {
  const { containers } = await lab.containers();
  const all = await containers.list({ all: true });
  // One of that name on another host is somebody's.
  const own = all.some(
    ({ Names, Labels }) => Names.includes(`/${ownNames.container}`) && Labels[hostLabel] === ownNames.host,
  );
  if (!own) return;
  await containers.remove(ownNames.container, { force: true, volumes: true });
}
