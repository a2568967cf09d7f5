import { afterEach, describe, expect, it } from 'vitest';
import type { ContainerCreateBody, HostConfig } from '../../api/container';
import type { EventOptions } from '../../api/container-event';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { FakeClock, settle } from '../../base/fake-clock';
import { chunksOf } from '../../base/streams';
import { createStores } from '../stores-fixture';
import type { LabContainers } from './engine';
import { scriptedEngines } from './engine-fixture';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

const engines: LabContainers[] = [];

async function setUp() {
  const clock = new FakeClock(1_000_000);
  const stores = await createStores();
  const hosts = new ScriptedHosts();
  const failures: SandboxError[] = [];
  const openEngine = scriptedEngines({ clock, stores, hosts, failed: (error) => failures.push(error) });
  const open = async (): Promise<LabContainers> => {
    const engine = await openEngine();
    engines.push(engine);
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

  it('is not placed by those who look at what has not run', async () => {
    const { engine } = await setUp();
    const { Id } = await engine.containers.create(body());
    expect(await engine.containers.changes(Id)).toEqual([]);
    expect([engine.placements.hostOf(Id), engine.placements.list()]).toEqual([undefined, []]);
  });

  it('is told as docker tells it, with its networks and volumes', async () => {
    const { engine, host, clock } = await setUp();
    const { Id } = await engine.containers.create(body({ HostConfig: { Binds: ['data:/data:ro'] }, StopTimeout: 1 }), {
      name: 'web',
    });
    await engine.containers.start(Id);
    host.ignores = new Set([15]);
    const stopped = engine.containers.stop(Id);
    await clock.advance(1000);
    await stopped;
    await engine.containers.remove(Id);
    await engine.containers.prune();
    await clock.advance(1000);
    const told: string[] = [];
    const events = engine.events({ since: 0, until: clock.now() });
    for await (const { Type, Action, Actor } of chunksOf(events)) {
      const { container, exitCode, signal } = Actor.Attributes;
      told.push([Type, Action, container === Id ? 'web' : (exitCode ?? signal)].filter(Boolean).join(' '));
    }
    expect(told).toEqual([
      ...['volume create', 'container create', 'network connect web', 'volume mount web', 'container start'],
      ...['container kill 15', 'container kill 9', 'container die 137', 'network disconnect web', 'volume unmount web'],
      ...['container stop', 'container destroy', 'container prune'],
    ]);
  });

  it('is told with what health checks run, as docker does, and without it to whoever wants only what others do', async () => {
    const { engine, host, clock } = await setUp();
    const empty = () => new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => controller.close() });
    host.exec = async () => ({
      ...{ id: 'check', stdin: new WritableStream(), stdout: empty(), stderr: empty(), exited: Promise.resolve(0) },
      ...{ resize: () => undefined, kill: () => undefined },
    });
    const id = await started(engine, { Healthcheck: { Test: ['CMD', 'true'], Interval: 2e9 } });
    const live = engine.events({ withoutHealthChecks: true }).getReader();
    for (let round = 0; round < 2; round += 1) {
      await clock.advance(2000);
      await settle();
    }
    // A person runs the same.
    const { Id: exec } = await engine.execs.create(id, { Cmd: ['true'] });
    await (await engine.execs.start(exec, { detach: true })).output.cancel();
    await settle();
    await clock.advance(1);
    const until = clock.now();
    const told = async (options: EventOptions): Promise<readonly string[]> => {
      const events: string[] = [];
      for await (const { Action } of chunksOf(engine.events({ since: 0, until, ...options }))) events.push(Action);
      return events;
    };
    const check = ['exec_create: true', 'exec_start: true', 'exec_die'];
    const others = ['create', 'connect', 'start', 'health_status: healthy', ...check];
    expect((await told({})).toSorted()).toEqual([...others, ...check, ...check].toSorted());
    expect(await told({ withoutHealthChecks: true })).toEqual(others);
    expect((await live.read()).value?.Action).toBe('health_status: healthy');
    expect((await live.read()).value?.Actor.Attributes['execID']).toBe(exec);
    host.exit(id, 0);
  });

  it('is told with what else runs in them, and who has left them', async () => {
    const { engine, host, clock } = await setUp();
    const id = await started(engine);
    const body = { Cmd: ['ls', '/'], AttachStdout: true };
    const ended = createDeferred<number>();
    host.exec = async () => ({ ...(await host.reattach(id)), exited: ended.promise });
    const { Id: execID } = await engine.execs.create(id, body);
    const { output, detached } = await engine.execs.start(execID, { detach: false });
    detached?.();
    await output.cancel();
    const look = await engine.execs.create(id, { Cmd: ['look'] }, { untold: true });
    host.exec = () => Promise.reject(new SandboxError('Unavailable', 'The host is gone'));
    await expect(engine.execs.start(look.Id, { detach: false })).rejects.toThrow('The host is gone');
    ended.resolve(3);
    const view = await engine.containers.attach(id, { stream: true, stdout: true });
    view.detached?.();
    await view.output.cancel();
    host.exit(id, 0);
    await settle();
    await clock.advance(1);
    const told: string[] = [];
    for await (const { Action, Actor } of chunksOf(engine.events({ since: 0, until: clock.now() }))) {
      if (Actor.Attributes['execID'] === execID) told.push(`${Action} ${Actor.Attributes['exitCode'] ?? ''}`.trim());
      else if (Action.includes('tach') || Action.startsWith('exec')) told.push(Action);
    }
    expect(told.sort()).toEqual([
      'attach',
      'detach',
      'exec_create: ls /',
      'exec_detach',
      'exec_die 3',
      'exec_start: ls /',
    ]);
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

  it('begins where the engine put it, which says why, after a reload too', async () => {
    const { engine, clock, open } = await setUp();
    const free = await started(engine);
    await clock.advance(5);
    const bound = await started(engine, { Labels: { 'org.strata.host': 'one' } });
    await clock.advance(5);
    const { Name } = await engine.containers.inspect(free);
    const { Id: beside } = await engine.containers.create(
      body({ HostConfig: { IpcMode: `container:${Name.slice(1)}` } }),
    );
    // This host has told no pid, so that nobody can join; it has been chosen all the same.
    await expect(engine.containers.start(beside)).rejects.toThrow('non running container');
    const decisions = [
      { container: beside, host: 'one', reason: { kind: 'neighbour', container: Name.slice(1) } },
      { container: bound, host: 'one', reason: { kind: 'label', label: 'org.strata.host' } },
      { container: free, host: 'one', reason: { kind: 'only' } },
    ];
    expect(engine.placements.list()).toMatchObject(decisions);
    expect([free, 'gone'].map((id) => engine.placements.hostOf(id))).toEqual(['one', undefined]);
    await engine.containers.restart(free);
    expect(engine.placements.list()).toHaveLength(3);
    expect((await open()).placements.list()).toMatchObject(decisions);
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

  it.each([
    [126, 'exec /bin/odd: exec format error', false],
    [127, 'exec /bin/odd: no such file or directory', true],
  ])('has begun, and ended with %i, where the kernel refuses its program: %s', async (exitCode, message, Tty) => {
    const { engine, host, state, clock } = await setUp();
    host.refusal = new SandboxError('Internal', message, { details: { exitCode } });
    const { Id } = await engine.containers.create(body({ Tty, ...policy('on-failure', 1) }));
    const { ended } = await engine.containers.wait(Id, 'next-exit');
    expect(await engine.containers.start(Id)).toBe(true);
    expect(await ended).toMatchObject({ StatusCode: exitCode });
    expect(await state(Id)).toMatchObject({ Status: 'restarting', ExitCode: exitCode, Error: '' });
    await clock.advance(100);
    expect(await state(Id)).toMatchObject({ Status: 'exited', ExitCode: exitCode });
    const { output } = await engine.containers.logs(Id, { stdout: true, stderr: true });
    const said = { stdout: '', stderr: '' };
    for await (const { stream, bytes } of chunksOf(output)) said[stream] += new TextDecoder().decode(bytes);
    const twice = `${message}${Tty ? '\r' : ''}\n`.repeat(2);
    expect(said).toEqual(Tty ? { stdout: twice, stderr: '' } : { stdout: '', stderr: twice });
  });

  it('has the name, and what is told of its network, of the container whose network it shares', async () => {
    const { engine, host } = await setUp();
    const web = {
      Hostname: 'front',
      Domainname: 'lab.test',
      HostConfig: { Dns: ['9.9.9.9'], ExtraHosts: ['db:10.0.0.9'] },
    };
    const { Id: donor } = await engine.containers.create(body(web), { name: 'web' });
    await engine.containers.start(donor);
    host.tell(donor, 7);
    await settle();
    const side = await started(engine, { HostConfig: { NetworkMode: 'container:web' } });
    const [ofDonor, ofSide] = host.specs.map(({ mounts }) => mounts.filter(({ kind }) => kind === 'file'));
    expect(ofSide).toEqual(ofDonor);
    expect(JSON.stringify(ofSide)).toContain('db');
    expect(host.specs[1]?.config).toMatchObject({ hostname: 'front', domainname: 'lab.test' });
    expect((await engine.containers.inspect(side)).Config).toMatchObject({ Hostname: 'front', Domainname: 'lab.test' });
    const both = body({ Hostname: 'own', HostConfig: { NetworkMode: 'container:web' } });
    await expect(engine.containers.create(both)).rejects.toThrow('hostname and the network mode');
  });

  it('has the memory of the container whose IPC namespace it shares, where that is for others, and with --ipc none none', async () => {
    const { engine, host } = await setUp();
    const shareable = await started(engine, { HostConfig: { IpcMode: 'shareable' } });
    const own = await started(engine);
    for (const id of [shareable, own]) host.tell(id, 7);
    await settle();
    const side = await started(engine, { HostConfig: { IpcMode: `container:${shareable}` } });
    host.tell(side, 8);
    await settle();
    await started(engine, { HostConfig: { IpcMode: `container:${side}` } });
    await started(engine, { HostConfig: { IpcMode: 'none' } });
    const memory = { kind: 'memory', of: shareable, target: '/dev/shm', readOnly: false };
    const specs = host.specs.map(({ mounts, config }) => [
      mounts.find(({ target }) => target === '/dev/shm'),
      config.mounts?.some(({ destination }) => destination === '/dev/shm'),
    ]);
    expect(specs).toEqual([
      [memory, false],
      [undefined, true],
      [memory, false],
      [memory, false],
      [undefined, false],
    ]);
    const refused = await engine.containers.create(body({ HostConfig: { IpcMode: `container:${own}` } }));
    await expect(engine.containers.start(refused.Id)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: `can't join IPC of container ${own}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    });
    const sized = body({ HostConfig: { IpcMode: 'shareable', ShmSize: 1 } });
    await expect(engine.containers.create(sized)).rejects.toThrow('--shm-size is not supported with --ipc shareable');
  });

  it('ends in the lists with a host that is removed, and so do its volumes, which is told', async () => {
    const { engine, hosts, host, clock, failures } = await setUp();
    hosts.known.add('one');
    await started(engine, { HostConfig: { Binds: ['data:/data'] } });
    const { Id: next } = await engine.containers.create(body({ HostConfig: { Binds: ['data:/data'] } }));
    const since = clock.now();
    hosts.remove(host);
    await clock.advance(1000);
    expect(failures).toEqual([]);
    expect(engine.list().map(({ Id }) => Id)).toEqual([next]);
    expect(await engine.volumes.list()).toEqual([]);
    await clock.advance(1000);
    const told: string[] = [];
    for await (const { Type, Action } of chunksOf(engine.events({ since, until: clock.now() }))) {
      told.push(`${Type} ${Action}`);
    }
    expect(told).toEqual(expect.arrayContaining(['container die', 'container destroy', 'volume destroy']));
    // A later host of that name has an empty directory, which is not what this one was promised.
    hosts.add(new ScriptedHost('one'));
    await expect(engine.containers.start(next)).rejects.toThrow('get data: no such volume');
  });

  it('has its published ports at gateways for as long as it runs, over a reload too', async () => {
    const { engine, open } = await setUp();
    const PortBindings = {
      '80/tcp': [{ HostPort: '8080' }, { HostIp: '127.0.0.1', HostPort: '9090' }],
      '53/udp': [{}],
    };
    const id = await started(engine, { HostConfig: { PortBindings } });
    const { IPAddress: address } = (await engine.containers.inspect(id)).NetworkSettings.Networks['bridge'] ?? {};
    const forwards = [{ port: 8080, network: 'default', to: { address, port: 80 } }];
    expect(engine.forwardsOn('default')).toEqual(forwards);
    await engine.networks.create({ Name: 'open' });
    await engine.networks.create({ Name: 'inner', Internal: true });
    expect(engine.forwardsOn('open')).toEqual(forwards);
    expect(engine.forwardsOn('inner')).toEqual([]);
    engine.dispose();
    const again = await open();
    expect(again.forwardsOn('default')).toEqual(forwards);
    await again.containers.kill(id);
    expect(again.forwardsOn('default')).toEqual([]);
    again.dispose();
  });

  it('publishes no port on internal networks alone, leaves the number to others, and has it once it is on another', async () => {
    const { engine, open } = await setUp();
    const HostConfig = { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
    await engine.networks.create({ Name: 'inner', Internal: true });
    await engine.networks.create({ Name: 'open' });
    const inner = { HostConfig: { ...HostConfig, NetworkMode: 'inner' } };
    const { Id: id } = await engine.containers.create(body(inner), { name: 'web' });
    await engine.containers.start(id);
    const shown = async (of = engine) => ({
      published: of.published().map(({ container, network, hostPort }) => [container, network, hostPort]),
      listed: (await of.containers.list())[0]?.Ports,
      inspected: (await of.containers.inspect(id)).NetworkSettings.Ports,
    });
    const exposed = { published: [], listed: [{ PrivatePort: 80, Type: 'tcp' }], inspected: { '80/tcp': null } };
    expect(await shown()).toEqual(exposed);
    const other = await started(engine, { HostConfig });
    expect(engine.published()).toMatchObject([{ container: other, hostPort: 8080 }]);
    await expect(engine.networks.connect('open', { Container: id })).rejects.toThrow('port is already allocated');
    const { Networks } = (await engine.containers.inspect(id)).NetworkSettings;
    expect(Object.entries(Networks).map(([name, { Gateway }]) => [name, Gateway])).toEqual([['inner', '']]);
    await engine.containers.remove(other, { force: true });
    await engine.networks.connect('open', { Container: id });
    const bound = { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' };
    const inspected = { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }] };
    const published = { published: [[id, 'open', 8080]], listed: [bound], inspected };
    expect(await shown()).toEqual(published);
    engine.dispose();
    const again = await open();
    expect(await shown(again)).toEqual(published);
    await again.networks.disconnect('open', id);
    expect(await shown(again)).toEqual(exposed);
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

  it('is over on a host that went back to a moment before its end, and after its removal', async () => {
    const { engine, host, open, state } = await setUp();
    const [ended, removed, going] = [await started(engine), await started(engine), await started(engine)];
    await engine.containers.kill(ended);
    await engine.containers.remove(removed, { force: true });
    engine.dispose();
    host.signals.length = 0;
    host.strays = new Set([ended, removed, going]);
    const again = await open();
    expect(host.signals).toEqual([
      [ended, 'SIGKILL'],
      [removed, 'SIGKILL'],
    ]);
    expect(await state(ended, again)).toMatchObject({ Status: 'exited', ExitCode: 137 });
    expect(await state(going, again)).toMatchObject({ Status: 'running' });
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

  it('begins again on request also for one that goes with its end', async () => {
    const { engine, host, state } = await setUp();
    const id = await started(engine, { HostConfig: { AutoRemove: true } });
    await engine.containers.restart(id);
    expect(await state(id)).toMatchObject({ Status: 'running' });
    expect(host.specs).toHaveLength(2);
    const { ended } = await engine.containers.wait(id, 'removed');
    host.exit(id, 0);
    await ended;
    await expect(engine.containers.inspect(id)).rejects.toThrow('No such container');
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

  it('leaves no end that nobody hears of when the engine ends first', async () => {
    const { engine, host } = await setUp();
    const { Id } = await engine.containers.create(body());
    const running = createDeferred<never>();
    host.run = () => running.promise;
    // A rejection without a listener fails the run of the tests.
    const refused = expect(engine.containers.start(Id)).rejects.toThrow('The host has gone');
    await settle();
    engine.dispose();
    await settle();
    running.reject(new SandboxError('Unavailable', 'The host has gone'));
    await refused;
  });

  it('gives up its volume without a start of the host, and the next of that name is another one', async () => {
    const { engine, hosts, host, state } = await setUp();
    const id = await started(engine, { HostConfig: { Binds: ['data:/data'] } });
    host.exit(id, 0);
    await settle();
    expect(await state(id)).toMatchObject({ Status: 'exited' });
    await engine.containers.remove(id);
    hosts.known.add('one');
    hosts.lose(host, 'It was stopped');
    hosts.open = () => Promise.reject(new Error('Nobody needs a host for this'));
    expect((await engine.usage()).Volumes).toMatchObject([{ Name: 'data', UsageData: { Size: -1 } }]);
    await engine.volumes.remove('data');
    expect(await engine.volumes.list()).toEqual([]);
    const next = new ScriptedHost('one');
    const told: string[] = [];
    next.removeVolume = async (name) => void told.push(`remove ${name}`);
    next.createVolume = async (name) => void told.push(`create ${name}`);
    hosts.hosts.push(next);
    hosts.open = async () => next;
    await started(engine, { HostConfig: { Binds: ['data:/data'] } });
    expect(told).toEqual(['remove data', 'create data']);
  });

  it('is made for a network that there is not, begins once there is, and is listed all the time', async () => {
    const { engine, host, state } = await setUp();
    const { Id } = await engine.containers.create(body({ HostConfig: { NetworkMode: 'later' } }), { name: 'web' });
    await expect(engine.containers.start(Id)).rejects.toThrow('network later not found');
    expect(await state(Id)).toMatchObject({ Status: 'created', ExitCode: 128, Error: 'network later not found' });
    const { Networks } = (await engine.containers.inspect(Id)).NetworkSettings;
    expect([engine.list().length, Object.keys(Networks), Networks['later']?.NetworkID]).toEqual([1, ['later'], '']);
    await engine.networks.create({ Name: 'later' });
    await engine.containers.start(Id);
    expect(host.specs.at(-1)?.nics).toMatchObject([{ name: 'eth0', network: 'later' }]);
  });

  it('has the MAC that clients of old give it as a whole, on its first network', async () => {
    const { engine, host } = await setUp();
    await engine.networks.create({ Name: 'n1' });
    const EndpointsConfig = { n1: {}, bridge: {} };
    const id = await started(engine, {
      MacAddress: '02:42:AC:44:00:10',
      HostConfig: { NetworkMode: 'n1' },
      NetworkingConfig: { EndpointsConfig },
    });
    expect(host.specs[0]?.nics.map(({ mac }) => mac === '02:42:ac:44:00:10')).toEqual([true, false]);
    expect((await engine.containers.inspect(id)).NetworkSettings.Networks['n1']?.MacAddress).toBe('02:42:ac:44:00:10');
    const other = { n1: { MacAddress: '02:42:ac:44:00:11' } };
    await expect(
      engine.containers.create(
        body({
          MacAddress: '02:42:ac:44:00:12',
          HostConfig: { NetworkMode: 'n1' },
          NetworkingConfig: { EndpointsConfig: other },
        }),
      ),
    ).rejects.toThrow('the container-wide MAC address must match');
  });

  it.each([
    [{ ShmSize: -1 }, 'SHM size can not be less than 0'],
    [{ CpuShares: -5 }, 'invalid CPU shares (-5)'],
    [{ DeviceRequests: [{ Capabilities: [['gpu']] }] }, 'could not select device driver "" with capabilities: [[gpu]]'],
    [{ Isolation: 'hyperv' }, 'Invalid isolation: "hyperv"'],
    [{ CgroupParent: '/mine' }, '--cgroup-parent is not supported'],
    [{ VolumeDriver: 'nosuch' }, 'plugin "nosuch" not found'],
    [
      { Mounts: [{ Type: 'volume', Target: '/x', VolumeOptions: { DriverConfig: { Name: 'nosuch' } } }] },
      'plugin "nosuch" not found',
    ],
    [{ LogConfig: { Type: 'json-file', Config: { mode: 'odd' } } }, 'logging mode not supported: odd'],
    [{ LogConfig: { Type: 'json-file', Config: { 'max-buffer-size': '4m' } } }, 'max-buffer-size option is only'],
  ] satisfies readonly [HostConfig, string][])('is refused with %j', async (HostConfig, message) => {
    const { engine } = await setUp();
    await expect(engine.containers.create(body({ HostConfig }))).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(message),
    });
    expect(engine.list()).toEqual([]);
  });

  it('has what docker takes beside, and is warned of what has no effect', async () => {
    const { engine } = await setUp();
    const Config = { mode: 'non-blocking', 'max-buffer-size': '4m', labels: 'a', env: 'b', tag: '{{.Name}}' };
    const VolumeOptions = { Labels: { a: 'b' }, DriverConfig: { Name: 'local' } };
    const HostConfig = {
      LogConfig: { Type: 'json-file', Config },
      Mounts: [{ Type: 'volume', Source: 'data', Target: '/x', VolumeOptions } as const],
      NetworkMode: 'host',
      PortBindings: { '80/tcp': [{}] },
    };
    const { Warnings } = await engine.containers.create(body({ HostConfig }));
    expect(Warnings).toEqual(['Published ports are discarded when using host network mode']);
    expect((await engine.volumes.inspect('data')).Labels).toEqual({ a: 'b' });
  });

  it('is listed with ports that cannot be, as an older engine has taken them', async () => {
    const { engine, open, stores } = await setUp();
    const id = await started(engine);
    engine.dispose();
    const [record] = await stores.records.list('containers');
    const stored = record?.value as { readonly config: object };
    const value = { ...stored, config: { ...stored.config, ExposedPorts: { '99999/tcp': {}, '80': {} } } };
    await stores.records.apply([{ collection: 'containers', key: id, value }]);
    const again = await open();
    expect(again.list()[0]?.Ports).toEqual([{ PrivatePort: 80, Type: 'tcp' }]);
    expect((await again.containers.inspect(id)).NetworkSettings.Ports).toEqual({ '99999/tcp': null, '80/tcp': null });
  });

  it('is told of with the memory that a host will have, before there is one', async () => {
    const { engine, hosts, host } = await setUp();
    expect((await engine.info()).MemTotal).toBe(1);
    hosts.lose(host, 'It was stopped');
    expect((await engine.info()).MemTotal).toBe(128 * 1024 ** 2);
  });

  it('is paused once, by its id, and not while it starts again', async () => {
    const { engine, host } = await setUp();
    const id = await started(engine, policy('always'));
    await engine.containers.pause(id);
    await expect(engine.containers.pause(id)).rejects.toThrow(`Container ${id} is already paused`);
    await engine.containers.unpause(id);
    await expect(engine.containers.unpause(id)).rejects.toThrow(`Container ${id} is not paused`);
    const { Id: idle } = await engine.containers.create(body());
    await expect(engine.containers.unpause(idle)).rejects.toThrow(`Container ${idle} is not paused`);
    host.exit(id, 1);
    await settle();
    const restarting = `Container ${id} is restarting, wait until the container is running`;
    await expect(engine.containers.pause(id)).rejects.toThrow(restarting);
    await expect(engine.containers.top(id)).rejects.toThrow(restarting);
    await expect(engine.execs.create(id, { Cmd: ['true'] })).rejects.toThrow(restarting);
  });

  it('is refused in docker’s words', async () => {
    const { engine } = await setUp();
    await engine.containers.create(body(), { name: 'still' });
    const from = (HostConfig: HostConfig) => engine.containers.create(body({ HostConfig }));
    await expect(from({ VolumesFrom: ['nope'] })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: 'No such container: nope',
    });
    await expect(engine.containers.list({ filters: { exited: ['x'] } })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: "invalid filter 'exited=x'",
    });
    for (const [mode, what] of [
      ['PidMode', 'PID'],
      ['IpcMode', 'IPC'],
      ['NetworkMode', 'network'],
    ] as const) {
      const joins = await from({ [mode]: 'container:still' });
      await expect(engine.containers.start(joins.Id)).rejects.toThrow(
        `cannot join ${what} of a non running container: still`,
      );
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
