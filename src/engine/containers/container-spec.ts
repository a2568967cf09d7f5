import type { ContainerResources, HostConfig } from '../../api/container';
import type {
  ContainerId,
  ContainerMount,
  ContainerNic,
  ContainerRoot,
  ContainerSpec,
  ContainerView,
} from '../../api/container-host';
import type { TerminalSize } from '../../api/instance';
import type { OciLinux, OciMount, OciProcess, OciRuntimeConfig } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';
import { chooseCapabilities } from './capabilities';
import { containerDevices } from './container-devices';
import { type ContainerFiles, networkFiles } from './container-files';
import type { StoredMount } from './container-mounts';
import type { StoredContainer } from './container-records';
import { cgroupLimits } from './container-resources';
import type { ContainerUser } from './container-user';
import { maskedPaths, readonlyPaths } from './hidden-paths';
import { commandOf } from './merge-config';
import { firstIdOf, type NamespacePids, namespacesOf } from './namespaces';
import { parseSeccompProfile, resolveSeccomp } from './seccomp';
import { defaultSeccompProfile } from './seccomp-profile';
import { isConfinedSystem } from './system-mode';

/** What is not written down of a container, and known when it starts. */
export interface LaunchFacts {
  readonly user: ContainerUser;
  readonly nics: readonly ContainerNic[];
  /** Pids of other containers whose namespaces it wants. */
  readonly pids: NamespacePids;
  readonly files: ContainerFiles;
  /** Whose network it shares, and with it what docker writes into files about that. */
  readonly joined?: StoredContainer;
  /** Whose `/dev/shm` it has, where others can have it too. */
  readonly memory?: ContainerId;
}

export const usualPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const memoryTarget = '/dev/shm';
export const usualShmBytes = 64 * 1024 ** 2;

/** All that a host has to know to run a container. `InvalidArgument` for what cannot be. */
export function containerSpec(stored: StoredContainer, facts: LaunchFacts, terminal?: TerminalSize): ContainerSpec {
  const { id } = stored;
  return {
    id,
    root: rootOf(stored),
    mounts: [...stored.mounts.flatMap(hostMount), ...fileMounts(stored, facts)],
    nics: facts.nics,
    config: runtimeConfig(stored, facts),
    ...(stored.host.AutoRemove && { volatile: true }),
    ...(terminal && stored.config.Tty && { terminal }),
  };
}

/** The root that a container has on its host, whether it runs or not. */
export function rootOf({ image, host }: StoredContainer): ContainerRoot {
  const firstId = firstIdOf(host);
  return { layers: image.layers, writable: 'disk', ...(firstId !== undefined && { firstId }) };
}

function runtimeConfig(stored: StoredContainer, facts: LaunchFacts): OciRuntimeConfig {
  const { config, host, id } = stored;
  const hostname = hostnameOf(stored);
  const ownUts = host.UTSMode !== 'host';
  return {
    ociVersion: '1.1.0',
    process: containerProcess(stored, facts.user),
    ...(ownUts && hostname !== '' && { hostname }),
    ...(ownUts && config.Domainname && { domainname: config.Domainname }),
    root: { path: 'rootfs', readonly: host.ReadonlyRootfs ?? false },
    mounts: runtimeMounts(stored, facts.memory !== undefined),
    annotations: { ...host.Annotations, ...(host.Init && { 'org.strata.init': 'true' }) },
    linux: linuxConfig(stored, facts, `/docker/${id}`),
  };
}

/** The first process of a container. */
function containerProcess(stored: StoredContainer, who: ContainerUser): OciProcess {
  const { config, host } = stored;
  const limits = capabilitiesOf(stored, who);
  return {
    terminal: config.Tty ?? false,
    user: who.user,
    args: commandOf(config),
    env: environment(stored, who, config.Tty ?? false),
    cwd: config.WorkingDir || '/',
    capabilities: limits,
    rlimits: rlimitsOf(stored),
    noNewPrivileges: securityOptions(stored).noNewPrivileges,
    ...(host.OomScoreAdj !== undefined && { oomScoreAdj: host.OomScoreAdj }),
  };
}

