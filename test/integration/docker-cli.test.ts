import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { recordedIo } from '../../src/cli/command-io-fixture';
import { dockerShell } from '../../src/cli/docker/docker-shell';
import { labShell } from '../../src/cli/lab/lab-shell';
import { MemoryFiles } from '../../src/cli/memory-files-fixture';
import { builtins } from '../../src/cli/shell/builtins/builtins';
import { runLine } from '../../src/cli/shell/run-line';
import { createShellState, type ShellState } from '../../src/cli/shell/shell';
import { createLabBuilder } from '../../src/engine/builds/lab-builder';
import { createEngineApi } from '../../src/engine/http/create-engine-api';
import { hasHostPrograms } from '../support/container-lab';
import { createEngineLab, type EngineLab } from '../support/engine-lab';

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

describe.skipIf(!hasHostPrograms)('docker in the shell, over the engine and real guests', { timeout: guardMs }, () => {
  let lab: EngineLab;
  let shell: ShellState;
  const files = new MemoryFiles({ '/notes.txt': 'one\ntwo\n' });

  beforeAll(async () => {
    lab = await createEngineLab();
    const { engine, images, registries } = lab;
    const builder = createLabBuilder({
      ...{ lab: lab.lab, engine, images, registries, remote: lab.remote, clock: systemClock },
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      fetch: (url) => Promise.reject(new TypeError(`Nothing is fetched here: ${url}`)),
    });
    const api = createEngineApi({ engine, images, registries, builder, clock: systemClock });
    shell = createShellState(
      [...builtins, dockerShell(api, systemClock), ...labShell(lab.lab, systemClock)],
      systemClock,
    );
  }, 600_000);
  afterAll(() => lab?.dispose());

  async function run(line: string, stdin = '') {
    const recorded = recordedIo({ files, stdin });
    const code = await runLine(line, shell, recorded.io);
    return { code, out: recorded.out(), err: recorded.err() };
  }

  it('runs a container to its end and passes its output on', async () => {
    expect(await run('docker run --rm busybox echo hi')).toEqual({ code: 0, out: 'hi\n', err: '' });
    expect(await run("docker run --rm busybox sh -c 'echo out; echo err >&2; exit 7'")).toEqual({
      code: 7,
      out: 'out\n',
      err: 'err\n',
    });
    expect((await run('docker ps -aq')).out).toBe('');
  });

  it('joins its input and output by pipes and files', async () => {
    expect((await run('cat notes.txt | docker run -i --rm busybox wc -l')).out).toBe('2\n');
    expect((await run('docker run -i --rm busybox cat < notes.txt | grep two > found; cat found')).out).toBe('two\n');
  });

  it('lists, looks into, speaks with and removes one that runs', async () => {
    const { out } = await run('docker run -d --name web -e A=b busybox sleep 1000');
    expect(out).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await run("docker ps --format '{{.Names}} {{.Image}} {{.State}}'")).out).toBe('web busybox running\n');
    expect((await run("docker inspect -f '{{.State.Running}} {{index .Config.Cmd 1}}' web")).out).toBe('true 1000\n');
    expect(await run("docker exec web sh -c 'echo $A; exit 3'")).toEqual({ code: 3, out: 'b\n', err: '' });
    expect((await run('echo typed | docker exec -i web cat')).out).toBe('typed\n');
    expect((await run('docker top web')).out).toContain('sleep 1000');
    expect(await run('docker rm web')).toMatchObject({ code: 1 });
    expect(await run('docker rm -f web')).toEqual({ code: 0, out: 'web\n', err: '' });
  });

  it('shows what a container has said', async () => {
    await run("docker run --name said busybox sh -c 'echo one; echo two >&2'");
    expect(await run('docker logs said')).toEqual({ code: 0, out: 'one\n', err: 'two\n' });
    expect((await run('docker logs -n 1 said 2>&1')).out).toBe('two\n');
    expect(await run('docker wait said')).toEqual({ code: 0, out: '0\n', err: '' });
    await run('docker rm said');
  });

  it('copies files both ways', async () => {
    await run('docker run -d --name box busybox sleep 1000');
    expect(await run('docker cp notes.txt box:/tmp/notes')).toMatchObject({ code: 0, err: '' });
    expect((await run('docker exec box cat /tmp/notes')).out).toBe('one\ntwo\n');
    expect(await run('docker cp box:/tmp/notes back; cat back')).toMatchObject({ out: 'one\ntwo\n', err: '' });
    await run('docker exec box mkdir /tmp/deep; docker exec box cp /tmp/notes /tmp/deep/more; mkdir there');
    expect(await run('docker cp box:/tmp/. opened; cat opened/notes opened/deep/more')).toMatchObject({
      out: 'one\ntwo\n'.repeat(2),
      err: '',
    });
    expect(await run('docker cp box:/tmp/. there; cat there/deep/more')).toMatchObject({ out: 'one\ntwo\n', err: '' });
    expect(await run('docker cp box:/ full; cat full/tmp/notes')).toMatchObject({ out: 'one\ntwo\n' });
    expect((await run('cat full/etc/passwd; ls full/proc')).out).toMatch(/^root:[^/]*\/root[^\0]*\n$/);
    expect(await run('docker cp box:/tmp there; cat there/tmp/deep/more')).toMatchObject({
      out: 'one\ntwo\n',
      err: '',
    });
    await run('docker rm -f box');
  });

  it('builds with what a RUN says told as it comes, and with secrets that are in no layer', async () => {
    await run("mkdir sec; echo 'FROM busybox' > sec/Dockerfile");
    await run("echo 'RUN --mount=type=secret,id=token wc -c < /run/secrets/token; echo told >&2' >> sec/Dockerfile");
    await run("echo 'RUN ls /run/secrets 2>&1; exit 3' >> sec/Dockerfile");
    const built = await run('docker build --secret id=token,src=notes.txt sec');
    expect(built).toMatchObject({ code: 1, out: '' });
    expect(built.err).toMatch(/#6 [\d.]+ 8\n/);
    expect(built.err).toMatch(/#6 [\d.]+ told\n/);
    expect(built.err).toContain('ls: /run/secrets: No such file or directory\n');
    expect(built.err).toMatch(
      /\nERROR: failed to solve: process "\/bin\/sh -c ls [^\n]+" did not complete successfully: exit code: 3\n$/,
    );
  });

  it('has further hosts, containers on the one that is named, and takes a host away with what is on it', async () => {
    expect(await run(`host create --disk ${lab.diskMiB} two`)).toEqual({ code: 0, out: 'two\n', err: '' });
    expect((await run("host ls --format '{{.Name}} {{.State}}' | grep two")).out).toBe('two running\n');
    await run('docker run -d --name there --label org.strata.host=two -v kept:/kept busybox sleep 1000');
    expect((await run('docker exec there hostname')).code).toBe(0);
    const shown = '{{.state}}{{range .containers}} {{.name}} {{.state}}{{end}}{{range .volumes}} {{.}}{{end}}';
    expect((await run(`host inspect -f '${shown}' two`)).out).toBe('running there running kept\n');
    expect(await run('host rm two')).toEqual({
      code: 1,
      out: '',
      err: 'host two has container there, volume kept: remove them first, or all of it with "host rm --force two"\n',
    });
    expect(await run('host stop two')).toEqual({ code: 0, out: 'two\n', err: '' });
    expect((await run(`host inspect -f '${shown}' two`)).out).toBe('stopped there exited kept\n');
    expect((await run("docker inspect -f '{{.State.ExitCode}} {{.State.Error}}' there")).out).toMatch(
      /^255 .*two.*\n$/,
    );
    expect(await run('host start two; docker start there')).toMatchObject({ code: 0, out: 'two\nthere\n' });
    expect(await run('host rm -f two')).toEqual({ code: 0, out: 'two\n', err: '' });
    expect((await run('host ls -q | wc -l; docker ps -aq; docker volume ls -q')).out).toBe('1\n');
    expect(await run('docker run --rm --label org.strata.host=two busybox true')).toMatchObject({
      code: 125,
      err: expect.stringContaining('No such host: two'),
    });
  });

  it.each([
    ['docker run --rm busybox nothing-like-that', 127],
    ['docker run --rm busybox /etc', 126],
    ['docker run --rm --memory 1 busybox true', 125],
    ['docker run --rm --platform linux/arm64 busybox true', 125],
    ['docker run --rm -v data:relative busybox true', 125],
    ['docker run --rm --mount type=bind,src=/absent,dst=/x busybox true', 125],
    ['docker inspect nobody', 1],
  ])('%s ends with %i', async (line, code) => {
    const ended = await run(line);
    expect(ended.err).not.toBe('');
    expect(ended.code).toBe(code);
  });
});
