import type { ContainerInspect, ContainerSummary, PortMap, PortSummary } from '../../api/container';
import { unikernelPlatform } from '../../formats/unikernel-image';
import { attachedEndpoints } from './attached-networks';
import type { ContainerEntry } from './container-book';
import { mountPoint } from './container-mounts';
import type { ContainerNetworks } from './container-networks';
import type { StoredContainer } from './container-records';
import { nanoTime } from './log-text';
import { commandOf } from './merge-config';
import type { BoundPort } from './port-book';
import { type ContainerPort, parsePort, portKey } from './port-spec';
import { statusText } from './status-text';

/** Go's zero time, which stands for never. */
const never = '0001-01-01T00:00:00Z';

export interface ShowOptions {
  readonly networks: ContainerNetworks;
  readonly ports: readonly BoundPort[];
  readonly execs: readonly string[] | null;
  readonly now: number;
  /** Bytes, where they were asked for: what it changed, and all that it sees. */
  readonly size?: { readonly own: number; readonly all: number };
}

/** A container as `docker inspect` shows it. */
export function inspectContainer(entry: ContainerEntry, options: ShowOptions): ContainerInspect {
  const { stored, health, removing } = entry;
  const { id, name, createdAt, image, config, host, mounts, state } = stored;
  const [path = '', ...args] = commandOf(config);
  const { networks, ports, execs, size } = options;
  const running = state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
  const directory = `/var/lib/docker/containers/${id}`;
  return {
    Id: id,
    Created: nanoTime(createdAt),
    Path: path,
    Args: args,
    State: {
      Status: removing && !running ? 'removing' : state.status,
      Running: running,
      Paused: state.status === 'paused',
      Restarting: state.status === 'restarting',
      OOMKilled: state.oomKilled,
      Dead: state.status === 'dead',
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: state.startedAt === undefined ? never : nanoTime(state.startedAt),
      FinishedAt: state.finishedAt === undefined ? never : nanoTime(state.finishedAt),
      ...(health && { Health: health }),
    },
    Image: image.digest,
    ResolvConfPath: `${directory}/resolv.conf`,
    HostnamePath: `${directory}/hostname`,
    HostsPath: `${directory}/hosts`,
    LogPath: `${directory}/${id}-json.log`,
    Name: `/${name}`,
    RestartCount: state.restarts,
    Driver: 'overlay2',
    Platform: image.unikernel ? unikernelPlatform.os : 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execs,
    HostConfig: host,
    GraphDriver: { Data: null, Name: 'overlay2' },
    ...(size && { SizeRw: size.own, SizeRootFs: size.all }),
    Mounts: mounts.map(mountPoint),
    Config: config,
    NetworkSettings: {
      Bridge: '',
      SandboxID: running ? id : '',
      HairpinMode: false,
      Ports: portMap(ports, exposedPorts(stored), running),
      Networks: networksOf(entry, networks),
      // As docker shows the addresses on its bridge; clients of old look here.
      ...oldSettings(entry, networks),
    },
  };
}

/** A container as `docker ps` lists it. */
export function summarizeContainer(entry: ContainerEntry, options: ShowOptions): ContainerSummary {
  const { stored, health } = entry;
  const { id, name, createdAt, image, config, host, mounts, state } = stored;
  const { networks, ports, now, size } = options;
  const up = state.status === 'running' || state.status === 'paused';
  return {
    Id: id,
    Names: [`/${name}`],
    Image: image.name,
    ImageID: image.digest,
    Command: commandOf(config).map(quoted).join(' '),
    Created: Math.floor(createdAt / 1000),
    Ports: up ? portSummaries(ports, exposedPorts(stored)) : [],
    ...(size && { SizeRw: size.own, SizeRootFs: size.all }),
    Labels: config.Labels ?? {},
    State: state.status,
    Status: statusText(state, health, now),
    HostConfig: { NetworkMode: host.NetworkMode ?? '' },
    NetworkSettings: { Networks: networksOf(entry, networks) },
    Mounts: mounts.map(mountPoint),
  };
}

function networksOf(
  { stored }: ContainerEntry,
  networks: ContainerNetworks,
): ContainerInspect['NetworkSettings']['Networks'] {
  return Object.fromEntries(
    attachedEndpoints(stored).map((endpoint) => [endpoint.network, networks.endpointOf(stored, endpoint)]),
  );
}

function oldSettings({ stored }: ContainerEntry, networks: ContainerNetworks): Readonly<Record<string, unknown>> {
  const bridge = stored.endpoints.find(({ network }) => network === 'bridge');
  if (!bridge) return { Gateway: '', IPAddress: '', IPPrefixLen: 0, MacAddress: '' };
  const { Gateway, IPAddress, IPPrefixLen, MacAddress } = networks.endpointOf(stored, bridge);
  return { Gateway, IPAddress, IPPrefixLen, MacAddress };
}

/** What is to be published is exposed. */
function exposedPorts({ config, host }: StoredContainer): readonly string[] {
  return [...new Set([config.ExposedPorts, host.PortBindings].flatMap((each) => Object.keys(each ?? {}).map(normal)))];
}

/** One that cannot be is shown as it is: no list fails for what an older engine has taken. */
function normal(port: string): string {
  const parsed = findPort(port);
  return parsed ? portKey(parsed) : port;
}

function findPort(text: string): ContainerPort | undefined {
  try {
    return parsePort(text);
  } catch {
    return undefined;
  }
}

function portMap(ports: readonly BoundPort[], exposed: readonly string[], running: boolean): PortMap {
  if (!running) return {};
  const map = new Map<string, { readonly HostIp: string; readonly HostPort: string }[] | null>();
  for (const text of exposed) map.set(text, null);
  for (const port of ports) {
    const list = map.get(portKey(port)) ?? [];
    list.push({ HostIp: port.hostIp || '0.0.0.0', HostPort: String(port.hostPort) });
    map.set(portKey(port), list);
  }
  return Object.fromEntries(map);
}

function portSummaries(ports: readonly BoundPort[], exposed: readonly string[]): readonly PortSummary[] {
  const bound = ports.map(
    ({ port, protocol, hostIp, hostPort }): PortSummary => ({
      IP: hostIp || '0.0.0.0',
      PrivatePort: port,
      PublicPort: hostPort,
      Type: protocol,
    }),
  );
  const known = new Set(ports.map(portKey));
  const others = exposed
    .flatMap((text) => findPort(text) ?? [])
    .filter((port) => !known.has(portKey(port)))
    .map(({ port, protocol }): PortSummary => ({ PrivatePort: port, Type: protocol }));
  return [...bound, ...others];
}

function quoted(word: string): string {
  return word.includes(' ') ? `'${word}'` : word;
}