/** `--ulimit`, which docker's own programs in a container have as well. */
export function rlimitsOf({ host }: StoredContainer): NonNullable<OciProcess['rlimits']> {
  return rlimits(host);
}

export function rlimits({ Ulimits }: ContainerResources): NonNullable<OciProcess['rlimits']> {
  return (Ulimits ?? []).map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: Soft,
    hard: Hard,
  }));
}

/**
 * A user other than root has what an exec could give it at most, and nothing to begin with. All of them are given unasked only
 * where they are none outside.
 */
export function capabilitiesOf(
  { host }: StoredContainer,
  { user }: ContainerUser,
  privileged = host.Privileged ?? false,
): NonNullable<OciProcess['capabilities']> {
  const add = [...(isConfinedSystem(host) ? ['ALL'] : []), ...(host.CapAdd ?? [])];
  const all = chooseCapabilities({ add, drop: host.CapDrop ?? [], privileged });
  const effective = user.uid === 0 ? all : [];
  return { bounding: all, effective, permitted: effective, inheritable: [], ambient: [] };
}

/** As docker sets it: what every process has, and then what image and user say. */
export function environment(stored: StoredContainer, { home }: ContainerUser, terminal: boolean): readonly string[] {
  const { config } = stored;
  const given = config.Env ?? [];
  const usual = [
    usualPath,
    `HOSTNAME=${hostnameOf(stored)}`,
    ...(terminal ? ['TERM=xterm'] : []),
    `HOME=${home}`,
  ].filter((entry) => !given.some((each) => each.split('=')[0] === entry.split('=')[0]));
  return [...usual, ...given];
}

export function hostnameOf({ config, id }: StoredContainer): string {
  return config.Hostname || id.slice(0, 12);
}

/** What `--security-opt` says. */
export function securityOptions({ host }: { readonly host: HostConfig }): {
  readonly noNewPrivileges: boolean;
  /** Undefined: docker's. */
  readonly seccomp: string | undefined;
  readonly systemPaths: boolean;
} {
  let noNewPrivileges = false;
  let seccomp: string | undefined;
  let systemPaths = true;
  for (const option of host.SecurityOpt ?? []) {
    const [, key = option, value = ''] = /^([a-z-]+)[=:](.*)$/s.exec(option) ?? [];
    if (key === 'no-new-privileges') noNewPrivileges = value !== 'false';
    else if (key === 'seccomp') seccomp = value;
    else if (key === 'systempaths' && value === 'unconfined') systemPaths = false;
    // No kernel of ours has these: whatever is wished, nothing is confined by them.
    else if (key !== 'apparmor' && key !== 'label') {
      throw new SandboxError('InvalidArgument', `invalid --security-opt 2: "${option}"`);
    }
  }
  return { noNewPrivileges, seccomp, systemPaths };
}

function linuxConfig(stored: StoredContainer, facts: LaunchFacts, cgroupsPath: string): OciLinux {
  const { host } = stored;
  const privileged = host.Privileged ?? false;
  const { seccomp } = securityOptions(stored);
  const { nodes, rules } = containerDevices({
    devices: host.Devices ?? [],
    rules: host.DeviceCgroupRules ?? [],
    privileged,
  });
  const { namespaces, maps } = namespacesOf(stored, facts.pids);
  const capabilities = capabilitiesOf(stored, facts.user).bounding ?? [];
  const profile =
    seccomp === undefined ? defaultSeccompProfile : seccomp === 'unconfined' ? undefined : parseSeccompProfile(seccomp);
  return {
    namespaces,
    ...(maps && { uidMappings: maps, gidMappings: maps }),
    ...(nodes.length > 0 && { devices: nodes }),
    cgroupsPath,
    resources: { ...cgroupLimits(host), devices: rules },
    ...(!privileged && profile && { seccomp: resolveSeccomp(profile, capabilities) }),
    sysctl: { ...usualSysctls(host), ...host.Sysctls },
    ...hiddenPathsOf(host),
  };
}

