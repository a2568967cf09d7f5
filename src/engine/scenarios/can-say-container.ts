import type { ContainerConfig, ContainerInspect, HostConfig } from '../../api/container';
import { unikernelRuntime, usualRuntime } from '../containers/system-mode';

/** What of a container's own config changes how it runs, and has no word in a scenario. */
const unsaid = [
  ...(['Domainname', 'User', 'Tty', 'OpenStdin', 'Healthcheck', 'Volumes', 'WorkingDir', 'Entrypoint'] as const),
  ...(['NetworkDisabled', 'MacAddress', 'StopSignal', 'StopTimeout'] as const),
];

/** What a scenario says of the host's side, or is looked at by itself, or changes nothing once it runs. */
const said: ReadonlySet<string> = new Set<keyof HostConfig>([
  ...(['Binds', 'Memory', 'MemorySwap', 'NetworkMode', 'PortBindings', 'RestartPolicy', 'Runtime'] as const),
  ...(['ConsoleSize', 'ContainerIDFile'] as const),
]);

/** What the engine, or a client, writes where a user has said nothing. */
const usualHost: Readonly<Record<string, unknown>> = {
  CgroupnsMode: 'private',
  IpcMode: 'private',
  LogConfig: { Type: 'json-file', Config: {} },
  MemorySwappiness: -1,
  PidsLimit: -1,
  ShmSize: 64 * 1024 ** 2,
} satisfies HostConfig;

/** Whether a scenario has words for all that a container is; with fewer another one would be opened in its place. */
export function canSayContainer(container: ContainerInspect, image: Partial<ContainerConfig>): boolean {
  const { Id, Config, HostConfig, NetworkSettings } = container;
  const { Hostname = '' } = Config;
  const { Memory = 0, MemorySwap = 0, NetworkMode = '', RestartPolicy, Runtime = usualRuntime } = HostConfig;
  const endpoints = Object.values(NetworkSettings.Networks);
  return (
    unsaid.every((key) => isUsual(Config[key], image[key])) &&
    (Hostname === '' || Hostname === Id.slice(0, 12)) &&
    Object.entries(HostConfig).every(([key, value]) => said.has(key) || isUsual(value, usualHost[key])) &&
    (MemorySwap === 0 || MemorySwap === 2 * Memory) &&
    !RestartPolicy?.MaximumRetryCount &&
    (Runtime === usualRuntime || Runtime === unikernelRuntime) &&
    // Without one it has no network at all, or somebody else's.
    endpoints.length > 0 &&
    NetworkMode !== 'none' &&
    NetworkMode !== 'host' &&
    endpoints.every(({ Aliases, IPAMConfig, Links, DriverOpts }) =>
      [Aliases, IPAMConfig, Links, DriverOpts].every(isEmpty),
    )
  );
}

function isUsual(value: unknown, usual: unknown): boolean {
  return isEmpty(value) || JSON.stringify(value) === JSON.stringify(usual);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' ? Object.keys(value ?? {}).length === 0 : !value;
}
