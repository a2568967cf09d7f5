import { packTar, unpackTar } from 'modern-tar';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../src/api/container';
import { type NodeLab, openNodeLab } from '../../src/bridge/node-lab-node';
import type { LabContainers } from '../../src/engine/containers/engine';
import { textOf } from '../support/output-text';

/** A hang guard: a cold guest on a busy machine. */
const guardMs = 300_000;

describe('containers of a real host', { timeout: guardMs }, () => {
  let made: NodeLab;
  let engine: LabContainers;

  beforeAll(async () => {
    made = await openNodeLab({
      registry: new URL('../../public/registry/', import.meta.url),
      memoryBudgetMiB: 1024,
      containerHosts: { warmUpRuns: 0 },
    });
    engine = await made.lab.containers();
    await made.registries.pull('busybox');
  }, guardMs);
  afterAll(() => made?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { Id } of await engine.containers.list({ all: true })) {
      await engine.containers.remove(Id, { force: true });
    }
  }, guardMs);

  async function create(name: string, more: Partial<ContainerCreateBody> = {}): Promise<string> {
    const body = { Image: 'busybox', Cmd: ['sleep', '10000'], StopSignal: 'SIGKILL', ...more };
    return (await engine.containers.create(body, { name })).Id;
  }

  async function sleeper(name: string, networks: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const endpoints = Object.entries(networks).map(([network, Aliases]) => [network, { Aliases }] as const);
    const [first] = Object.keys(networks);
    await create(name, {
      HostConfig: { NetworkMode: first ?? '' },
      NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) },
    });
    await engine.containers.start(name);
  }

  async function said(who: string, argv: readonly string[]): Promise<string> {
    const { Id } = await engine.execs.create(who, { Cmd: argv, AttachStdout: true, AttachStderr: true });
    return textOf((await engine.execs.start(Id, { detach: false })).output);
  }

  /** Whether it finds a name and reaches what that means. */
  async function reaches(who: string, name: string): Promise<string> {
    const found = await said(who, ['sh', '-c', `ping -c 1 -w 20 ${name} 2>&1 || nslookup ${name}`]);
    return found.includes('bytes from') ? 'there' : found.includes('bad address') ? 'no such name' : found;
  }

  it('know names and aliases of all networks that they are on, and no others, also of one joined or left', async () => {
    await engine.networks.create({ Name: 'front' });
    await engine.networks.create({ Name: 'rear', Internal: true });
    await sleeper('db', { rear: ['store'] });
    await sleeper('app', { front: [], rear: [] });
    await sleeper('late', { front: [] });
    for (const name of ['db', 'store', 'db.rear.internal', 'late']) {
      await expect.poll(() => reaches('app', name), { timeout: 60_000 }).toBe('there');
    }
    expect(await reaches('late', 'store')).toBe('no such name');
    await engine.networks.connect('rear', { Container: 'late', EndpointConfig: { Aliases: ['newcomer'] } });
    await expect.poll(() => reaches('late', 'store'), { timeout: 60_000 }).toBe('there');
    await expect.poll(() => reaches('db', 'newcomer'), { timeout: 60_000 }).toBe('there');
    await engine.networks.disconnect('front', 'app');
    await expect.poll(() => reaches('app', 'store'), { timeout: 60_000 }).toBe('there');
    await engine.networks.disconnect('rear', 'late');
    await expect.poll(() => reaches('late', 'store'), { timeout: 60_000 }).toBe('no such name');
  });

  it('are removed and stopped while they start, and none of them goes on', async () => {
    await create('witness');
    await engine.containers.start('witness');
    for (const turns of [0, 20, 60, 150]) {
      const id = await create('victim', { HostConfig: { PortBindings: { '80/tcp': [{}] } } });
      const starting = engine.containers.start(id).catch(() => undefined);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await engine.containers.remove(id, { force: true });
      await starting;
    }
    for (const turns of [0, 40, 100]) {
      const id = await create('victim', {
        Cmd: ['false'],
        HostConfig: { RestartPolicy: { Name: 'always' } },
      });
      await engine.containers.start(id);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(await engine.containers.stop(id)).toBe(true);
      expect((await engine.containers.inspect(id)).State).toMatchObject({ Status: 'exited' });
      await engine.containers.remove(id);
    }
    const [host] = engine.hosts.hosts;
    const running = [...((await host?.running()) ?? new Map()).keys()];
    expect(engine.list().map(({ Id, State }) => [Id, State])).toEqual([[running[0], 'running']]);
    expect(running).toHaveLength(1);
  });

  it('are reckoned as docker does: what files they wrote, and with that their image', async () => {
    const sizes = async (name: string) => {
      const { SizeRw, SizeRootFs } = await engine.containers.inspect(name, { size: true });
      return [SizeRw, SizeRootFs];
    };
    const [image] = (await made.images.current()).filter(({ references }) => references.includes('busybox:latest'));
    const total = image?.size.total ?? 0;
    expect(total).toBeGreaterThan(100_000);
    await create('untouched');
    await engine.containers.start('untouched');
    expect(await sizes('untouched')).toEqual([0, total]);
    const script = 'mkdir -p /a/b/c && printf 12345 > /a/b/c/d && ln /a/b/c/d /a/e && rm /etc/shadow; sleep 1000';
    await create('writer', { Cmd: ['sh', '-c', script] });
    await engine.containers.start('writer');
    await expect.poll(() => sizes('writer'), { timeout: 60_000 }).toEqual([5, total + 5]);
    const listed = await engine.containers.list({ size: true });
    expect(listed.map(({ SizeRw }) => SizeRw).sort()).toEqual([0, 5]);
  });

  async function namesIn(tar: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<readonly string[]> {
    const bytes = new Uint8Array(await new Response(tar).arrayBuffer());
    return (await unpackTar(bytes)).map(({ header }) => header.name);
  }

  it('are copied and exported under docker’s names', async () => {
    await create('named', { Cmd: ['sh', '-c', 'mkdir -p /a/b && echo 1 > /a/1 && ln /a/1 /a/b/2; sleep 1000'] });
    await engine.containers.start('named');
    const copied = async (path: string) => {
      const { stat, tar } = await engine.containers.copyOut('named', path);
      return [stat.name, ...(await namesIn(tar))];
    };
    await expect.poll(() => copied('/a/b/.'), { timeout: 60_000 }).toEqual(['.', './', './2']);
    expect(await copied('/a/.')).toEqual(['.', './', './1', './b/', './b/2']);
    expect(await copied('/a/../a')).toEqual(['a', 'a/', 'a/1', 'a/b/', 'a/b/2']);
    expect(await copied('/a/b/')).toEqual(['b', 'b/', 'b/2']);
    const tar = new Uint8Array(await new Response(await engine.containers.export('named')).arrayBuffer());
    const exported = new Map((await unpackTar(tar)).map(({ header, data }) => [header.name, { header, data }]));
    expect([...exported.keys()].filter((name) => /^(\/|\.\/)|^$/.test(name))).toEqual([]);
    expect(new TextDecoder().decode(exported.get('etc/passwd')?.data)).toContain('root:');
    expect(exported.get('a/b/2')?.header).toMatchObject({ type: 'link', linkname: 'a/1' });
  });

  const tarOf = async (name: string, more: { readonly uid?: number; readonly gid?: number } = {}) =>
    new Blob([new Uint8Array(await packTar([{ header: { name, size: 4, ...more }, body: 'new\n' }]))]).stream();

  it.each(['host', 'private'])('have their volumes before they run, with users of the %s', async (users) => {
    const userns = users === 'private' ? { UsernsMode: 'private' } : {};
    await create('linker', { Cmd: ['sh', '-c', 'mkdir /srv && ln -s srv/../srv /link'] });
    const { ended } = await engine.containers.wait('linker', 'next-exit');
    await engine.containers.start('linker');
    await ended;
    await engine.containers.commit('linker', { reference: `linked-${users}` });
    await create('filled', {
      Image: `linked-${users}`,
      Cmd: ['sh', '-c', 'cat /data/x /etc/x /srv/deep/x; stat -c %u /data /srv/deep /etc/x; head -c 5 /etc/passwd'],
      HostConfig: {
        ...userns,
        Binds: [`${users}-data:/data`, `${users}-etc:/etc`, `${users}-deep:/link/deep`, `${users}-shut:/shut:ro`],
      },
    });
    for (const path of ['/data', '/etc/', '/srv/deep']) {
      await engine.containers.copyIn('filled', path, await tarOf('x', { uid: 7 }));
    }
    await expect(engine.containers.copyIn('filled', '/shut', await tarOf('x'))).rejects.toMatchObject({
      message: 'mounted volume is marked read-only',
    });
    expect(await engine.containers.statPath('filled', '/data/x')).toMatchObject({ name: 'x', size: 4 });
    expect(await namesIn((await engine.containers.copyOut('filled', '/link/deep')).tar)).toEqual(['deep/', 'deep/x']);
    // What was made to mount them is nothing that it wrote; behind a link docker and the host tell of it.
    const changes = await engine.containers.changes('filled');
    expect(changes.map(({ path }) => path)).toEqual(['/srv', '/srv/deep']);
    const over = await engine.containers.wait('filled', 'next-exit');
    const { output } = await engine.containers.attach('filled', { stdout: true, stderr: true, stream: true });
    await engine.containers.start('filled');
    expect(await textOf(output)).toBe('new\nnew\nnew\n0\n0\n7\nroot:');
    await over.ended;
    expect(new TextDecoder().decode(await bytesOf('filled', '/etc/x'))).toBe('new\n');
  });

  async function bytesOf(name: string, path: string): Promise<Uint8Array | undefined> {
    const { tar } = await engine.containers.copyOut(name, path);
    const [entry] = await unpackTar(new Uint8Array(await new Response(tar).arrayBuffer()));
    return entry?.data;
  }

  it.each([false, true])('are written to where their root is not, running: %s', async (runs) => {
    await create('sealed', { HostConfig: { ReadonlyRootfs: true, Binds: ['open:/open'] } });
    if (runs) await engine.containers.start('sealed');
    await engine.containers.copyIn('sealed', '/open', await tarOf('x'));
    expect(await engine.containers.statPath('sealed', '/open/x')).toMatchObject({ size: 4 });
    await expect(engine.containers.copyIn('sealed', '/tmp', await tarOf('x'))).rejects.toMatchObject({
      message: 'container rootfs is marked read-only',
    });
    await expect(engine.containers.statPath('sealed', '/tmp/x')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('are copied without what the kernel makes up, and with what is mounted', async () => {
    const body = { HostConfig: { Binds: ['whole:/data/deep'], Tmpfs: { '/scratch': '' } } };
    await create('whole', { ...body, Cmd: ['sh', '-c', 'touch /data/deep/x /scratch/y /data/z; sleep 1000'] });
    await engine.containers.start('whole');
    const names = async (path: string) => namesIn((await engine.containers.copyOut('whole', path)).tar);
    await expect.poll(() => names('/data'), { timeout: 60_000 }).toContain('data/z');
    const all = await names('/');
    expect(all).toEqual(
      expect.arrayContaining(['/', '/data/deep/x', '/scratch/y', '/data/z', '/etc/hosts', '/proc/', '/sys/']),
    );
    expect(all.filter((name) => /^\/(proc|sys|dev\/(?!shm))./.test(name))).toEqual(['/proc/', '/sys/']);
    expect(new Set(all).size).toBe(all.length);
    expect(await names('/proc/.')).toEqual(['./']);
    await expect(engine.containers.statPath('whole', '/proc/version')).rejects.toMatchObject({
      code: 'NotFound',
      message: 'Could not find the file /proc/version in container whole',
    });
    // Programs find them all the same.
    const { Id } = await engine.execs.create('whole', { Cmd: ['pwd'], WorkingDir: '/proc/1', AttachStdout: true });
    expect(await textOf((await engine.execs.start(Id, { detach: false })).output)).toBe('/proc/1\n');
  });

  it('keep owners of what is copied, unless they have a user', async () => {
    const owned = async (name: string) => {
      await engine.containers.copyIn(name, '/tmp', await tarOf('x', { uid: 12, gid: 34 }), { copyUidGid: true });
      const { tar } = await engine.containers.copyOut(name, '/tmp/x');
      const [entry] = await unpackTar(new Uint8Array(await new Response(tar).arrayBuffer()));
      return [entry?.header.uid, entry?.header.gid];
    };
    await create('plain');
    expect(await owned('plain')).toEqual([12, 34]);
    await create('used', { User: 'www-data' });
    expect(await owned('used')).toEqual([33, 33]);
    await create('apart', { User: '5:6', HostConfig: { UsernsMode: 'private' } });
    expect(await owned('apart')).toEqual([5, 6]);
  });

  it.each(['host', 'private'])(
    'have the mark of containers, which is no change of theirs, with users of the %s',
    async (users) => {
      await create('marked', { HostConfig: users === 'private' ? { UsernsMode: 'private' } : {} });
      await engine.containers.start('marked');
      expect(await said('marked', ['stat', '-c', '%F', '/.dockerenv'])).toBe('regular empty file\n');
      expect(await engine.containers.changes('marked')).toEqual([]);
      expect(await namesIn(await engine.containers.export('marked'))).toContain('.dockerenv');
    },
  );
});