/** Paths of the system that a container does not see, or cannot write to; all are as they are where it is privileged. */
export function hiddenPathsOf(host: HostConfig): Pick<OciLinux, 'maskedPaths' | 'readonlyPaths'> {
  if (host.Privileged || !securityOptions({ host }).systemPaths) return {};
  // What the root of a user namespace may not write there the kernel refuses itself; the rest is its own to set.
  const sealed = isConfinedSystem(host) ? [] : readonlyPaths;
  return { maskedPaths: host.MaskedPaths ?? maskedPaths, readonlyPaths: host.ReadonlyPaths ?? sealed };
}

/** With a network of its own anybody inside may listen on any port and send pings (moby, daemon/oci_linux.go, WithCommonOptions). */
function usualSysctls({ NetworkMode = '', UsernsMode }: StoredContainer['host']): Readonly<Record<string, string>> {
  if (NetworkMode === 'host' || NetworkMode.startsWith('container:')) return {};
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    ...(UsernsMode !== 'private' && { 'net.ipv4.ping_group_range': '0 2147483647' }),
  };
}

function runtimeMounts({ host, mounts }: StoredContainer, hasShared: boolean): readonly OciMount[] {
  const writable = host.Privileged ? 'rw' : 'ro';
  // With a user namespace of its own an init may divide its group; limits above it stay.
  const groups = isConfinedSystem(host) ? 'rw' : writable;
  const harmless = ['nosuid', 'noexec', 'nodev'];
  const noMemory = hasShared || host.IpcMode === 'none';
  const taken = new Set([...mounts.map(({ target }) => target), ...(noMemory ? [memoryTarget] : [])]);
  const usual: readonly OciMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: harmless },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...harmless, writable] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...harmless, groups] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: harmless },
    {
      destination: memoryTarget,
      type: 'tmpfs',
      source: 'shm',
      options: [...harmless, 'mode=1777', `size=${host.ShmSize || usualShmBytes}`],
    },
  ];
  const own = mounts.flatMap((mount): readonly OciMount[] =>
    mount.kind === 'tmpfs'
      ? [
          {
            destination: mount.target,
            type: 'tmpfs',
            source: 'tmpfs',
            options: ['noexec', 'nosuid', 'nodev', ...mount.options],
          },
        ]
      : [],
  );
  return [...usual.filter(({ destination }) => !taken.has(destination)), ...own];
}

/** A container's files as `docker cp` finds them. */
export function viewOf({ mounts, host }: StoredContainer): ContainerView {
  return { mounts: mounts.flatMap(hostMount), readOnlyRoot: host.ReadonlyRootfs ?? false };
}

function hostMount(mount: StoredMount): readonly ContainerMount[] {
  if (mount.kind === 'volume') {
    const { volume, target, readOnly, seed } = mount;
    return [{ kind: 'volume', volume, target, readOnly, seed }];
  }
  if (mount.kind === 'bind') {
    const { source: path, target, readOnly } = mount;
    return [{ kind: 'shared', path, target, readOnly }];
  }
  return [];
}

/** Docker's three files, and memory that is shared, where the user does not bring others. */
function fileMounts(
  stored: StoredContainer,
  { files, joined = stored, memory }: LaunchFacts,
): readonly ContainerMount[] {
  const taken = new Set(stored.mounts.map(({ target }) => target));
  const shared =
    memory === undefined ? [] : [{ kind: 'memory', of: memory, target: memoryTarget, readOnly: false } as const];
  return [...networkFiles(joined, hostnameOf(joined), files), ...shared].filter(({ target }) => !taken.has(target));
}
