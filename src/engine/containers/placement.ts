import type { PlacementReason } from '../../api/placement';

/** The label by which a user says on which host a container is to run. */
export const hostLabel = 'org.strata.host';

/** What can bind a container to a host, the strongest first. */
export interface PlacementTies {
  /** Of a container whose namespaces it shares. */
  readonly neighbour: { readonly container: string; readonly host: string } | undefined;
  /** What {@link hostLabel} says. */
  readonly label: string | undefined;
  /** Names of its volumes, and the host that has them; asked last, as it throws when there are two. */
  readonly volumes: readonly string[];
  readonly hostOfVolumes: (names: readonly string[]) => string | undefined;
}

/** The host that a container is bound to, with why; undefined when any will do. */
export function boundHost(
  ties: PlacementTies,
): { readonly host: string; readonly reason: PlacementReason } | undefined {
  const { neighbour, label, volumes, hostOfVolumes } = ties;
  if (neighbour) return { host: neighbour.host, reason: { kind: 'neighbour', container: neighbour.container } };
  if (label !== undefined) return { host: label, reason: { kind: 'label', label: hostLabel } };
  const host = hostOfVolumes(volumes);
  return host === undefined ? undefined : { host, reason: { kind: 'volumes', volumes } };
}
