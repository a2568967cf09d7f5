import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { createStores } from '../stores-fixture';
import { scriptedEngines } from './engine-fixture';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

async function openEngine() {
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('one'));
  const engine = await scriptedEngines({ clock: new FakeClock(1000), stores: await createStores(), hosts })();
  onTestFinished(() => engine.dispose());
  return engine;
}

describe('a container without an interface of its own', () => {
  it.each(['host', 'none'])('is on the network %s, as docker has it', async (NetworkMode) => {
    const { containers, networks } = await openEngine();
    const { Id } = await containers.create({ Image: 'busybox', HostConfig: { NetworkMode } }, { name: 'web' });
    await containers.create({ Image: 'busybox' }, { name: 'other' });
    const { Id: network, Containers: before } = await networks.inspect(NetworkMode);
    expect(before).toEqual({});
    await containers.start(Id);
    const { Networks } = (await containers.inspect(Id)).NetworkSettings;
    expect(Object.keys(Networks)).toEqual([NetworkMode]);
    expect(Networks[NetworkMode]).toMatchObject({ NetworkID: network, IPAddress: '', MacAddress: '', Gateway: '' });
    const found = await containers.list({ all: true, filters: { network: [NetworkMode] } });
    expect(found.map(({ Names, NetworkSettings }) => [Names, Object.keys(NetworkSettings.Networks)])).toEqual([
      [['/web'], [NetworkMode]],
    ]);
    expect((await networks.inspect(NetworkMode)).Containers).toMatchObject({
      [Id]: { Name: 'web', MacAddress: '', IPv4Address: '' },
    });
  });

  it('of another’s network is on none that is told', async () => {
    const { containers } = await openEngine();
    await containers.create({ Image: 'busybox' }, { name: 'web' });
    const { Id } = await containers.create({ Image: 'busybox', HostConfig: { NetworkMode: 'container:web' } });
    expect((await containers.inspect(Id)).NetworkSettings.Networks).toEqual({});
  });
});

describe('an address of one’s own', () => {
  const settings = { IPAMConfig: { IPv4Address: '10.0.0.77' } };
  const refused = (name: string) => ({
    code: 'InvalidArgument',
    message: `invalid config for network ${name}: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only`,
  });

  it.each(['bridge', 'default', 'host', 'none'])('is refused on the network %s', async (NetworkMode) => {
    const { containers } = await openEngine();
    const body = {
      Image: 'busybox',
      HostConfig: { NetworkMode },
      NetworkingConfig: { EndpointsConfig: { [NetworkMode]: settings } },
    };
    await expect(containers.create(body)).rejects.toMatchObject(
      refused(NetworkMode === 'default' ? 'bridge' : NetworkMode),
    );
  });

  it('is refused on the usual network later on, too', async () => {
    const { containers, networks } = await openEngine();
    await networks.create({ Name: 'own', IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] } });
    const own = { IPAMConfig: { IPv4Address: '10.9.0.77' } };
    const { Id } = await containers.create({
      Image: 'busybox',
      HostConfig: { NetworkMode: 'own' },
      NetworkingConfig: { EndpointsConfig: { own } },
    });
    const wish = { Container: Id, EndpointConfig: settings };
    await expect(networks.connect('bridge', wish)).rejects.toMatchObject(refused('bridge'));
  });
});
