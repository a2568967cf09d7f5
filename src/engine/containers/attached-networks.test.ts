import { describe, expect, it } from 'vitest';
import { openOneHostEngine } from './one-host-fixture';

describe('a container without an interface of its own', () => {
  it.each(['host', 'none'])('is on the network %s, as docker has it', async (NetworkMode) => {
    const { containers, networks } = await openOneHostEngine();
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
    const { containers } = await openOneHostEngine();
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
    const { containers } = await openOneHostEngine();
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
    const { containers, networks } = await openOneHostEngine();
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

  it('belongs to who runs: it is free when that has ended, and who had it without a wish gets another', async () => {
    const { containers, networks } = await openOneHostEngine();
    await networks.create({ Name: 'own', IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] } });
    const wish = { IPAMConfig: { IPv4Address: '10.9.0.77' }, MacAddress: '02:42:00:00:00:07' };
    const create = (own: object) =>
      containers.create({
        Image: 'busybox',
        HostConfig: { NetworkMode: 'own' },
        NetworkingConfig: { EndpointsConfig: { own } },
      });
    const addressOf = async (id: string) => (await containers.inspect(id)).NetworkSettings.Networks['own']?.IPAddress;
    const [{ Id: first }, { Id: second }, { Id: third }] = [await create(wish), await create(wish), await create({})];
    await containers.start(first);
    const taken = { code: 'FailedPrecondition', message: 'Address already in use', details: { reason: 'forbidden' } };
    await expect(containers.start(second)).rejects.toMatchObject(taken);
    await containers.stop(first);
    await containers.start(second);
    expect(await addressOf(second)).toBe('10.9.0.77');
    await expect(containers.start(first)).rejects.toMatchObject(taken);
    // One that does not run is taken from its network and put there again, as compose does.
    await networks.disconnect('own', first);
    await networks.connect('own', { Container: first, EndpointConfig: wish });
    await containers.start(third);
    const lowest = await addressOf(third);
    await containers.stop(third);
    const { Id: fourth } = await create({ IPAMConfig: { IPv4Address: lowest } });
    await containers.start(fourth);
    await containers.start(third);
    expect([await addressOf(fourth), (await addressOf(third)) === lowest]).toEqual([lowest, false]);
  });
});
