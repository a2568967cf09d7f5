import type { ContainerCreateBody, EndpointSettings, HostConfig } from '../../api/container';
import type { ContainerId } from '../../api/container-host';
import type { SelectedImage } from '../../api/image-summary';
import type { UnikernelDevice } from '../../api/unikernel';
import { SandboxError } from '../../base/errors';
import { chooseCapabilities } from './capabilities';
import { checkConfig, checkNames, checkNetworkMode, readMac } from './check-config';
import { checkUnikernel } from './check-unikernel';
import { containerDevices } from './container-devices';
import { parseLink } from './container-links';
import { noVolumeDriver, planMounts, type StoredMount } from './container-mounts';
import { bridgeNetwork } from './container-networks';
import type { StoredContainer, StoredEndpoint } from './container-records';
import { checkResources } from './container-resources';
import { securityOptions, usualShmBytes } from './container-spec';
import { checkLogAttributes } from './log-attributes';
import { logLimit } from './log-limit';
import { commandOf, mergeConfig } from './merge-config';
import { checkModes, withUserNamespace } from './namespaces';
import { wishedPorts } from './port-spec';
import { readRestartPolicy } from './restart-policy';
import { parseSeccompProfile } from './seccomp';
import { signalNumber } from './signal-number';
import { isSystem, runtimes, systemBody, systemConfig, unikernelRuntime, usualRuntime } from './system-mode';
import { unikernelMounts } from './unikernel-disks';

/** What is decided outside of a container's own body. */
export interface CreateFacts {
  readonly id: ContainerId;
  readonly name: string;
  readonly now: number;
  readonly image: SelectedImage;
  /** What the module of a unikernel declares. */
  readonly devices?: readonly UnikernelDevice[];
  /** The mounts of the containers of `--volumes-from`. */
  readonly inherited: readonly StoredMount[];
  readonly newVolumeName: () => string;
  /** Docker's name of a network that was named by a name, an id, or its beginning; what there is not keeps what it was called. */
  readonly networkName: (reference: string) => string;
}

/**
 * A container as it is kept, of what was asked for (moby, daemon/create.go and container_unix.go). All that can be known to
 * be wrong is refused now, with `InvalidArgument` in docker's words.
 */
export function createdContainer(asked: ContainerCreateBody, facts: CreateFacts): StoredContainer {
  const body = asked.HostConfig ? { ...asked, HostConfig: withUserNamespace(asked.HostConfig) } : asked;
  checkNetworkMode(body);
  const asSystem = isSystem(body.HostConfig ?? {});
  const { HostConfig: given = {}, NetworkingConfig, ...user } = asSystem ? systemBody(body) : body;
  const { id, name, now, image } = facts;
  const merged = mergeConfig({ ...user, Hostname: user.Hostname || hostname(given, id) }, image.config.run);
  const config = asSystem ? systemConfig(merged) : merged;
  commandOf(config);
  const host = completeHost(given, image.unikernel ? unikernelRuntime : usualRuntime);
  if (host.Runtime === unikernelRuntime && !image.unikernel) {
    throw invalid(`${body.Image} is no unikernel: leave out --runtime ${unikernelRuntime}`);
  }
  checkConfig(config);
  check(host, config.StopSignal, Object.keys(config.ExposedPorts ?? {}));
  const planned = planMounts({
    host,
    volumes: Object.keys(config.Volumes ?? {}),
    inherited: facts.inherited,
    newName: facts.newVolumeName,
  });
  const mounts = image.unikernel
    ? unikernelMounts({
        image: body.Image,
        mounts: planned,
        devices: facts.devices ?? [],
        newName: facts.newVolumeName,
      })
    : planned;
  const stored: StoredContainer = {
    id,
    name,
    createdAt: now,
    image: {
      digest: image.id,
      name: body.Image,
      layers: image.layers.map(({ diffId }) => diffId),
      ...(image.unikernel && { unikernel: image.unikernel }),
    },
    config,
    host,
    mounts,
    endpoints: config.NetworkDisabled
      ? []
      : endpointsOf(host, NetworkingConfig?.EndpointsConfig ?? {}, facts, config.MacAddress),
    state: {
      status: 'created',
      exitCode: 0,
      error: '',
      oomKilled: false,
      pid: 0,
      stopped: false,
      restarts: 0,
    },
  };
  if (image.unikernel) checkUnikernel(body, stored);
  return stored;
}

/** A container with the host's network has the host's name. */
function hostname({ NetworkMode, UTSMode }: HostConfig, id: ContainerId): string {
  return NetworkMode === 'host' || UTSMode === 'host' ? '' : id.slice(0, 12);
}

function completeHost(given: HostConfig, runtime: string): StoredContainer['host'] {
  const autoRemove = given.AutoRemove ?? false;
  const mode = given.NetworkMode;
  return {
    ...given,
    NetworkMode: mode === undefined || mode === '' || mode === 'default' ? bridgeNetwork : mode,
    RestartPolicy: readRestartPolicy(given.RestartPolicy, autoRemove),
    AutoRemove: autoRemove,
    LogConfig: { Type: given.LogConfig?.Type || 'json-file', Config: given.LogConfig?.Config ?? {} },
    ShmSize: given.ShmSize || usualShmBytes,
    IpcMode: given.IpcMode || 'private',
    CgroupnsMode: given.CgroupnsMode || 'private',
    Runtime: given.Runtime || runtime,
    ...(given.Memory && !given.MemorySwap && { MemorySwap: 2 * given.Memory }),
  };
}

