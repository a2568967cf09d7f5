import type { ContainerMount, ContainerSpec } from '../../api/container-host';
import type { Operation } from '../../api/operation';
import { containerBundle } from './container-bundle';
import type { ContainerRoots } from './container-roots';
import type { HostAccess } from './host-access';
import type { HostNetworks } from './host-networks';
import { memoryPath, sharedPath } from './host-paths';
import type { HostVolumes } from './host-volumes';
import type { PortGuard } from './port-guard';
import type { FilesPlace } from './root-files';
import type { SeccompPrograms } from './seccomp-programs';

/** What of a host has a part in a container's start. */
export interface HostParts {
  readonly access: Pick<HostAccess, 'call'>;
  readonly roots: Pick<ContainerRoots, 'make' | 'placeOf' | 'noteMountPoints'>;
  readonly volumes: Pick<HostVolumes, 'prepare' | 'prepareMemory' | 'ensureThere'>;
  readonly networks: Pick<HostNetworks, 'join' | 'bridges'>;
  readonly guard: Pick<PortGuard, 'admit'>;
  readonly seccomp: Pick<SeccompPrograms, 'pathOf'>;
}

/** Makes all that a container's first process has to find: its root, what is mounted there, its networks, and the runtime's bundle. */
export async function prepareContainer(spec: ContainerSpec, parts: HostParts, operation: Operation): Promise<void> {
  const { access, roots, volumes, networks, guard, seccomp } = parts;
  const { id, mounts, nics } = spec;
  await roots.make(id, spec.root, operation);
  const place = await roots.placeOf(id);
  const { paths, layers } = place;
  await prepareMounts(mounts, place, volumes);
  for (const mount of mounts) {
    if (mount.kind === 'memory') await volumes.prepareMemory(memoryPath(mount.of), mount.of === id);
  }
  // The mark of a volatile mount, which keeps it from being mounted again: this kernel did not crash since.
  if (spec.volatile) await access.call('remove', { path: `${paths.work}/work` });
  for (const { network } of nics) await networks.join(network);
  const profile = spec.config.linux?.seccomp;
  const program = profile && (await seccomp.pathOf(profile));
  const { bridges } = networks;
  const bundle = containerBundle(spec, { paths, layers, bridges, ...(program !== undefined && { seccomp: program }) });
  const ports = nics.map(({ network, mac, address }) => ({ bridge: bridges.get(network) ?? '', mac, address }));
  const mountPoints = (bundle.config.mounts ?? []).map(({ destination }) => destination);
  await Promise.all([guard.admit(ports), access.call('bundle', { ...bundle }), roots.noteMountPoints(id, mountPoints)]);
}

/** Makes the sources of mounts where they are not there. */
export async function prepareMounts(
  mounts: readonly ContainerMount[],
  place: FilesPlace,
  volumes: Pick<HostVolumes, 'prepare' | 'ensureThere'>,
): Promise<void> {
  for (const mount of mounts) {
    if (mount.kind === 'volume') await volumes.prepare(mount, place);
    else if (mount.kind === 'host') await volumes.ensureThere(mount.path);
    else if (mount.kind === 'shared') await volumes.ensureThere(sharedPath(mount.path));
  }
}
