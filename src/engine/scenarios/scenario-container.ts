import type { ContainerConfig, ContainerCreateBody, ContainerInspect } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { parsePorts } from '../../formats/parse-ports';
import type { ScenarioContainer } from '../../formats/scenario/scenario';
import { bridgeNetwork } from '../containers/container-networks';
import { hostLabel } from '../containers/placement';
import { defaultNetwork } from '../networks';

const mebibyte = 1024 * 1024;

/** A container of a scenario as the engine creates it. `InvalidArgument` for ports that cannot be read. */
export function scenarioContainerBody(container: ScenarioContainer): ContainerCreateBody {
  const { name, image, command, environment = {}, volumes, networks = [], restart, memory, host } = container;
  const { exposed, bindings } = readPorts(name, container.ports ?? []);
  const [first, ...others] = networks.map(dockerName);
  return {
    Image: image,
    ...(command && { Cmd: command }),
    Env: Object.entries(environment).map(([variable, value]) => `${variable}=${value}`),
    ExposedPorts: exposed,
    ...(host !== undefined && { Labels: { [hostLabel]: host } }),
    HostConfig: {
      PortBindings: bindings,
      ...(volumes && { Binds: volumes }),
      ...(first !== undefined && { NetworkMode: first }),
      ...(restart && { RestartPolicy: { Name: restart } }),
      ...(memory !== undefined && { Memory: memory * mebibyte }),
    },
    ...(others.length > 0 && {
      NetworkingConfig: { EndpointsConfig: Object.fromEntries(others.map((network) => [network, {}])) },
    }),
  };
}

/** The other way: what a scenario says of a container. What its image says already is left out. */
export function describeContainer(
  { Name, Config, HostConfig, NetworkSettings }: ContainerInspect,
  image: Pick<ContainerConfig, 'Env' | 'Cmd'>,
): ScenarioContainer {
  const { Cmd = [], Env = [], Labels = {} } = Config;
  const { Binds = [], Memory = 0, PortBindings = {}, RestartPolicy } = HostConfig;
  const own = Env.filter((each) => !image.Env?.includes(each));
  const ports = Object.entries(PortBindings).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp = '', HostPort = '' }) =>
      [HostIp, HostPort, inside.replace('/tcp', '')]
        .filter((part, at) => part !== '' || (at === 1 && HostIp !== ''))
        .join(':'),
    ),
  );
  const networks = Object.keys(NetworkSettings.Networks).map(labNetwork);
  const host = Labels[hostLabel];
  return {
    name: Name.replace(/^\//, ''),
    image: Config.Image,
    ...(Cmd.length > 0 && Cmd.join('\0') !== image.Cmd?.join('\0') && { command: Cmd }),
    ...(own.length > 0 && { environment: Object.fromEntries(own.map(splitVariable)) }),
    ...(ports.length > 0 && { ports }),
    ...(Binds.length > 0 && { volumes: Binds }),
    ...(networks.join() !== defaultNetwork.name && { networks }),
    ...(RestartPolicy && RestartPolicy.Name !== '' && RestartPolicy.Name !== 'no' && { restart: RestartPolicy.Name }),
    ...(Memory > 0 && { memory: Math.ceil(Memory / mebibyte) }),
    ...(host !== undefined && { host }),
  };
}

function splitVariable(variable: string): readonly [string, string] {
  const [name = ''] = variable.split('=', 1);
  return [name, variable.slice(name.length + 1)];
}

function dockerName(network: string): string {
  return network === defaultNetwork.name ? bridgeNetwork : network;
}

function labNetwork(network: string): string {
  return network === bridgeNetwork ? defaultNetwork.name : network;
}

function readPorts(name: string, ports: readonly string[]): ReturnType<typeof parsePorts> {
  try {
    return parsePorts(ports, []);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new SandboxError('InvalidArgument', `The ports of ${name} cannot be read: ${said}`, { cause });
  }
}
