import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import Dockerode from 'dockerode';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { DockerCli } from '../support/docker-cli';
import { DockerRegistry } from '../support/docker-registry';
import { imageDeleted, imageHistory, imageInspect, imageSummary, violations } from '../support/engine-schema';
import { type ImageEngine, openImageEngine } from '../support/image-engine';

const program = findProgram('docker') ?? '';
const registryProgram = findProgram('docker-registry') ?? '';

let engine: ImageEngine;

beforeAll(async () => {
  engine = await openImageEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

/** Images by the real docker client, over the bridge's socket. */
describe.runIf(program && registryProgram)('the docker client', () => {
  let docker: DockerCli;

  beforeAll(async () => {
    const config = join(engine.folder, 'client');
    await mkdir(config);
    docker = new DockerCli({ program, host: `unix://${engine.socket}`, config });
  });

  beforeEach(async () => {
    const { stdout } = await docker.run(['images', '-q', '--no-trunc']);
    const ids = [...new Set(stdout.split('\n').filter(Boolean))];
    if (ids.length > 0) await docker.run(['rmi', '-f', ...ids]);
  });

  it("pulls the library's images from the page's own registry", async () => {
    const first = await docker.run(['pull', 'busybox']);
    expect(first.text).toMatch(
      /Pull complete\nDigest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for busybox:latest\n/,
    );
    expect(first.text).toMatch(/docker\.io\/library\/busybox:latest$/);
    expect((await docker.run(['pull', 'busybox'])).text).toContain('Status: Image is up to date for busybox:latest');
    expect((await docker.run(['pull', '-q', 'busybox'])).stdout).toBe('docker.io/library/busybox:latest\n');
    const listed = await docker.run(['images', '--format', '{{.Repository}}:{{.Tag}}']);
    expect(listed.stdout).toBe('busybox:latest\n');
    const inspected = await docker.run([
      'image',
      'inspect',
      '-f',
      '{{.Os}}/{{.Architecture}} {{.Config.Cmd}}',
      'busybox',
    ]);
    expect(inspected.stdout).toBe('linux/386 [sh]\n');
    expect((await docker.run(['history', '-q', 'busybox'])).stdout).toMatch(/^[0-9a-f]{12}\n/);
  });

  it('names, saves, loads and removes', async () => {
    await docker.run(['pull', 'busybox']);
    expect((await docker.run(['tag', 'busybox', 'team/box:2'])).code).toBe(0);
    const archive = join(engine.folder, 'box.tar');
    expect((await docker.run(['save', '-o', archive, 'team/box:2'])).code).toBe(0);
    expect((await docker.run(['rmi', 'team/box:2', 'busybox'])).text).toMatch(
      /Untagged: team\/box:2\n[\s\S]*Deleted: sha256:/,
    );
    expect((await docker.run(['load', '-i', archive])).text).toBe('Loaded image: team/box:2');
    const listed = await docker.run(['images', 'team/*', '--format', '{{.Repository}}:{{.Tag}}']);
    expect(listed.stdout).toBe('team/box:2\n');
  });

  it('imports a root file system', async () => {
    const root = await packTar([{ header: { name: 'note', size: 5 }, body: 'hello' }]);
    await writeFile(join(engine.folder, 'root.tar'), root);
    const imported = await docker.run(['import', '-m', 'by hand', join(engine.folder, 'root.tar'), 'notes:1']);
    expect(imported.text).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await docker.run(['history', '--format', '{{.Comment}}', 'notes:1'])).stdout).toBe('by hand\n');
  });

  it('pushes to a registry and pulls the same bytes back', async () => {
    await using registry = await DockerRegistry.start(registryProgram);
    const name = `${registry.name}/team/box:1`;
    await docker.run(['pull', 'busybox']);
    await docker.run(['tag', 'busybox', name]);
    const pushed = await docker.run(['push', name]);
    expect(pushed.text).toContain(`The push refers to repository [${registry.name}/team/box]`);
    const digest = /1: digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(pushed.text)?.[1];
    await docker.run(['rmi', name, 'busybox']);
    expect((await docker.run(['pull', name])).text).toContain(`Digest: ${digest}`);
    expect((await docker.run(['images', '--digests', '--format', '{{.Digest}}'])).stdout).toBe(`${digest}\n`);
    const unknown = await docker.run(['pull', `${registry.name}/team/none`]);
    expect([unknown.code, unknown.text]).toEqual([1, expect.stringContaining('manifest unknown')]);
  });

  it('logs in where a registry wants it', async () => {
    // By htpasswd -B: ann, secret.
    const lines = 'ann:$2y$05$stratastratastratastredeOdbbC.xIi4pfG.zvpAF3MMEaaTp9q\n';
    await using registry = await DockerRegistry.start(registryProgram, { kind: 'htpasswd', lines });
    const name = `${registry.name}/team/box:1`;
    await docker.run(['pull', 'busybox']);
    await docker.run(['tag', 'busybox', name]);
    const refused = await docker.run(['push', name]);
    expect([refused.code, refused.text]).toEqual([1, expect.stringContaining('unauthorized')]);
    const logIn = (password: string) => docker.run(['login', registry.name, '-u', 'ann', '--password-stdin'], password);
    expect((await logIn('wrong')).code).toBe(1);
    expect((await logIn('secret')).text).toContain('Login Succeeded');
    expect((await docker.run(['push', '-q', name])).stdout).toBe(`${name}\n`);
    expect((await docker.run(['logout', registry.name])).text).toContain('Removing login credentials');
  });

  it.each([
    [['pull', '127.0.0.1:1/none'], 'Cannot reach 127.0.0.1:1'],
    [['rmi', 'none'], 'No such image: none:latest'],
    [['tag', 'none', 'other'], 'No such image: none:latest'],
    [['history', 'none'], 'No such image: none:latest'],
    [['push', '127.0.0.1:1/none'], 'No such image'],
    [['search', 'none'], 'There is no index to search here'],
    [['images', '--filter', 'color=red'], "invalid filter 'color'"],
    [['save', 'none'], 'No such image: none:latest'],
  ])('docker %j fails in plain words', async (args, words) => {
    const { code, stderr } = await docker.run(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)]);
  });
});

