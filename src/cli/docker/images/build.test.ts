import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock';
import { type BuildBench, createBuildBench } from '../../../engine/builds/build-fixture';
import { buildRoutes } from '../../../engine/http/build-routes';
import { EngineRouter } from '../../../engine/http/engine-router';
import { Union } from '../../../formats/layer/union';
import { recordedIo } from '../../command-io-fixture';
import { MemoryFiles } from '../../memory-files-fixture';
import { runLine } from '../../shell/run-line';
import { createShellState } from '../../shell/shell';
import { dockerShell } from '../docker-shell';
import { tarOf } from '../tar-files';

describe('docker build', () => {
  let bench: BuildBench;
  beforeAll(async () => {
    bench = await createBuildBench({ clock: systemClock });
  });
  afterAll(() => bench.dispose());

  const files = new MemoryFiles({
    '/app/Dockerfile': 'FROM scratch\nCOPY a /x\n',
    '/app/a': 'one\n',
    '/app/.dockerignore': 'left-out\n',
    '/app/left-out': 'two\n',
    '/wrong/Dockerfile': 'FROM scratch\nFORM x\n',
    '/other': 'FROM scratch\nCOPY . /all/\n',
    '/token': 'secret\n',
  });

  async function run(line: string, variables: Readonly<Record<string, string>> = {}) {
    const router = new EngineRouter({
      server: 'Strata/0 (linux)',
      routes: [...buildRoutes(bench.builder, systemClock)],
    });
    const shell = createShellState([dockerShell(router, systemClock)], systemClock);
    for (const [name, value] of Object.entries(variables)) shell.variables.set(name, value);
    const recorded = recordedIo({ files });
    const code = await runLine(line, shell, recorded.io);
    return { code, out: recorded.out(), err: recorded.err() };
  }

  it('is told as BuildKit does, on errors', async () => {
    const built = await run('docker build -t app app');
    expect(built).toMatchObject({ code: 0, out: '' });
    expect(built.err).toContain('#4 [2/2] COPY a /x\n#4 DONE 0.');
    expect(built.err).toMatch(/#5 naming to app:latest done\n#5 DONE \d\.\ds\n$/);
    expect((await run('docker build app')).err).toContain('#4 [2/2] COPY a /x\n#4 CACHED\n');
  });

  it('shows the lines that are wrong', async () => {
    const wrong = await run('docker build wrong');
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toContain('Dockerfile:2\n');
    expect(wrong.err).toMatch(
      / {3}2 \| >>> FORM x\n-+\nERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: FORM \(did you mean FROM\?\)\n$/,
    );
  });

  it('prints the image alone when it is to be quiet', async () => {
    for (const flag of ['-q', '--progress=quiet']) {
      expect(await run(`docker build ${flag} app`)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/),
        err: '',
      });
    }
    expect((await run('docker build -q wrong')).err).toMatch(/^ERROR: failed to solve: [^\n]+\n$/);
  });

  it('takes a Dockerfile, or a whole context, by its input', async () => {
    expect(await run('docker build -q - <<END\nFROM scratch\nLABEL a=$HOME\nEND\n')).toMatchObject({
      code: 0,
      err: '',
    });
    const { out } = await run('docker build -q app');
    const stat = await files.stat('/app');
    const tar = tarOf(files, '/app', stat!, { excludes: () => false });
    files.put('/context.tar', new Uint8Array(await new Response(tar).arrayBuffer()));
    expect(await run('docker build -q - < context.tar')).toEqual({ code: 0, out, err: '' });
    expect((await run('docker build - <<END\nFORM x\nEND')).err).toContain('unknown instruction: FORM');
  });

  it('is told in the steps of the classic builder where that is asked for', async () => {
    const classic = await run('docker build app', { DOCKER_BUILDKIT: '0' });
    expect(classic).toMatchObject({ code: 0, err: '' });
    expect(classic.out).toMatch(/^Step 1\/2 : FROM scratch\n[\s\S]*Successfully built [0-9a-f]{12}\n$/);
    expect(await run('docker build wrong', { DOCKER_BUILDKIT: '0' })).toMatchObject({
      code: 1,
      err: 'Error response from daemon: dockerfile parse error on line 2: unknown instruction: FORM (did you mean FROM?)\n',
    });
  });

  it('takes a Dockerfile by its input, which COPY does not see', async () => {
    expect(await run('docker build -t all -f - app < other')).toMatchObject({ code: 0 });
    const [layer] = await bench.images.layers('all');
    const paths = [...new Union(layer ? [layer] : []).walk()].map(({ path }) => path);
    expect(paths).toEqual(['all', 'all/.dockerignore', 'all/Dockerfile', 'all/a']);
  });

  it('makes the same image again when it is told the time', async () => {
    const epoch = '--build-arg SOURCE_DATE_EPOCH=1500000000';
    const first = await run(`docker build -q --no-cache ${epoch} app`);
    expect(first.out).toMatch(/^sha256:/);
    expect((await run(`docker build -q --no-cache ${epoch} app`)).out).toBe(first.out);
    expect((await run('docker build -q --build-arg SOURCE_DATE_EPOCH=soon app')).err).toContain(
      'invalid SOURCE_DATE_EPOCH',
    );
  });

  it.each([
    ['--progress fancy', 'invalid progress type "fancy"'],
    ['--secret src=token', 'secret "src=token" has no id'],
    ['--secret token', 'invalid field "token" must be a key=value pair'],
    ['--secret id=a,kind=b', "unexpected key 'kind' in 'kind=b'"],
    ['--secret id=a,src=nothing', 'failed to stat nothing: stat nothing: no such file or directory'],
    ['--secret id=a,type=vault', 'unsupported secret type "vault"'],
  ])('refuses %s', async (flags, message) => {
    expect(await run(`docker build ${flags} app`)).toEqual({ code: 1, out: '', err: `${message}\n` });
  });
});
