import { expect, it } from 'vitest';
import { openOneHostEngine } from './one-host-fixture';

const sharing =
  'container sharing network namespace with another container or host cannot be connected to any other network';
const none = 'container cannot be connected to multiple networks with one of the networks in private (none) mode';
const host = 'container cannot be disconnected from host network or connected to host network';

it.each([
  ['none', 'back', none],
  ['back', 'none', none],
  ['back', 'host', host],
  ['host', 'back', sharing],
  ['container:web', 'back', sharing],
])(
  'refuses a container of the network mode %s another network, %s, as moby does',
  async (NetworkMode, name, message) => {
    const engine = await openOneHostEngine();
    await engine.networks.create({ Name: 'back' });
    await engine.containers.create({ Image: 'busybox' }, { name: 'web' });
    const { Id } = await engine.containers.create({ Image: 'busybox', HostConfig: { NetworkMode } });
    await expect(engine.networks.connect(name, { Container: Id })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message,
    });
  },
);
