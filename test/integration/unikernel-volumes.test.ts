import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../src/api/container';
import { type NodeLab, openNodeLab } from '../../src/bridge/node-lab-node';
import type { LabContainers } from '../../src/engine/containers/engine';
import { httpRequest, readHttpAnswer } from '../support/unikernel-lab';

const kv = 'strata/unikernel-kv:1';

/** The block device that the modules of kv and search declare is called "data". */
describe('volumes of unikernels in containers', { timeout: 120_000 }, () => {
  let made: NodeLab;
  let engine: LabContainers;

  beforeAll(async () => {
    made = await openNodeLab({ registry: new URL('../../public/registry/', import.meta.url), memoryBudgetMiB: 512 });
    engine = await made.lab.containers();
    for (const name of ['kv', 'search']) await made.registries.pull(`strata/unikernel-${name}:1`);
  }, 120_000);
  afterAll(() => made?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { Id } of await engine.containers.list({ all: true })) {
      await engine.containers.remove(Id, { force: true, volumes: true });
    }
    for (const { Name } of await engine.volumes.list()) await engine.volumes.remove(Name);
    expect(await (await made.lab.volumes()).list()).toEqual([]);
  });

  /** Resolves when its program has read its disk and answers. */
  async function serves(name: string): Promise<void> {
    const { output } = await engine.containers.logs(name, { stdout: true, follow: true });
    let text = '';
    for await (const { bytes } of output) {
      text += new TextDecoder().decode(bytes);
      if (/serving .*on port/.test(text)) return;
    }
    throw new Error(`It ended: ${text}`);
  }

  async function started(body: Partial<ContainerCreateBody>, name: string): Promise<void> {
    await engine.containers.create({ Image: kv, ...body }, { name });
    await engine.containers.start(name);
    await serves(name);
  }

  async function ask(name: string, method: string, path: string, body = '', port = 80) {
    const address = (await engine.containers.inspect(name)).NetworkSettings.Networks['bridge']?.IPAddress ?? '';
    const { readable, writable } = await made.lab.connect('default', { address, port });
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(httpRequest(method, path, body)));
    const answer = readHttpAnswer(await new Response(readable).text());
    await writer.close().catch(() => undefined);
    return answer;
  }

  const volumeNames = async () => (await engine.volumes.list()).map(({ Name }) => Name);

  it('has its data again in the next container on the same volume', async () => {
    await started({ HostConfig: { Binds: ['store:/data'] } }, 'first');
    expect((await ask('first', 'PUT', '/greeting', 'hello')).status).toBe(201);
    await engine.containers.remove('first', { force: true, volumes: true });
    expect(await volumeNames()).toEqual(['store']);
    await started({ HostConfig: { Binds: ['store:/dev/data'] } }, 'second');
    expect((await ask('second', 'GET', '/greeting')).body).toBe('hello');
    const { Mounts } = await engine.containers.inspect('second');
    expect(Mounts).toMatchObject([{ Type: 'volume', Name: 'store', Destination: '/dev/data', RW: true }]);
  });

  it('is a disk of the lab, of the size that was asked for', async () => {
    const Mounts = [
      {
        Type: 'volume',
        Source: 'store',
        Target: '/data',
        VolumeOptions: { DriverConfig: { Options: { size: '16m' } } },
      },
    ] as const;
    await started({ HostConfig: { Mounts } }, 'one');
    const volumes = await made.lab.volumes();
    const { id, sizeMiB, usedBy } = await volumes.status('store');
    expect([sizeMiB, usedBy]).toEqual([16, 'the container one']);
    expect(await engine.volumes.inspect('store')).toMatchObject({
      Options: { size: '16m' },
      Status: { Disk: id },
    });
    await ask('one', 'PUT', '/key', 'value');
    const { Volumes } = await engine.usage();
    expect(Volumes).toMatchObject([{ Name: 'store', UsageData: { RefCount: 1 } }]);
    expect(Volumes[0]?.UsageData?.Size).toBeGreaterThan(0);
    await expect(volumes.delete('store')).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: 'The volume "store" is used by the container one, and by one at a time: stop that first',
    });
    await engine.containers.stop('one');
    expect(await volumes.status('store')).not.toHaveProperty('usedBy');
  });

  it('is had by one at a time', async () => {
    await started({ HostConfig: { Binds: ['store:/data'] } }, 'one');
    await expect(started({ HostConfig: { Binds: ['store:/data'] } }, 'two')).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('is used by the container one'),
    });
    expect((await ask('one', 'PUT', '/key', 'value')).status).toBe(201);
    await engine.containers.kill('one');
    await engine.containers.start('two');
    await serves('two');
    expect((await ask('two', 'GET', '/key')).body).toBe('value');
    await expect(engine.volumes.remove('store')).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });

  it('is there without being asked for, and goes with its container', async () => {
    await started({ Image: 'strata/unikernel-search:1', HostConfig: { AutoRemove: true } }, 'search');
    expect((await ask('search', 'PUT', '/books/_doc/1', '{"title":"Emma"}', 9200)).status).toBe(201);
    const [mount] = (await engine.containers.inspect('search')).Mounts ?? [];
    expect(mount).toMatchObject({ Type: 'volume', Destination: '/dev/data' });
    expect(await volumeNames()).toEqual([mount?.Name]);
    const { ended } = await engine.containers.wait('search', 'removed');
    await engine.containers.stop('search');
    await ended;
    expect(await volumeNames()).toEqual([]);
  });

  it('is written by nobody who has it read-only', async () => {
    await started({ HostConfig: { Binds: ['store:/data'] } }, 'writer');
    await ask('writer', 'PUT', '/key', 'value');
    await engine.containers.stop('writer');
    await started({ HostConfig: { Binds: ['store:/data:ro'] } }, 'reader');
    expect((await ask('reader', 'GET', '/key')).body).toBe('value');
    expect((await ask('reader', 'PUT', '/key', 'other')).status).toBeGreaterThanOrEqual(500);
  });

  it.each<[string, string[]]>([
    ['it has no block device "storage": a volume of it belongs to /dev/data', ['store:/storage']],
    ['two volumes are given for its block device data, at /data and /dev/data', ['a1:/data', 'b1:/dev/data']],
  ])('is for a device of the module: %s', async (words, Binds) => {
    await expect(engine.containers.create({ Image: kv, HostConfig: { Binds } })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: `${kv} is a unikernel: ${words}`,
    });
    expect(await volumeNames()).toEqual([]);
  });

  it.each(['65m', '1.5m', '0', 'much'])('has no size of %s', async (size) => {
    await expect(engine.volumes.create({ Name: 'store', DriverOpts: { size } })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(`invalid size: '${size}'`),
    });
  });

  it('says so when its disk was removed from the lab', async () => {
    await started({ HostConfig: { Binds: ['store:/data'] } }, 'one');
    await engine.containers.stop('one');
    await (await made.lab.volumes()).delete('store');
    await expect(engine.containers.start('one')).rejects.toMatchObject({
      code: 'NotFound',
      message: 'The disk of the volume store was removed from the lab: remove the volume, and use its name again',
    });
  });
});
