import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { DockerCli } from '../support/docker-cli';
import { type ImageEngine, openImageEngine } from '../support/image-engine';

const program = findProgram('docker') ?? '';

/** Builds by the real docker client with its classic builder, over the bridge's socket. */
describe.runIf(program)('docker build', () => {
  let engine: ImageEngine;
  let docker: DockerCli;
  let context: string;

  beforeAll(async () => {
    engine = await openImageEngine();
    const config = join(engine.folder, 'client');
    await mkdir(config);
    docker = new DockerCli({ program, host: `unix://${engine.socket}`, config });
  });
  afterAll(() => engine[Symbol.asyncDispose]());
  beforeEach(async () => {
    context = await mkdtemp(join(engine.folder, 'context-'));
  });
  afterEach(() => rm(context, { recursive: true, force: true }));

  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [path, text] of Object.entries(files)) await writeFile(join(context, path), text);
  };

  it('copies the names of one file in whatever order they are given', async () => {
    await write({ a: 'x' });
    await link(join(context, 'a'), join(context, 'b'));
    await symlink('a', join(context, 's'));
    const stages =
      'FROM busybox\nCOPY b a /x/\nFROM busybox\nCOPY b a /x/\nCOPY s a /y/\nCOPY --from=0 /x/b /x/a /z/\n';
    await write({ Dockerfile: stages });
    const built = await docker.run(['build', '-t', 'names', context]);
    expect([built.code, built.stderr.replace(/^DEPRECATED[\s\S]*/, '')]).toEqual([0, '']);
  });

  it('makes an image of now of what changes no file, and shows what it begins with', async () => {
    await write({ Dockerfile: 'FROM busybox\nONBUILD LABEL a=b\nCMD ["x"]\n' });
    const created = async (...options: readonly string[]): Promise<string> => {
      await docker.run(['build', '-t', 'below', ...options, context]);
      return (await docker.run(['inspect', '-f', '{{.Created}}', 'below'])).stdout.trim();
    };
    const first = await created();
    expect(Math.abs(Date.now() - Date.parse(first))).toBeLessThan(600_000);
    expect(await created()).toBe(first);
    expect(await created('--no-cache')).not.toBe(first);
    await write({ Dockerfile: 'FROM below\n' });
    expect((await docker.run(['build', context])).stdout).toMatch(/^# Executing 1 build trigger$/m);
  });

  it('pulls the image below, makes the layers, and uses them again', async () => {
    await write({
      Dockerfile:
        'FROM busybox AS one\nARG who=you\nCOPY a /a\nENV WHO=$who\nFROM busybox\nCOPY --from=one /a /b/\nCMD ["cat", "/b/a"]\n',
      a: 'x',
      ignored: 'y',
      '.dockerignore': 'ignored\n',
    });
    const first = await docker.run(['build', '-t', 'built:1', '-t', 'built', context]);
    expect(first.stdout).toMatch(/Step 1\/7 : FROM busybox AS one\n ---> [0-9a-f]{12}\n/);
    expect(first.stdout).toMatch(
      /Successfully built [0-9a-f]{12}\nSuccessfully tagged built:1\nSuccessfully tagged built:latest\n$/,
    );
    expect(first).toMatchObject({ code: 0 });
    const again = await docker.run(['build', '-q', context]);
    const id = again.stdout.trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await docker.run(['images', '-q', '--no-trunc', 'built:1'])).stdout.trim()).toBe(id);
    const shown = await docker.run(['build', context]);
    expect(shown.stdout.match(/ ---> Using cache\n/g)).toHaveLength(5);
    expect((await docker.run(['history', '--format', '{{.CreatedBy}}', 'built'])).stdout).toMatch(
      /^CMD \["cat" "\/b\/a"\]\nCOPY --from=one \/a \/b\/ # buildkit\n/,
    );
    const stage = await docker.run([
      'build',
      '--target',
      'one',
      '--build-arg',
      'who=me',
      '--label',
      'l=1',
      '-t',
      'one',
      context,
    ]);
    expect(stage.code).toBe(0);
    expect(
      (await docker.run(['image', 'inspect', '-f', '{{json .Config.Env}} {{.Config.Labels.l}}', 'one'])).stdout,
    ).toContain('"WHO=me"] 1');
  }, 60_000);

  it('says what is wrong, and ends with an error', async () => {
    await write({ Dockerfile: 'FROM busybox\nFORM x\n' });
    const wrong = await docker.run(['build', context]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('dockerfile parse error on line 2: unknown instruction: FORM (did you mean FROM?)');
    await write({ Dockerfile: 'FROM busybox\nCOPY missing /\n' });
    const missing = await docker.run(['build', context]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(
      'COPY failed: file not found in build context or excluded by .dockerignore: stat missing: file does not exist (Dockerfile:2)',
    );
    await write({ Dockerfile: 'FROM busybox\n' });
    expect((await docker.run(['build', '--target', 'x', context])).stderr).toContain(
      'target stage "x" could not be found',
    );
  }, 60_000);

  it('takes a Dockerfile that stands elsewhere, or comes alone', async () => {
    await write({ 'other.Dockerfile': 'FROM busybox\nCOPY a /\n', a: '1' });
    expect((await docker.run(['build', '-f', join(context, 'other.Dockerfile'), context])).code).toBe(0);
    const alone = await docker.run(['build', '-t', 'alone', '-'], 'FROM busybox\nENV A=1\n');
    expect(alone.stdout).toContain('Successfully tagged alone:latest\n');
  }, 60_000);
});
