import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../src/api/container';
import { systemClock } from '../../src/base/clock';
import { type NodeLab, openNodeLab } from '../../src/bridge/node-lab-node';
import type { LabContainers } from '../../src/engine/containers/engine';
import { ask, testWords, textOf as textOfBytes } from '../../src/engine/previews/preview-fixture';
import { Previews } from '../../src/engine/previews/previews';
import { textOf } from '../support/output-text';

const httpd = 'strata/unikernel-httpd:1';

describe('unikernels as containers', { timeout: 120_000 }, () => {
  let made: NodeLab;
  let engine: LabContainers;

  beforeAll(async () => {
    made = await openNodeLab({
      registry: new URL('../../public/registry/', import.meta.url),
      memoryBudgetMiB: 512,
    });
    engine = await made.lab.containers();
    for (const name of ['httpd', 'fetch', 'click']) await made.registries.pull(`strata/unikernel-${name}:1`);
  }, 120_000);
  afterAll(() => made?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { Id } of await engine.containers.list({ all: true })) {
      await engine.containers.remove(Id, { force: true });
    }
  });

  async function started(body: Partial<ContainerCreateBody> = {}, name?: string): Promise<string> {
    const { Id } = await engine.containers.create({ Image: httpd, ...body }, name === undefined ? {} : { name });
    await engine.containers.start(Id);
    return Id;
  }

  async function request(address: string, bytes: string, port = 80, network = 'default'): Promise<string> {
    const { readable, writable } = await made.lab.connect(network, { address, port });
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(bytes));
    const text = await new Response(readable).text();
    await writer.close().catch(() => undefined);
    return text;
  }

  const get = (address: string, port?: number, network?: string) =>
    request(address, 'GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n', port, network);

  const addressOf = async (id: string, network = 'bridge') =>
    (await engine.containers.inspect(id)).NetworkSettings.Networks[network]?.IPAddress ?? '';

  it('runs the program of the image at its reserved address, until it is stopped', async () => {
    const { Id } = await engine.containers.create(
      { Image: httpd, Cmd: ['--port=8080'], Hostname: 'page' },
      { name: 'web' },
    );
    expect(await engine.containers.inspect('web')).toMatchObject({
      Path: '/httpd.wasm',
      Args: ['--port=8080'],
      State: { Status: 'created' },
      HostConfig: { Runtime: 'strata-tender' },
    });
    await engine.containers.start('web');
    const answer = await get(await addressOf(Id), 8080);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/^x-served-by: page\r$/im);
    const { ended } = await engine.containers.wait('web');
    expect(await engine.containers.stop('web')).toBe(true);
    expect(await ended).toEqual({ StatusCode: 0 });
    expect((await engine.containers.inspect('web')).State).toMatchObject({ Status: 'exited', ExitCode: 0, Pid: 0 });
    const { output } = await engine.containers.logs('web', { stdout: true, stderr: true });
    expect(await textOf(output)).toContain('Serving files on port 8080');
    await engine.containers.start('web');
    expect(await get(await addressOf(Id), 8080)).toMatch(/^HTTP\/1\.1 200 /);
    await engine.containers.kill('web');
    expect((await engine.containers.inspect('web')).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
  });

  it('publishes its ports, and its names are known on its networks', async () => {
    await engine.networks.create({ Name: 'shop' });
    const id = await started(
      {
        HostConfig: { NetworkMode: 'shop', PortBindings: { '80/tcp': [{ HostPort: '8081' }] } },
        NetworkingConfig: { EndpointsConfig: { shop: { Aliases: ['front'], IPAMConfig: { IPv4Address: '' } } } },
      },
      'site',
    );
    const address = await addressOf(id, 'shop');
    expect(engine.published()).toMatchObject([{ network: 'shop', address, port: 80, hostPort: 8081 }]);
    expect(engine.namesOn('shop').map(({ name }) => name)).toEqual(['site', 'front', id.slice(0, 12)]);
    await expect(started({ HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8081' }] } } })).rejects.toMatchObject(
      { message: 'Bind for 0.0.0.0:8081 failed: port is already allocated' },
    );
    await engine.containers.remove(id, { force: true });
    await engine.networks.remove('shop');
  });

  it('is shown in the page by the port that it publishes, for as long as it runs', async () => {
    const changed: string[][] = [];
    const following = made.lab.stationChanges((there) => changed.push(there.map(({ name }) => name)));
    const id = await started({ HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8082' }] } } }, 'shown');
    const previews = new Previews({
      lab: made.lab,
      clock: systemClock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      words: testWords,
    });
    const name = id.slice(0, 12);
    const origin = `http://${name}-80.preview.localhost:8081`;
    const preview = previews.open({ instance: name, port: 80, origin, embedders: [] });
    const answer = await ask(preview, `${origin}/`);
    expect(answer.status).toBe(200);
    expect(await textOfBytes(answer)).toContain('<');
    expect(changed.at(-1)).toContain('shown');
    await engine.containers.remove(id, { force: true });
    expect(changed.at(-1)).not.toContain('shown');
    expect((await ask(preview, `${origin}/`)).status).toBe(410);
    previews.dispose();
    following.dispose();
  });

  it('finds files of the shared folder, as they are when it starts', async () => {
    const folders = await made.lab.folders();
    await folders.create('shared');
    const folder = await folders.open('shared');
    await folder.makeDirectory('/site/more');
    await folder.write('/site/index.html', new TextEncoder().encode('given'));
    await folder.write('/site/more/page.txt', new TextEncoder().encode('below'));
    const id = await started({ HostConfig: { Binds: ['/shared/site:/www:ro'] } });
    const address = await addressOf(id);
    expect(await get(address)).toMatch(/\r\n\r\ngiven$/);
    const below = 'GET /more/page.txt HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n';
    expect(await request(address, below)).toMatch(/\r\n\r\nbelow$/);
    await folder.write('/site/index.html', Uint8Array.of(0xff, 0xfe));
    await expect(engine.containers.restart(id)).rejects.toThrow('/site/index.html is none');
    await expect(started({ HostConfig: { Binds: ['/none:/www'] } })).rejects.toThrow(
      'invalid mount config for type "bind": bind source path does not exist: /none',
    );
    folder.dispose();
  });

  it('is counted and limited', async () => {
    const id = await started({ HostConfig: { Memory: 8 * 1024 ** 2, NanoCpus: 5e8 } });
    const readings = await engine.containers.stats(id, { stream: false, oneShot: true });
    const { value: reading } = await readings.getReader().read();
    expect(reading).toMatchObject({
      pids_stats: { current: 1 },
      memory_stats: { limit: 8 * 1024 ** 2 },
      networks: { eth0: { tx_bytes: expect.any(Number) } },
    });
    await expect(engine.containers.update(id, { Memory: 16 * 1024 ** 2 })).rejects.toMatchObject({
      code: 'FailedPrecondition',
    });
    await engine.containers.stop(id);
    await engine.containers.update(id, { Memory: 16 * 1024 ** 2, MemorySwap: 32 * 1024 ** 2 });
    await engine.containers.start(id);
    expect((await engine.containers.inspect(id)).HostConfig.Memory).toBe(16 * 1024 ** 2);
  });

  it('stands still and goes on', async () => {
    const id = await started();
    const address = await addressOf(id);
    await engine.containers.pause(id);
    expect((await engine.containers.inspect(id)).State).toMatchObject({ Status: 'paused' });
    await engine.containers.unpause(id);
    expect(await get(address)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('comes back by its policy when it fails', async () => {
    const { Id } = await engine.containers.create({
      Image: 'strata/unikernel-fetch:1',
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    const { ended } = await engine.containers.wait(Id, 'next-exit');
    await engine.containers.start(Id);
    expect((await ended).StatusCode).toBe(2);
    await (await engine.containers.wait(Id)).ended;
    expect(await engine.containers.inspect(Id)).toMatchObject({ RestartCount: 2, State: { ExitCode: 2 } });
    const { output } = await engine.containers.logs(Id, { stdout: true });
    expect((await textOf(output)).match(/fetch HOST/g)).toHaveLength(3);
  });

  it('has as many cards as its module declares', async () => {
    const { Id } = await engine.containers.create({ Image: 'strata/unikernel-click:1' });
    await expect(engine.containers.start(Id)).rejects.toMatchObject({
      message: expect.stringContaining('asks for 2 network cards (eth0, eth1), and there are 1'),
    });
    await engine.networks.create({ Name: 'back' });
    await engine.networks.connect('back', { Container: Id });
    const { ended } = await engine.containers.wait(Id, 'next-exit');
    await engine.containers.start(Id);
    const { output } = await engine.containers.logs(Id, { stdout: true, follow: true });
    expect(await textOf(output)).toBe('There is no /etc/click\n');
    await ended;
    await engine.containers.remove(Id, { force: true });
    await engine.networks.remove('back');
  });

  it('refuses what needs files or programs inside, and says what comes nearest', async () => {
    const id = await started();
    await expect(engine.execs.create(id, { Cmd: ['sh'] })).rejects.toMatchObject({
      message: expect.stringMatching(/^OCI runtime exec failed: .*docker logs/),
    });
    await expect(engine.containers.top(id)).rejects.toMatchObject({ message: expect.stringMatching(/docker stats/) });
    await expect(engine.containers.statPath(id, '/')).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await expect(engine.containers.changes(id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await expect(engine.containers.export(id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await expect(engine.containers.commit(id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });

  it.each<[string, Partial<ContainerCreateBody>]>([
    ['by -v /PATH:/PATH', { HostConfig: { Binds: ['data:/data'] } }],
    ['leave out --entrypoint', { Entrypoint: ['sh'] }],
    ['leave out --privileged', { HostConfig: { Privileged: true } }],
    ['put it on a network', { HostConfig: { NetworkMode: 'host' } }],
    ['ask for it over its network', { Healthcheck: { Test: ['CMD', 'true'] } }],
    ['not "Web_1"', { Hostname: 'Web_1' }],
  ])('is not made with what it cannot have: %s', async (words, body) => {
    await expect(engine.containers.create({ Image: httpd, ...body })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(words),
    });
    expect(await engine.containers.list({ all: true })).toEqual([]);
  });

  it('is an image among images', async () => {
    const image = await made.images.inspect(httpd);
    expect(image).toMatchObject({ Os: 'solo5', Architecture: 'wasm', RepoTags: [httpd] });
    await expect(made.images.select(httpd)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    const id = await started();
    await expect(made.images.remove(httpd)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await engine.containers.remove(id, { force: true });
  });
});