/** The same by dockerode, which speaks what it was told: the newest version. */
describe('dockerode', () => {
  let docker: Dockerode;

  beforeAll(() => {
    docker = new Dockerode({ socketPath: engine.socket, version: 'v1.47' });
  });

  it('pings and hears of progress line by line', async () => {
    expect(String(await docker.ping())).toBe('OK');
    const lines = await progress(docker, await docker.pull('busybox:latest'));
    expect(lines[0]).toMatchObject({ status: 'Pulling from library/busybox', id: 'latest' });
    expect(lines.at(-1)).toMatchObject({ status: expect.stringContaining('busybox:latest') });
  });

  it('gets answers of the shapes that the documentation has', async () => {
    await progress(docker, await docker.pull('busybox:latest'));
    const image = docker.getImage('busybox');
    const answers = [
      [await docker.listImages(), { list: imageSummary }],
      [
        await docker.listImages({ all: true, filters: JSON.stringify({ reference: ['busy*'] }) }),
        { list: imageSummary },
      ],
      [await image.inspect(), imageInspect],
      [await image.history(), imageHistory],
    ] as const;
    for (const [answer, rule] of answers) expect(violations(answer, rule)).toEqual([]);
    await image.tag({ repo: 'team/box', tag: '3' });
    const removed: unknown = await docker.getImage('team/box:3').remove();
    expect(removed).toEqual([{ Untagged: 'team/box:3' }]);
    expect(violations(removed, imageDeleted)).toEqual([]);
    expect(await docker.pruneImages()).toMatchObject({ SpaceReclaimed: 0 });
  });

  it('saves and loads', async () => {
    await progress(docker, await docker.pull('busybox:latest'));
    const saved = Buffer.concat(await Readable.from(await docker.getImage('busybox').get()).toArray());
    const said = await textOf(await docker.loadImage(Readable.from([saved])));
    expect(JSON.parse(said)).toEqual({ stream: 'Loaded image: busybox:latest\n' });
  });

  it.each([
    ['inspect', 404, 'No such image: none:latest'],
    ['history', 404, 'No such image: none:latest'],
    ['remove', 404, 'No such image: none:latest'],
  ] as const)('hears of an image that there is not: %s', async (method, statusCode, message) => {
    const failed = docker.getImage('none')[method]();
    await expect(failed).rejects.toMatchObject({ statusCode, json: { message } });
  });

  it('hears of versions that are not spoken here', async () => {
    const old = new Dockerode({ socketPath: engine.socket, version: 'v1.20' });
    await expect(old.ping()).rejects.toMatchObject({ statusCode: 400 });
  });
});

function progress(docker: Dockerode, stream: NodeJS.ReadableStream): Promise<readonly object[]> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines as object[])));
  });
}
