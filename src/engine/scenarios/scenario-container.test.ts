import { describe, expect, it } from 'vitest';
import type { ContainerInspect } from '../../api/container';
import type { ScenarioContainer } from '../../formats/scenario/scenario';
import { describeContainer, scenarioContainerBody } from './scenario-container';

const image = { Env: ['PATH=/bin'], Cmd: ['sh'] };

/** What the engine shows of a container that was made so: the parts that a scenario is made of. */
function inspected(container: ScenarioContainer): ContainerInspect {
  const { HostConfig = {}, NetworkingConfig, Image, ...config } = scenarioContainerBody(container);
  const networks = [HostConfig.NetworkMode ?? 'bridge', ...Object.keys(NetworkingConfig?.EndpointsConfig ?? {})];
  return {
    Name: `/${container.name}`,
    Config: { Cmd: image.Cmd, ...config, Image, Env: [...image.Env, ...(config.Env ?? [])] },
    HostConfig,
    NetworkSettings: { Networks: Object.fromEntries(networks.map((name) => [name, {}])) },
  } as unknown as ContainerInspect;
}

describe('a container of a scenario', () => {
  it.each<ScenarioContainer>([
    { name: 'plain', image: 'busybox' },
    { name: 'web', image: 'lighttpd', ports: ['8080:80', '53/udp', '127.0.0.1::443'], restart: 'unless-stopped' },
    {
      name: 'db',
      image: 'redis',
      command: ['redis-server', '--save', ''],
      environment: { MODE: 'a=b' },
      volumes: ['data:/data'],
      networks: ['back', 'default'],
      memory: 64,
      host: 'host-2',
    },
  ])('is described as it was written: $name', (container) => {
    expect(describeContainer(inspected(container), image)).toEqual(container);
  });

  it('is refused with the words of docker when its ports make no sense', () => {
    expect(() => scenarioContainerBody({ name: 'web', image: 'x', ports: ['99999:80'] })).toThrow(
      'The ports of web cannot be read: invalid hostPort: 99999',
    );
  });
});
