import { afterEach, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../api/container';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { FakeClock, settle } from '../../base/fake-clock';
import { emptyRunConfig } from '../../formats/image-config';
import { SwitchClient } from '../../network/switch-client';
import { switchInThisThread } from '../lab-fixture';
import { Networks } from '../networks';
import { createStores } from '../stores-fixture';
import { LabContainers } from './engine';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

const digest = `sha256:${'a'.repeat(64)}` as const;
const image = {
  id: digest,
  manifest: digest,
  layers: [{ digest, diffId: digest }],
  config: {
    platform: { os: 'linux', architecture: '386' },
    run: { ...emptyRunConfig, cmd: ['sleep', '60'] },
    diffIds: [digest],
    history: [],
  },
};

const engines: LabContainers[] = [];

async function setUp() {
  const clock = new FakeClock(1_000_000);
  const stores = await createStores();
  const hosts = new ScriptedHosts();
  const failures: SandboxError[] = [];
  let random = 0;
  const randomBytes = (count: number) =>
    Uint8Array.from({ length: count }, () => {
      random = (random * 75 + 74) % 65537;
      return random;
    });
  const open = async (): Promise<LabContainers> => {
    const wire = new SwitchClient({ start: () => switchInThisThread(clock), clock });
    const networks = new Networks({ records: stores.records, switch: wire, clock, randomBytes });
    const stored = await stores.records.list('reservations');
    networks.adopt([], stored.map(({ value }) => value) as never);
    const engine = new LabContainers({
      hosts,
      networks,
      records: stores.records,
      blobs: stores.blobs,
      images: async () =>
        ({
          select: async () => image,
          readTexts: async () => ({ '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n' }),
          list: () => [],
        }) as never,
      holdImages: async () => undefined,
      clock,
      randomBytes,
      failed: (error) => failures.push(error),
    });
    engines.push(engine);
    await engine.open();
    await settle();
    return engine;
  };
  const host = new ScriptedHost('one');
  hosts.add(host);
  const engine = await open();
  const state = async (id: string, of = engine) => (await of.containers.inspect(id)).State;
  return { clock, stores, hosts, host, engine, open, state, failures };
}

const body = (more: Partial<ContainerCreateBody> = {}): ContainerCreateBody => ({ Image: 'busybox', ...more });
const policy = (Name: 'always' | 'on-failure' | 'unless-stopped', MaximumRetryCount = 0) => ({
  HostConfig: { RestartPolicy: { Name, MaximumRetryCount } },
});

async function started(engine: LabContainers, more: Partial<ContainerCreateBody> = {}): Promise<string> {
  const { Id } = await engine.containers.create(body(more));
  await engine.containers.start(Id);
  return Id;
}

afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

describe('the life of containers', () => {
  it('ends as their host says, with its reasons', async () => {
    const { engine, host, state } = await setUp();
    const id = await started(engine);
    const { ended } = await engine.containers.wait(id);
    host.exit(id, 137, { oomKilled: true });
    expect(await ended).toEqual({ StatusCode: 137 });
    expect(await state(id)).toMatchObject({ Status: 'exited', ExitCode: 137, OOMKilled: true, Pid: 0 });
  });

  it('ends also when their host says nothing', async () => {
    const { engine, host, clock } = await setUp();
    const id = await started(engine);
    const { ended } = await engine.containers.wait(id);
    host.exit(id, 3, false);
    await clock.advance(2000);
    expect(await ended).toEqual({ StatusCode: 3 });
  });

  it('ends with the host, which is the reason; and begins again where the policy says so and a host is there', async () => {
    const { engine, hosts, host, clock, state } = await setUp();
    const plain = await started(engine);
    const always = await started(engine, policy('always'));
    hosts.lose(host, 'The machine was killed');
    await settle();
    expect(await state(plain)).toMatchObject({ Status: 'exited', ExitCode: 255, Error: 'The machine was killed' });
    expect(await state(always)).toMatchObject({ Status: 'restarting', ExitCode: 255 });
    // No host yet: it is tried again and again.
    await clock.advance(1000);
    expect(await state(always)).toMatchObject({ Status: 'restarting' });
    const next = new ScriptedHost('one');
    hosts.add(next);
    await clock.advance(60_000);
    expect(await state(always)).toMatchObject({ Status: 'running' });
    expect(next.specs.map((spec) => spec.id)).toEqual([always]);
  });

  it('begins again after pauses that double, and not after somebody has stopped them', async () => {
    const { engine, host, clock, state } = await setUp();
    const id = await started(engine, policy('always'));
    for (const pause of [100, 200, 400]) {
      host.exit(id, 1);
      await settle();
      expect(await state(id)).toMatchObject({ Status: 'restarting' });
      await clock.advance(pause - 1);
      expect(await state(id)).toMatchObject({ Status: 'restarting' });
      await clock.advance(1);
      expect(await state(id)).toMatchObject({ Status: 'running' });
    }
    expect((await engine.containers.inspect(id)).RestartCount).toBe(3);
    host.exit(id, 1);
    await settle();
    expect(await engine.containers.stop(id)).toBe(true);
    await clock.advance(100_000);
    expect(await state(id)).toMatchObject({ Status: 'exited' });
    expect(host.specs).toHaveLength(4);
  });

  it('is ended by force when the signal does nothing in time', async () => {
    const { engine, host, clock, state } = await setUp();
    const id = await started(engine);
    host.ignores = new Set([15]);
    const stopping = engine.containers.stop(id, { seconds: 3 });
    await clock.advance(2999);
    expect(host.signals).toEqual([[id, 15]]);
    await clock.advance(1);
    expect(await stopping).toBe(true);
    expect(host.signals).toEqual([
      [id, 15],
      [id, 9],
    ]);
    expect(await state(id)).toMatchObject({ Status: 'exited', ExitCode: 137 });
  });

  it('gives up on a host that does not answer, and says so', async () => {
    const { engine, host, clock } = await setUp();
    const id = await started(engine);
    host.ignores = new Set([9]);
    const killing = engine.containers.kill(id);
    const refused = expect(killing).rejects.toMatchObject({ code: 'Unavailable' });
    await clock.advance(10_000);
    await refused;
  });

  it('does not begin where the host refuses, and leaves port and name to others', async () => {
    const { engine, host, state } = await setUp();
    const HostConfig = { PortBindings: { '80/tcp': [{ HostPort: '80' }] } };
    const { Id } = await engine.containers.create(body({ HostConfig }), { name: 'web' });
    host.refusal = new SandboxError('NotFound', 'exec: "x": executable file not found in $PATH', {
      details: { exitCode: 127 },
    });
    await expect(engine.containers.start(Id)).rejects.toThrow('executable file not found in $PATH');
    expect(await state(Id)).toMatchObject({ Status: 'created', ExitCode: 127 });
    expect(engine.published()).toEqual([]);
    host.refusal = undefined;
    await engine.containers.start(Id);
    expect(engine.published()).toMatchObject([{ hostPort: 80 }]);
  });

  it('goes on after a reload where the host does, and is over where it does not', async () => {
    const { engine, host, hosts, open, state } = await setUp();
    const going = await started(engine);
    const gone = await started(engine, { HostConfig: { AutoRemove: true } });
    const back = await started(engine, policy('unless-stopped'));
    engine.dispose();
    for (const id of [gone, back]) host.runs.delete(id);
    const again = await open();
    expect(await state(going, again)).toMatchObject({ Status: 'running', Pid: 7 });
    expect(await state(back, again)).toMatchObject({ Status: 'running' });
    await expect(again.containers.inspect(gone)).rejects.toThrow('No such container');
    again.dispose();
    hosts.lose(host, 'Gone');
    const last = await open();
    expect(await state(going, last)).toMatchObject({ Status: 'exited', ExitCode: 255 });
    expect((await state(going, last)).Error).toContain('reloaded');
  });

  it('can be stopped as soon as the next page is there, before it is taken up again', async () => {
    const { engine, host, hosts, open, state } = await setUp();
    const id = await started(engine);
    engine.dispose();
    const up = createDeferred<void>();
    hosts.starting = up.promise;
    const again = await open();
    const stopping = again.containers.stop(id);
    up.resolve();
    expect(await stopping).toBe(true);
    expect(host.signals).toEqual([[id, 15]]);
    expect(await state(id, again)).toMatchObject({ Status: 'exited' });
  });

  it('is told to who waits, also when it ends without having begun again', async () => {
    const { engine, host, clock } = await setUp();
    const id = await started(engine, policy('on-failure', 1));
    const { ended } = await engine.containers.wait(id);
    host.refusal = new SandboxError('Unavailable', 'No room on the host');
    host.exit(id, 1);
    await clock.advance(1000);
    expect(await ended).toEqual({ StatusCode: 128, Error: { Message: 'No room on the host' } });
    host.refusal = undefined;
    await engine.containers.start(id);
    const { ended: stopped } = await engine.containers.wait(id);
    host.exit(id, 1);
    await settle();
    await engine.containers.stop(id);
    expect(await stopped).toEqual({ StatusCode: 1 });
  });

  it('is over for one that goes with its end and cannot begin', async () => {
    const { engine, host } = await setUp();
    const { Id } = await engine.containers.create(body({ HostConfig: { AutoRemove: true } }));
    const { ended } = await engine.containers.wait(Id, 'removed');
    host.refusal = new SandboxError('NotFound', 'exec: "x": executable file not found in $PATH', {
      details: { exitCode: 127 },
    });
    await expect(engine.containers.start(Id)).rejects.toThrow('executable file not found');
    expect(await ended).toMatchObject({ StatusCode: 127 });
    expect(engine.list()).toEqual([]);
  });

  it('is removed with all that it had, also while it waits for its next start', async () => {
    const { engine, host, clock, stores } = await setUp();
    const id = await started(engine, policy('always'));
    host.exit(id, 1);
    await settle();
    await expect(engine.containers.remove(id)).rejects.toThrow('container is restarting: stop the container');
    await engine.containers.remove(id, { force: true, volumes: true });
    await clock.advance(60_000);
    expect(host.specs).toHaveLength(1);
    for (const collection of ['containers', 'reservations', 'containerVolumes'] as const) {
      expect(await stores.records.list(collection)).toEqual([]);
    }
  });

  it('is refused, as a whole, when it cannot be written down', async () => {
    const { engine, stores } = await setUp();
    const { apply } = stores.records;
    stores.records.apply = () => Promise.reject(new SandboxError('ResourceExhausted', 'No room'));
    await expect(engine.containers.create(body(), { name: 'web' })).rejects.toMatchObject({
      code: 'ResourceExhausted',
    });
    stores.records.apply = apply.bind(stores.records);
    expect(engine.list()).toEqual([]);
    await engine.containers.create(body(), { name: 'web' });
  });
});
