import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody, PortMap } from '../../src/api/container';
import type { Instance } from '../../src/api/instance';
import { type NodeLab, openNodeLab } from '../../src/bridge/node-lab-node';
import type { LabContainers } from '../../src/engine/containers/engine';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import type { SpawnWorker, WorkerHandle } from '../../src/rpc/worker-handle';
import { type Outcome, shell } from '../support/node-lab';
import { textOf } from '../support/output-text';

const httpd = 'strata/unikernel-httpd:1';

/** A hang guard: two cold guests on a busy machine. */
const guardMs = 300_000;

/** Containers on the default network, and a machine that is on another one alone. */
describe('published ports and other networks', { timeout: guardMs }, () => {
  let made: NodeLab;
  let engine: LabContainers;
  let outside: Instance;
  /** The last of each name. */
  const threads = new Map<string, WorkerHandle>();

  const spawn = (entry: URL): SpawnWorker => {
    const start = nodeSpawner(entry);
    return (name) => {
      const thread = start(name);
      threads.set(name, thread);
      return thread;
    };
  };

  beforeAll(async () => {
    made = await openNodeLab({
      registry: new URL('../../public/registry/', import.meta.url),
      memoryBudgetMiB: 1024,
      containerHosts: { warmUpRuns: 0 },
      spawn,
    });
    const { lab, registries } = made;
    engine = await lab.containers();
    await registries.pull('busybox');
    await registries.pull(httpd);
    await engine.networks.create({ Name: 'back', IPAM: { Config: [{ Subnet: '172.31.0.0/24' }] } });
    const draft = { kind: 'vm', name: 'outside', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
    const { id } = await lab.create({ ...draft, nics: [{ network: 'back' }] });
    await lab.start(id).finished;
    outside = lab.instance(id);
  }, guardMs);
  afterAll(() => made?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { Id } of await engine.containers.list({ all: true })) {
      await engine.containers.remove(Id, { force: true });
    }
  }, guardMs);

  async function start(name: string, ports: PortMap, more: Partial<ContainerCreateBody> = {}): Promise<void> {
    const serve = `mkdir -p /www; echo ${name} > /www/index.html; exec httpd -f -p 80 -h /www`;
    const body = { Image: 'busybox', Cmd: ['sh', '-c', serve], StopSignal: 'SIGKILL', ...more };
    const { Id } = await engine.containers.create({ ...body, HostConfig: { PortBindings: ports } }, { name });
    await engine.containers.start(Id);
  }

  const ask = (url: string): Promise<Outcome> => shell(outside, `wget -q -O - ${url}`);

  /** What the machine outside reads once there is something to read: who serves may not have begun yet. */
  const read = async (url: string): Promise<string> =>
    (await shell(outside, `until wget -q -O /tmp/page ${url} 2> /dev/null; do :; done; cat /tmp/page`)).stdout;

  /** Resolves once it is refused there. */
  const untilRefused = (url: string): Promise<Outcome> =>
    shell(outside, `until wget -q -O /dev/null ${url} 2>&1 | grep -q 'Connection refused'; do :; done`);

  it('lead there from a machine that is on another network, until the container is stopped, and again', async () => {
    await start('web', { '80/tcp': [{ HostPort: '8080' }] });
    expect(await read('http://gateway:8080/')).toBe('web\n');
    // Not by another way.
    const { IPAddress: address } = (await engine.containers.inspect('web')).NetworkSettings.Networks['bridge'] ?? {};
    expect((await ask(`-T 2 http://${address}/`)).code).not.toBe(0);
    await engine.containers.stop('web');
    await untilRefused('http://gateway:8080/');
    await engine.containers.start('web');
    expect(await read('http://gateway:8080/')).toBe('web\n');
    await engine.containers.remove('web', { force: true });
    await untilRefused('http://gateway:8080/');
  });

  it('lead there from other stations of its own network, by the gateway of that', async () => {
    await start('web', { '80/tcp': [{ HostPort: '8080' }] });
    const { Id } = await engine.containers.create({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'until wget -q -O /page http://gateway:8080/ 2> /dev/null; do :; done; cat /page'],
    });
    const { output } = await engine.containers.attach(Id, { stream: true, stdout: true, stderr: true });
    await engine.containers.start(Id);
    expect(await textOf(output)).toBe('web\n');
  });

  it('stay with the page when they are for the loopback, and with the gateway whose address they are for', async () => {
    await start('web', {
      '80/tcp': [
        { HostIp: '127.0.0.1', HostPort: '9090' },
        { HostIp: '172.31.0.1', HostPort: '9091' },
        { HostIp: '10.0.0.1', HostPort: '9092' },
      ],
    });
    expect(await read('http://gateway:9091/')).toBe('web\n');
    for (const port of [9090, 9092]) {
      expect(await ask(`http://gateway:${port}/`)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('Connection refused'),
      });
    }
  });

  it('are there of unikernels too, at port 80 beside what tells machines of themselves', async () => {
    await start('kernel', { '80/tcp': [{ HostPort: '80' }] }, { Image: httpd, Cmd: [] });
    expect(await read('http://gateway/')).toContain('<html');
    expect((await ask('http://169.254.169.254/latest/meta-data/hostname')).stdout).toBe('outside.back.internal');
    await engine.containers.stop('kernel');
    await untilRefused('http://gateway/');
  });

  it.each(['switch', 'gateways'])(
    'are there again when the worker of the %s has died, and the container has seen nothing of it',
    async (name) => {
      await start('web', { '80/tcp': [{ HostPort: '8080' }] });
      expect(await read('http://gateway:8080/')).toBe('web\n');
      const before = (await engine.containers.inspect('web')).State;
      const died = threads.get(name);
      expect(died).toBeDefined();
      died?.terminate();
      await expect.poll(() => threads.get(name) === died).toBe(false);
      expect(await read('http://gateway:8080/')).toBe('web\n');
      expect((await engine.containers.inspect('web')).State).toEqual(before);
    },
  );

  it('neither come to an internal network nor from one', async () => {
    await engine.networks.create({ Name: 'inner', Internal: true, IPAM: { Config: [{ Subnet: '172.30.0.0/24' }] } });
    await start('web', { '80/tcp': [{ HostPort: '8080' }] });
    await engine.networks.connect('inner', { Container: 'web' });
    expect(await read('http://gateway:8080/')).toBe('web\n');
    expect(engine.forwardsOn('inner')).toEqual([]);
    await engine.networks.disconnect('bridge', 'web');
    await untilRefused('http://gateway:8080/');
    await engine.networks.connect('bridge', { Container: 'web' });
    expect(await read('http://gateway:8080/')).toBe('web\n');
    await engine.containers.remove('web', { force: true });
    await engine.networks.remove('inner');
  });
});
