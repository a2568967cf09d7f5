import { describe, expect, it } from 'vitest';
import { parseLink } from './container-links';
import { openOneHostEngine } from './one-host-fixture';

describe('a link', () => {
  it.each([
    ['db', { container: 'db', alias: 'db' }],
    ['db:store', { container: 'db', alias: 'store' }],
    ['/db:/web/store', { container: 'db', alias: 'store' }],
  ])('%j is read as docker reads it', (text, link) => {
    expect(parseLink(text)).toEqual(link);
  });

  it.each(['', ':store', 'db:', 'a:b:c'])('%j is refused', (text) => {
    expect(() => parseLink(text)).toThrow(`bad format for links: ${text}`);
  });

  it('of docker’s own network is a name for who has it alone, of a container that runs', async () => {
    const engine = await openOneHostEngine();
    const { containers } = engine;
    const told = () => engine.directoryOf('default').further;
    const wish = { Image: 'busybox', HostConfig: { Links: ['db:store'] } };
    await expect(containers.create(wish)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: 'could not get container for db: No such container: db',
    });
    const { Id: db } = await containers.create({ Image: 'busybox' }, { name: 'db' });
    const { Id: web, Warnings } = await containers.create(wish, { name: 'web' });
    expect(Warnings).toEqual([]);
    await expect(containers.start(web)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: 'Cannot link to a non running container: /db AS /web/store',
    });
    await containers.start(db);
    await containers.start(web);
    const addressOf = async (id: string) =>
      (await containers.inspect(id)).NetworkSettings.Networks['bridge']?.IPAddress;
    expect(told()).toEqual([
      {
        domain: 'default.internal',
        askers: [await addressOf(web)],
        hosts: [{ name: 'store', address: await addressOf(db) }],
      },
    ]);
    await containers.stop(db);
    expect(told()).toMatchObject([{ hosts: [] }]);
  });

  it('of another network may be to what comes later, and is told by the gateway of the first', async () => {
    const engine = await openOneHostEngine();
    const { containers, networks } = engine;
    await networks.create({ Name: 'back', IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] } });
    const back = { Links: ['db:store'] };
    const { Id: web } = await containers.create({ Image: 'busybox', NetworkingConfig: { EndpointsConfig: { back } } });
    await containers.start(web);
    const { Id: db } = await containers.create(
      { Image: 'busybox', HostConfig: { NetworkMode: 'back' } },
      { name: 'db' },
    );
    await containers.start(db);
    expect(engine.directoryOf('back').further).toEqual([]);
    const address = (await containers.inspect(db)).NetworkSettings.Networks['back']?.IPAddress;
    expect(engine.directoryOf('default').further).toMatchObject([{ hosts: [{ name: 'store', address }] }]);
    const wrong = { Container: db, EndpointConfig: { Links: ['a:b:c'] } };
    await expect(networks.connect('bridge', wrong)).rejects.toThrow('bad format for links: a:b:c');
  });
});
