import { PassThrough, Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import Dockerode from 'dockerode';
import { packTar, unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../src/base/eventually-fixture';
import { createRouteTable, type Route } from '../../src/engine/http/route';
import { hasHostPrograms } from '../support/container-lab';
import * as schema from '../support/container-schema';
import { hasFileSystemTools } from '../support/disk-templates';
import { type DockerEngine, openDockerEngine } from '../support/docker-engine';
import {
  imageDeleted,
  imageHistory,
  imageInspect,
  imageSummary,
  type Rule,
  violations,
} from '../support/engine-schema';

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

const versions = ['1.41', '1.42', '1.43', '1.44', '1.45', '1.46', '1.47'];

/** What `modem.dial` calls back with when a status was not one of those that were wished for. */
interface Refusal {
  readonly statusCode: number;
  readonly json: { readonly message: string };
}

/** What its types lack. */
interface WithGetImages {
  getImages(options: { readonly names: readonly string[] }): Promise<NodeJS.ReadableStream>;
}

/** Whoever drives the engine by its API alone, with real guests behind it. */
describe.runIf(hasHostPrograms && hasFileSystemTools)('dockerode', { timeout: guardMs }, () => {
  let engine: DockerEngine;
  let docker: Dockerode;
  const tried = new Set<Route>();

  const client = (version: string): Dockerode => {
    const made = new Dockerode({ socketPath: engine.socket, version: `v${version}` });
    const dial = made.modem.dial.bind(made.modem);
    const find = createRouteTable(engine.engine.api.routes);
    made.modem.dial = (...args) => {
      const { method, path } = args[0] as { readonly method: string; readonly path: string };
      const found = find(method, path.replace(/\?.*$/, ''));
      if (found) tried.add(found.route);
      return dial(...args);
    };
    return made;
  };
  const fits = (answer: unknown, rule: Rule): void => expect(violations(answer, rule)).toEqual([]);
  const run = async (options: Dockerode.ContainerCreateOptions): Promise<Dockerode.Container> => {
    const container = await docker.createContainer({ Image: 'busybox', ...options });
    await container.start();
    return container;
  };
  const idle = ['sleep', '3600'];

  beforeAll(async () => {
    engine = await openDockerEngine();
    docker = client('1.47');
    await progress(docker, await docker.pull('busybox:latest'));
  }, guardMs);
  afterAll(() => engine?.[Symbol.asyncDispose](), guardMs);

  it.each(versions)('is told by version %s what the engine is and has', async (version) => {
    const spoken = client(version);
    expect(String(await spoken.ping())).toBe('OK');
    fits(await spoken.version(), schema.systemVersion);
    fits(await spoken.info(), schema.systemInfo);
    const usage = await spoken.df();
    fits(usage, schema.diskUsage);
    const old = Number(version.slice(2)) < 44;
    expect('VirtualSize' in usage.Images[0]).toBe(old);
    expect('VirtualSize' in (await spoken.getImage('busybox').inspect())).toBe(old);
    fits(await spoken.listContainers({ all: true }), { list: schema.containerSummary });
  });

  it('knows images, and moves them', async () => {
    const image = docker.getImage('busybox');
    fits(await image.inspect(), imageInspect);
    fits(await image.history(), imageHistory);
    await image.tag({ repo: 'team/box', tag: '3' });
    fits(await docker.listImages({ filters: { reference: ['team/*'] } }), { list: imageSummary });
    const saved = Buffer.concat(await Readable.from(await docker.getImage('team/box:3').get()).toArray());
    const many = await (docker as unknown as WithGetImages).getImages({ names: ['busybox', 'team/box:3'] });
    const manifest = (await unpackTar(await bytesOf(many))).find(({ header }) => header.name === 'manifest.json');
    expect(
      JSON.parse(new TextDecoder().decode(manifest?.data)).flatMap((each: { RepoTags: [] }) => each.RepoTags),
    ).toEqual(expect.arrayContaining(['busybox:latest', 'team/box:3']));
    const removed: unknown = await docker.getImage('team/box:3').remove();
    expect(removed).toEqual([{ Untagged: 'team/box:3' }]);
    fits(removed, imageDeleted);
    expect(await progress(docker, await docker.loadImage(Readable.from([saved])))).toEqual([
      { stream: 'Loaded image: team/box:3\n' },
    ]);
    const root = await packTar([{ header: { name: 'note', size: 5 }, body: 'hello' }]);
    const imported = await docker.importImage(Readable.from([root]), { repo: 'notes', tag: '1' });
    expect(await progress(docker, imported)).toEqual([{ status: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }]);
    await docker.getImage('notes:1').remove();
    await docker.getImage('team/box:3').remove();
    expect(await docker.pruneImages()).toMatchObject({ SpaceReclaimed: expect.any(Number) });
  });

  it('creates, inspects and lists containers', async () => {
    const made = await docker.createContainer({
      name: 'made',
      Image: 'busybox',
      Cmd: ['true'],
      Labels: { tier: 'front' },
      ExposedPorts: { '80/tcp': {} },
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 },
      HostConfig: { Binds: ['notes:/notes'], Memory: 32 * 1024 * 1024, RestartPolicy: { Name: 'no' } },
    });
    const inspected = await made.inspect({ size: true } as never);
    fits(inspected, schema.containerInspect);
    expect(inspected).toMatchObject({ Name: '/made', State: { Status: 'created' }, SizeRw: expect.any(Number) });
    const listed = await docker.listContainers({ all: true, size: true, filters: { label: ['tier=front'] } });
    fits(listed, { list: schema.containerSummary });
    expect(listed).toMatchObject([{ Names: ['/made'], State: 'created', Status: 'Created' }]);
    await made.rename({ name: 'renamed' });
    fits(await made.update({ Memory: 48 * 1024 * 1024, MemorySwap: 96 * 1024 * 1024 }), schema.updated);
    expect(await made.inspect()).toMatchObject({ Name: '/renamed', HostConfig: { Memory: 48 * 1024 * 1024 } });
    await made.start();
    const waited = await made.wait();
    fits(waited, schema.containerWait);
    expect(waited).toEqual({ StatusCode: 0 });
    await made.remove({ v: true });
    await docker.getVolume('notes').remove();
    expect(await docker.listContainers({ all: true })).toEqual([]);
  });

  it('gets output and errors apart, of what was and of what comes', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'echo out; echo err >&2; read line; echo "got $line"; exit 3'],
      ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, OpenStdin: true, StdinOnce: true },
    });
    const both = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const parts = apart(docker, both);
    await container.start();
    // Output and errors come by ways of their own: the answer is the last line once the error is there.
    await eventually(async () => {
      const known = await container.logs({ stdout: true, stderr: true });
      expect((await apart(docker, Readable.from([known]))).stderr).toBe('err\n');
    });
    both.write('a line\n');
    both.end();
    expect(await container.wait({ condition: 'not-running' })).toEqual({ StatusCode: 3 });
    expect(await parts).toEqual({ stdout: 'out\ngot a line\n', stderr: 'err\n' });
    const log = await container.logs({ stdout: true, stderr: true, timestamps: true, tail: 1 });
    const [{ stdout }, frame] = [await apart(docker, Readable.from([log])), log.subarray(0, 8)];
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z got a line\n$/);
    expect([...frame]).toEqual([1, 0, 0, 0, 0, 0, 0, log.length - 8]);
    const followed = await container.logs({ follow: true, stdout: false, stderr: true });
    expect(await apart(docker, followed)).toEqual({ stdout: '', stderr: 'err\n' });
    await container.remove();
  });

  it('has the bytes of a terminal as they are, and its size', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'echo ready; read line; stty size; read line'],
      ...{ Tty: true, OpenStdin: true, AttachStdin: true, AttachStdout: true },
    });
    const terminal = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true });
    const until = screenOf(terminal);
    await container.start();
    await until('ready\r\n');
    await container.resize({ h: 33, w: 99 });
    terminal.write('\n');
    await until('33 99\r\n');
    terminal.write('\n');
    expect(await container.wait()).toEqual({ StatusCode: 0 });
    expect(String(await container.logs({ stdout: true }))).toContain('33 99\r\n');
    await container.remove();
  });

  describe('with a container that runs', () => {
    let web: Dockerode.Container;

    beforeAll(async () => {
      web = await run({
        name: 'web',
        Cmd: idle,
        ExposedPorts: { '80/tcp': {} },
        HostConfig: { PublishAllPorts: true },
      });
    }, guardMs);
    afterAll(() => web?.remove({ force: true }), guardMs);

    it('runs further programs in it', async () => {
      const exec = await web.exec({
        Cmd: ['sh', '-c', 'cat; echo "$A" >&2; exit 4'],
        Env: ['A=b'],
        ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
      });
      fits(await exec.inspect(), schema.execInspect);
      const stream = await exec.start({ hijack: true, stdin: true });
      const parts = apart(docker, stream);
      stream.end('typed');
      expect(await parts).toEqual({ stdout: 'typed', stderr: 'b\n' });
      const ended = await exec.inspect();
      fits(ended, schema.execInspect);
      expect(ended).toMatchObject({ Running: false, ExitCode: 4, ProcessConfig: { entrypoint: 'sh', tty: false } });
      const terminal = await web.exec({ Cmd: ['tty'], Tty: true, AttachStdout: true });
      const tty = await terminal.start({ hijack: true, Tty: true } as never);
      expect(await textOf(tty)).toMatch(/^\/dev\/pts\/\d+\r\n$/);
      await terminal.resize({ h: 10, w: 20 });
      const detached = await web.exec({ Cmd: ['touch', '/tmp/detached'] });
      await detached.start({ Detach: true });
    });

    it('counts and lists what runs in it', async () => {
      const reading = await web.stats({ stream: false });
      fits(reading, schema.containerStats);
      expect(reading.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(0);
      fits(await web.stats({ stream: false, 'one-shot': true }), schema.containerStats);
      const stream = await web.stats({ stream: true });
      const readings = await firstLines(stream, 2);
      for (const each of readings) fits(each, schema.containerStats);
      expect(readings[1]).toMatchObject({ preread: (readings[0] as { read: string }).read });
      const top = await web.top({ ps_args: '-ef' });
      fits(top, schema.containerTop);
      expect(top.Processes.map((row: string[]) => row.at(-1))).toContain('sleep 3600');
    });

    it('moves files, and tells what has changed', async () => {
      const tar = await packTar([{ header: { name: 'note', size: 5 }, body: 'hello' }]);
      await web.putArchive(Buffer.from(tar), { path: '/tmp' });
      const info = await web.infoArchive({ path: '/tmp/note' });
      const stat = JSON.parse(Buffer.from(info.headers['x-docker-container-path-stat'], 'base64').toString());
      expect(stat).toMatchObject({ name: 'note', size: 5, mode: expect.any(Number), linkTarget: '' });
      const [entry] = await unpackTar(await bytesOf(await web.getArchive({ path: '/tmp/note' })));
      expect([entry?.header.name, new TextDecoder().decode(entry?.data)]).toEqual(['note', 'hello']);
      const changes = await web.changes();
      fits(changes, { list: schema.containerChange });
      expect(changes).toContainEqual({ Path: '/tmp/note', Kind: 1 });
      const names = (await unpackTar(await bytesOf(await web.export()))).map(({ header }) => header.name);
      expect(names.some((name) => name.endsWith('tmp/note'))).toBe(true);
      const committed = await web.commit({ repo: 'team/web', tag: '1', comment: 'by hand', author: 'ann' });
      expect(committed).toEqual({ Id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
      expect(await docker.getImage('team/web:1').inspect()).toMatchObject({ Comment: 'by hand', Author: 'ann' });
      await docker.getImage('team/web:1').remove();
    });

    it('stands still, goes on, is asked and made to end, and begins again', async () => {
      await web.pause();
      expect((await web.inspect()).State).toMatchObject({ Status: 'paused', Running: true, Paused: true });
      await web.unpause();
      const [listed] = await docker.listContainers();
      fits(listed, schema.containerSummary);
      expect(listed?.Ports).toMatchObject([{ PrivatePort: 80, PublicPort: expect.any(Number), Type: 'tcp' }]);
      await web.restart({ t: 0 });
      const next = web.wait({ condition: 'next-exit' });
      await web.kill({ signal: 'SIGKILL' });
      expect(await next).toEqual({ StatusCode: 137 });
      await expect(web.stop()).rejects.toMatchObject({ statusCode: 304 });
      await web.start();
      await expect(web.start()).rejects.toMatchObject({ statusCode: 304 });
      await web.stop({ t: 0 });
      expect((await web.inspect()).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
    });
  });

  it('hears of the health of a container', async () => {
    const events = await docker.getEvents({ filters: { event: ['health_status'] } });
    const heard = firstLines(events, 1);
    const container = await run({
      Cmd: idle,
      Healthcheck: { Test: ['CMD-SHELL', 'echo well'], Interval: 5e8, Timeout: 60e9, Retries: 1 },
    });
    expect(await heard).toMatchObject([{ Action: 'health_status: healthy', Actor: { ID: container.id } }]);
    const inspected = await container.inspect();
    fits(inspected, schema.containerInspect);
    expect(inspected.State.Health).toMatchObject({ Status: 'healthy', FailingStreak: 0 });
    expect(inspected.State.Health?.Log[0]).toMatchObject({ ExitCode: 0, Output: 'well\n' });
    await container.remove({ force: true });
  });

  it('may be driven by guests whose network may, and by no others', async () => {
    const { lab } = engine.engine.lab;
    const guest = await run({ name: 'guest', Cmd: idle });
    const inside = async (script: string): Promise<string> => {
      const exec = await guest.exec({ Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true });
      const { stdout, stderr } = await apart(docker, await exec.start({}));
      return stdout + stderr;
    };
    const ping = 'wget -q -O - http://gateway:2375/_ping';
    expect(await inside(ping)).toContain('Connection refused');
    await lab.setEngineApi('default', true);
    expect(await inside(ping)).toBe('OK');
    const listed: unknown = JSON.parse(await inside('wget -q -O - http://gateway:2375/v1.47/containers/json'));
    fits(listed, { list: schema.containerSummary });
    expect(listed).toMatchObject([{ Id: guest.id, Names: ['/guest'] }]);
    const made = '--header \'Content-Type: application/json\' --post-data \'{"Name":"inside"}\'';
    await inside(`wget -q -O - ${made} http://gateway:2375/v1.47/volumes/create`);
    await docker.getVolume('inside').remove();
    const exec = await guest.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
    const head = `POST /v1.47/exec/${exec.id}/start HTTP/1.1\\r\\nHost: gateway\\r\\nConnection: Upgrade\\r\\nUpgrade: tcp\\r\\nContent-Type: application/json\\r\\n`;
    const said = await inside(`printf '${head}Content-Length: 2\\r\\n\\r\\n{}typed' | nc gateway 2375`);
    expect(said).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n[\s\S]*\r\n\r\n\x01\0\0\0\0\0\0\x05typed$/);
    await lab.setEngineApi('default', false);
    expect(await inside(ping)).toContain('Connection refused');
    await guest.remove({ force: true });
  });

  it('makes networks, and joins and leaves them', async () => {
    const made = await docker.createNetwork({ Name: 'back', Labels: { a: 'b' }, CheckDuplicate: true });
    const listed = await docker.listNetworks({ filters: { label: ['a=b'] } });
    fits(listed, { list: schema.networkInspect });
    expect(listed).toMatchObject([{ Id: made.id, Name: 'back', Driver: 'bridge' }]);
    const container = await docker.createContainer({ Image: 'busybox', Cmd: idle });
    await made.connect({ Container: container.id, EndpointConfig: { Aliases: ['db'] } });
    await container.start();
    const inspected = await made.inspect();
    fits(inspected, schema.networkInspect);
    expect(Object.keys(inspected.Containers ?? {})).toEqual([container.id]);
    const { NetworkSettings } = await container.inspect();
    expect(NetworkSettings.Networks['back']).toMatchObject({ Aliases: expect.arrayContaining(['db']) });
    await container.stop({ t: 0 });
    await made.disconnect({ Container: container.id });
    await container.remove();
    await made.remove();
    await docker.createNetwork({ Name: 'unused' });
    expect(await docker.pruneNetworks()).toEqual({ NetworksDeleted: ['unused'] });
    fits(await docker.listNetworks(), { list: schema.networkInspect });
  });

  it('makes volumes, and keeps what is in them', async () => {
    fits(await docker.createVolume({ Name: 'data', Labels: { a: 'b' } }), { map: 'any' });
    fits(await docker.getVolume('data').inspect(), schema.volume);
    const HostConfig = { Binds: ['data:/data'] };
    const writing = await docker.run('busybox', ['sh', '-c', 'echo kept > /data/note'], new PassThrough(), {
      HostConfig,
    });
    expect(writing[0]).toEqual({ StatusCode: 0 });
    await writing[1].remove();
    const output = new PassThrough();
    const said = textOf(output);
    const options = { HostConfig, Tty: false };
    const reading = await docker.run('busybox', ['cat', '/data/note'], [output, new PassThrough()], options);
    output.end();
    expect(await said).toBe('kept\n');
    await reading[1].remove();
    const { Volumes } = await docker.listVolumes({ filters: { name: ['data'] } });
    fits(Volumes, { list: schema.volume });
    expect(await docker.listPlugins()).toEqual([]);
    expect((await docker.df()).Volumes[0]).toMatchObject({ Name: 'data', UsageData: { RefCount: 0 } });
    await docker.getVolume('data').remove();
    await docker.createVolume({});
    expect(await docker.pruneVolumes()).toMatchObject({ VolumesDeleted: [expect.any(String)], SpaceReclaimed: 0 });
  });

  it('builds, and tells how it goes line by line', async () => {
    const context = async (dockerfile: string) =>
      Readable.from([await packTar([{ header: { name: 'Dockerfile', size: dockerfile.length }, body: dockerfile }])]);
    const built = await docker.buildImage(
      await context('FROM busybox\nRUN echo made > /note\nCMD ["cat", "/note"]\n'),
      {
        t: 'team/built:1',
      },
    );
    const lines = await progress(docker, built);
    const said = lines.map((line) => ('stream' in line ? line.stream : '')).join('');
    expect(said).toMatch(/^Step 1\/3 : FROM busybox\n[\s\S]*Successfully tagged team\/built:1\n$/);
    expect(lines).toContainEqual({ aux: { ID: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) } });
    const output = new PassThrough();
    const printed = textOf(output);
    await docker.run('team/built:1', [], output, { HostConfig: { AutoRemove: true } });
    output.end();
    expect(await printed).toContain('made');
    const failing = await docker.buildImage(await context('FROM busybox\nRUN exit 7\n'), {});
    const message = "The command '/bin/sh -c exit 7' returned a non-zero code: 7";
    expect((await progress(docker, failing)).at(-1)).toEqual({ error: message, errorDetail: { code: 7, message } });
    await docker.getImage('team/built:1').remove();
    expect(await docker.pruneBuilder()).toMatchObject({ SpaceReclaimed: expect.any(Number) });
  });

  it('hears of what happened and what happens, by time and by kind', async () => {
    const since = Math.floor(Date.now() / 1000) - 1;
    const live = firstLines(
      await docker.getEvents({ filters: { type: ['container'], container: ['told'], event: ['create', 'die'] } }),
      2,
    );
    const container = await run({ name: 'told', Cmd: ['true'], HostConfig: { Binds: ['told:/data'] } });
    await container.wait();
    await docker.getImage('busybox').tag({ repo: 'told', tag: '1' });
    await docker.getImage('told:1').remove();
    for (const each of await live) fits(each, schema.eventMessage);
    expect(await live).toMatchObject([
      { Action: 'create' },
      { Action: 'die', Actor: { Attributes: { exitCode: '0' } } },
    ]);
    await container.remove();
    await docker.getVolume('told').remove();
    const until = Math.ceil(Date.now() / 1000) + 1;
    const past = await docker.getEvents({ since, until });
    const all = await linesOf(past);
    for (const each of all) fits(each, schema.eventMessage);
    const told = all.map((each) => `${(each as EventLine).Type} ${(each as EventLine).Action}`);
    expect(told).toEqual(
      expect.arrayContaining([
        ...['container create', 'container start', 'container die', 'container destroy'],
        ...['network connect', 'network disconnect', 'image tag', 'image untag'],
        ...['volume create', 'volume mount', 'volume unmount', 'volume destroy'],
      ]),
    );
    const images = await docker.getEvents({ since, until, filters: { type: ['image'] } });
    expect(new Set((await linesOf(images)).map((each) => (each as EventLine).Type))).toEqual(new Set(['image']));
  });

  const none = 'f'.repeat(64);
  it.each([
    ['GET', '/containers/none/json', 404, 'No such container: none'],
    ['GET', '/containers/none/logs?stdout=1', 404, 'No such container: none'],
    ['GET', '/containers/none/stats', 404, 'No such container: none'],
    ['POST', '/containers/none/start', 404, 'No such container: none'],
    ['POST', '/containers/none/attach?stream=1', 404, 'No such container: none'],
    ['DELETE', '/containers/none', 404, 'No such container: none'],
    ['GET', '/containers/there/logs', 400, 'Bad parameters: you must choose at least one stream'],
    ['GET', '/containers/there/top', 409, /^container [0-9a-f]{64} is not running$/],
    ['POST', '/containers/there/exec', 409, /^container [0-9a-f]{64} is not running$/],
    ['POST', '/containers/there/kill?signal=HUH', 400, 'invalid signal: HUH'],
    ['POST', '/containers/there/kill', 409, /^cannot kill container: there: container [0-9a-f]{64} is not running$/],
    ['POST', '/containers/there/pause', 409, /is not running$/],
    ['POST', '/containers/there/rename?name=there', 400, 'Renaming a container with the same name as its current name'],
    ['POST', '/containers/there/rename?name=%2F', 400, /^Invalid container name/],
    ['POST', '/containers/there/wait?condition=odd', 400, 'invalid condition: "odd"'],
    ['GET', '/containers/there/archive?path=/none', 404, 'Could not find the file /none in container there'],
    ['GET', '/containers/json?filters=%7B%22odd%22%3A%5B%22x%22%5D%7D', 400, "invalid filter 'odd'"],
    ['GET', `/exec/${none}/json`, 404, `No such exec instance: ${none}`],
    ['GET', '/images/none/json', 404, 'No such image: none:latest'],
    ['DELETE', '/images/busybox', 409, /^conflict: unable to (remove|delete)/],
    ['GET', '/networks/nothing', 404, 'network nothing not found'],
    ['DELETE', '/networks/bridge', 403, 'bridge is a pre-defined network and cannot be removed'],
    ['POST', '/networks/host/connect', 400, /^container cannot be disconnected from host network or connected to host/],
    ['GET', '/volumes/none', 404, 'get none: no such volume'],
    ['DELETE', '/volumes/none', 404, 'get none: no such volume'],
    ['POST', '/swarm/init', 501, /^There are no swarms here/],
    ['POST', '/swarm/join', 501, /^There are no swarms here/],
    ...['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs'].map(
      (path) => ['GET', path, 503, /^This node is not a swarm manager\./] as const,
    ),
    ['GET', '/nothing/like/it', 404, 'page not found'],
  ] as const)('is refused as moby refuses: %s %s', async (method, path, status, message) => {
    const there = docker.getContainer('there');
    await there.inspect().catch(() => docker.createContainer({ name: 'there', Image: 'busybox', Cmd: ['true'] }));
    const body = path.endsWith('/exec')
      ? { Cmd: ['true'] }
      : path.endsWith('/connect')
        ? { Container: 'there' }
        : undefined;
    const { statusCode, json } = await refused(docker, method, path, body);
    expect([statusCode, json.message]).toEqual([
      status,
      typeof message === 'string' ? message : expect.stringMatching(message),
    ]);
  });

  it.each([
    ['POST', '/containers/create', { Image: 'none' }, 404, 'No such image: none:latest'],
    ['POST', '/containers/create', {}, 400, 'no image specified'],
    ['POST', '/containers/create?name=there', { Image: 'busybox' }, 409, /^Conflict\. The container name "\/there" is/],
    ['POST', '/containers/create?name=a%20b', { Image: 'busybox' }, 400, /^Invalid container name \(a b\)/],
    ['POST', '/networks/create', { Name: 'bridge' }, 403, 'operation is not permitted on predefined bridge network '],
    ['POST', '/volumes/create', { Name: 'x', Driver: 'odd' }, 404, /plugin "odd" not found$/],
    ['POST', '/containers/there/update', { Memory: 1024 }, 400, /Minimum memory limit allowed is 6MB/],
  ] as const)('is refused what cannot be: %s %s %j', async (method, path, body, status, message) => {
    const { statusCode, json } = await refused(docker, method, path, body);
    expect([statusCode, json.message]).toEqual([
      status,
      typeof message === 'string' ? message : expect.stringMatching(message),
    ]);
  });

  it('hears why a command cannot be run, and that the container is still there', async () => {
    const absent = await docker.createContainer({ Image: 'busybox', Cmd: ['nothing-like-it'] });
    await expect(absent.start()).rejects.toMatchObject({
      statusCode: 400,
      json: { message: expect.stringContaining('executable file not found in $PATH') },
    });
    expect((await absent.inspect()).State).toMatchObject({ Status: 'created', ExitCode: 127 });
    const pruned = await docker.pruneContainers();
    expect(pruned.ContainersDeleted).toContain(absent.id);
  });

  it('has tried every route but those that need a registry', () => {
    const untried = engine.engine.api.routes.filter((each) => !tried.has(each));
    expect(untried.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /images/search',
      'POST /auth',
      'POST /images/{name*}/push',
    ]);
  });
});

