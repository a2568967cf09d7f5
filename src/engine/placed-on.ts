import { SandboxError } from '../base/errors';
import type { Lab } from './lab';

/** What is on the disk of a host, and goes with it. */
export interface Placed {
  readonly containers: readonly { readonly id: string; readonly name: string; readonly state: string }[];
  readonly volumes: readonly string[];
}

/** Containers and volumes whose files are on the disk of the host of that name. */
export async function placedOn(lab: Pick<Lab, 'containers'>, host: string): Promise<Placed> {
  const engine = await lab.containers();
  const volumes = await engine.volumes.list();
  return {
    containers: engine
      .list()
      .filter(({ Id }) => engine.placements.hostOf(Id) === host)
      .map(({ Id, Names, State }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id, state: State })),
    volumes: volumes
      .filter(({ Status }) => Status !== undefined && 'Host' in Status && Status.Host === host)
      .map(({ Name }) => Name),
  };
}

/** `FailedPrecondition` when something is on a host that is to be removed. */
export function assertNothingPlaced({ containers, volumes }: Placed, host: string): void {
  const there = [...containers.map(({ name }) => `container ${name}`), ...volumes.map((name) => `volume ${name}`)];
  if (there.length === 0) return;
  const message = `host ${host} has ${there.join(', ')}: remove them first, or all of it with "host rm --force ${host}"`;
  throw new SandboxError('FailedPrecondition', message);
}
