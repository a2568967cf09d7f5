import type { ContainerMount, ContainerNic, ContainerSpec } from '../../api/container-host';
import type { OciLinux, OciMount, OciRuntimeConfig } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';
import { pathDepth } from '../../base/path-depth';
import { baseDirectory, type ContainerPaths, layerPath, memoryPath, sharedPath, volumePath } from './host-paths';
import { portName } from './port-guard';

/** A bundle as the runtime writes it for itself. */
export interface Bundle {
  readonly path: string;
  readonly config: OciRuntimeConfig;
  readonly files: Readonly<Record<string, string>>;
}

export interface BundleParts {
  readonly paths: ContainerPaths;
  /** Names of the root's layers, the lowest first. */
  readonly layers: readonly string[];
  /** Bridges of the host by the name of the lab's network. */
  readonly bridges: ReadonlyMap<string, string>;
  /** Where its seccomp profile lies as a program; absent: the runtime is to compile it. */
  readonly seccomp?: string;
}

/** The overlay of a root, as `strata-oci` takes it. */
function overlayOf(
  { upper, work }: ContainerPaths,
  layers: readonly string[],
  { root: { firstId }, volatile }: ContainerSpec,
): Record<string, unknown> {
  const lower = [baseDirectory, ...layers.map(layerPath)];
  // The highest layer of a user namespace's root has owners alone: shifted-layers.ts.
  return { lower, upper, work, ...(firstId !== undefined && { metacopy: true }), ...(volatile && { volatile }) };
}

/** What the engine says of a container, with what only its host knows. */
export function containerBundle(spec: ContainerSpec, parts: BundleParts): Bundle {
  const { mounts, nics, config } = spec;
  const { paths, layers, bridges, seccomp } = parts;
  const files: Record<string, string> = {};
  const added = mounts.map((mount, index): OciMount => {
    if (mount.kind !== 'file') return bindMount(mount);
    const name = `file-${index}`;
    files[name] = mount.text;
    return { destination: mount.target, type: 'bind', source: `${paths.bundle}/${name}`, options: ['rbind', 'rw'] };
  });
  const network = nics.length > 0 && {
    'org.strata.network': JSON.stringify(nics.map((nic) => toInterface(nic, bridges))),
  };
  return {
    path: paths.bundle,
    files,
    config: {
      ...config,
      ...(seccomp !== undefined && { linux: withoutSeccomp(config.linux) }),
      root: { ...config.root, path: paths.root },
      // What is mounted on something that is mounted itself comes after it.
      mounts: [...(config.mounts ?? []), ...added.sort((a, b) => pathDepth(a.destination) - pathDepth(b.destination))],
      annotations: {
        ...config.annotations,
        'org.strata.rootfs': JSON.stringify(overlayOf(paths, layers, spec)),
        ...network,
        ...(seccomp !== undefined && { 'org.strata.seccomp': seccomp }),
      },
    },
  };
}

function withoutSeccomp({ seccomp: _, ...linux }: OciLinux = {}): OciLinux {
  return linux;
}

function bindMount(mount: Exclude<ContainerMount, { readonly kind: 'file' }>): OciMount {
  return {
    destination: mount.target,
    type: 'bind',
    source: sourceOf(mount),
    options:
      mount.kind === 'memory'
        ? ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev', 'rw']
        : ['rbind', 'rprivate', mount.readOnly ? 'ro' : 'rw'],
  };
}

/** Where the host has what is mounted. */
export function sourceOf(mount: Exclude<ContainerMount, { readonly kind: 'file' }>): string {
  if (mount.kind === 'volume') return volumePath(mount.volume);
  if (mount.kind === 'memory') return memoryPath(mount.of);
  return mount.kind === 'host' ? mount.path : sharedPath(mount.path);
}

function toInterface(nic: ContainerNic, bridges: BundleParts['bridges']): Record<string, unknown> {
  const { name, network, mac, mtu, address, prefixLength, gateway } = nic;
  const bridge = bridges.get(network);
  if (bridge === undefined) {
    const on = [...bridges.keys()].join(', ') || 'none';
    throw new SandboxError('FailedPrecondition', `The host is not on the network "${network}"; it is on: ${on}`);
  }
  const routes = gateway === undefined ? [] : [{ to: 'default', via: gateway }];
  const host = portName({ bridge, mac, address });
  return { name, bridge, host, mac, mtu, addresses: [`${address}/${prefixLength}`], routes };
}