interface EventLine {
  readonly Type: string;
  readonly Action: string;
}

function refused(docker: Dockerode, method: string, path: string, file?: object): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    const options = {
      path: `${path}${path.includes('?') ? '&' : '?'}`,
      method,
      statusCodes: { 200: true, 201: true, 204: true },
    };
    const body = file && { file: Buffer.from(JSON.stringify(file)), headers: { 'Content-Type': 'application/json' } };
    docker.modem.dial({ ...options, ...body } as never, (error: unknown) =>
      error ? resolve(error as Refusal) : reject(new Error(`${method} ${path} was not refused`)),
    );
  });
}

function progress(docker: Dockerode, stream: NodeJS.ReadableStream): Promise<readonly { readonly stream?: string }[]> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines as object[])));
  });
}

/** Resolves once a terminal has shown a text. */
function screenOf(terminal: NodeJS.ReadableStream): (text: string) => Promise<void> {
  let shown = '';
  const looks = new Set<() => void>();
  terminal.on('data', (chunk) => {
    shown += String(chunk);
    for (const look of looks) look();
  });
  return (text) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!shown.includes(text)) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      terminal.once('end', () => reject(new Error(`The terminal ended without ${JSON.stringify(text)}: ${shown}`)));
      look();
    });
}

/** Output and errors of a multiplexed stream, to its end. */
async function apart(docker: Dockerode, stream: NodeJS.ReadableStream) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([textOf(out), textOf(err)]);
  docker.modem.demuxStream(stream, out, err);
  stream.once('end', () => {
    out.end();
    err.end();
  });
  const [stdout, stderr] = await texts;
  return { stdout, stderr };
}

/** The first documents of a stream of them, which is then hung up. */
async function firstLines(stream: NodeJS.ReadableStream, count: number): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      lines.push(JSON.parse(text.slice(0, end)));
      text = text.slice(end + 1);
      if (lines.length === count) return lines;
    }
  }
  throw new Error(`The stream ended after ${lines.length} of ${count} documents`);
}

async function linesOf(stream: NodeJS.ReadableStream): Promise<readonly unknown[]> {
  const text = await textOf(stream);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));
}

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(Buffer.concat(await Readable.from(stream).toArray()));
}