function check(host: StoredContainer['host'], stopSignal: string | undefined, exposed: readonly string[]): void {
  checkResources(host);
  checkModes({ host });
  checkNames(host);
  checkUnsupported(host);
  if (host.IpcMode === 'shareable' && host.ShmSize !== usualShmBytes) {
    throw invalid(
      '--shm-size is not supported with --ipc shareable: such a /dev/shm is as large as its host has memory',
    );
  }
  if ((host.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  if (!Object.hasOwn(runtimes, host.Runtime ?? '')) throw invalid(`unknown or invalid runtime name: ${host.Runtime}`);
  chooseCapabilities({ add: host.CapAdd ?? [], drop: host.CapDrop ?? [], privileged: false });
  containerDevices({ devices: host.Devices ?? [], rules: host.DeviceCgroupRules ?? [], privileged: false });
  const { seccomp } = securityOptions({ host });
  if (seccomp !== undefined && seccomp !== 'unconfined') parseSeccompProfile(seccomp);
  wishedPorts(host.PortBindings ?? {}, exposed, false);
  if (host.LogConfig && !['json-file', 'local', 'none'].includes(host.LogConfig.Type)) {
    throw invalid(`logger: no log driver named '${host.LogConfig.Type}' is registered`);
  }
  logLimit(host.LogConfig?.Type === 'none' ? undefined : host.LogConfig);
  checkLogAttributes(host.LogConfig);
  if (stopSignal) signalNumber(stopSignal);
  if (host.OomScoreAdj !== undefined && Math.abs(host.OomScoreAdj) > 1000) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (host.StorageOpt && Object.keys(host.StorageOpt).length > 0) {
    throw invalid('--storage-opt is not supported: the disk of a container host has one size for all');
  }
  for (const { Name, Soft, Hard } of host.Ulimits ?? []) {
    if (!ulimits.has(Name)) throw invalid(`invalid ulimit type: ${Name}`);
    if (Hard !== -1 && Soft > Hard)
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  }
  if (host.UsernsMode === 'private') checkUserNamespace(host);
}

/** What docker has and hosts have not: nothing of that is taken in silence. */
function checkUnsupported({
  DeviceRequests = [],
  Isolation = '',
  CgroupParent = '',
  VolumeDriver = '',
}: HostConfig): void {
  for (const { Driver = '', Capabilities = [] } of DeviceRequests) {
    const wanted = Capabilities.map((each) => `[${each.join(' ')}]`).join(' ');
    throw invalid(`could not select device driver "${Driver}" with capabilities: [${wanted}]`);
  }
  if (Isolation !== '' && Isolation !== 'default') {
    throw invalid(`Invalid isolation: "${Isolation}" - linux only supports 'default'`);
  }
  if (!['', 'docker', '/docker'].includes(CgroupParent)) {
    throw invalid('--cgroup-parent is not supported: all containers of a host are in its group /docker');
  }
  if (VolumeDriver !== '' && VolumeDriver !== 'local') throw noVolumeDriver(VolumeDriver);
}

/** What the root of a user namespace cannot be given (moby, daemon/daemon_unix.go). */
function checkUserNamespace({ Privileged, NetworkMode, PidMode }: HostConfig): void {
  if (Privileged) {
    throw invalid(
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    );
  }
  if (NetworkMode === 'host') {
    throw invalid("cannot share the host's network namespace when user namespaces are enabled");
  }
  if (PidMode === 'host') throw invalid('cannot share the host PID namespace when user namespaces are enabled');
}

const ulimits: ReadonlySet<string> = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** The network of `--network` first, then the others that the body names. */
function endpointsOf(
  { NetworkMode = bridgeNetwork }: HostConfig,
  wished: Readonly<Record<string, EndpointSettings>>,
  { networkName }: CreateFacts,
  containerMac: string | undefined,
): readonly StoredEndpoint[] {
  if (NetworkMode === 'none' || NetworkMode === 'host' || namespaceOfOther(NetworkMode)) {
    const others = Object.keys(wished).filter((each) => each !== NetworkMode && each !== 'default');
    checkAddress(NetworkMode, wished[NetworkMode] ?? {});
    if (others.length === 0) return [];
    throw invalid(`conflicting options: cannot attach both ${NetworkMode} network and ${others.join(', ')}`);
  }
  const settings = new Map(Object.entries(wished).map(([name, each]) => [networkName(name), each ?? {}]));
  const first = networkName(NetworkMode);
  const names = [first, ...[...settings.keys()].filter((name) => name !== first)];
  const own = settings.get(first) ?? {};
  return names.map((network) =>
    endpointOf(network, network === first ? withMac(own, containerMac) : (settings.get(network) ?? {})),
  );
}

/** What clients up to 1.43 say of a container is its first network's (moby, handleMACAddressBC). */
function withMac(settings: EndpointSettings, mac = ''): EndpointSettings {
  if (mac === '') return settings;
  if (settings.MacAddress && readMac(settings.MacAddress) !== readMac(mac)) {
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
  return { ...settings, MacAddress: mac };
}

export function endpointOf(network: string, settings: EndpointSettings): StoredEndpoint {
  const aliases = settings.Aliases ?? [];
  if (network === bridgeNetwork && aliases.length > 0) {
    throw invalid('network-scoped alias is supported only for containers in user defined networks');
  }
  if (network === bridgeNetwork) checkAddress(network, settings);
  for (const link of settings.Links ?? []) parseLink(link);
  const { MacAddress: mac = '' } = settings;
  return { network, aliases, settings: mac === '' ? settings : { ...settings, MacAddress: readMac(mac) } };
}

/** Docker's words for an address where none can be wished (moby, daemon/container_operations.go, validateEndpointSettings). */
function checkAddress(network: string, { IPAMConfig }: EndpointSettings): void {
  if (!IPAMConfig?.IPv4Address) return;
  throw invalid(
    `invalid config for network ${network}: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only`,
  );
}

function namespaceOfOther(mode: string | undefined): boolean {
  return mode?.startsWith('container:') ?? false;
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
