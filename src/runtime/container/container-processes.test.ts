import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../api/container-host';
import type { ExecSpec, Program } from '../../api/instance';
import type { OciProcess } from '../../api/oci-runtime';
import type { Operation } from '../../api/operation';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { FakeClock } from '../../base/fake-clock';
import { type ContainerNews, ContainerProcesses, type ContainerProcessesOptions } from './container-processes';
import { type HeldProcess, holdProcess } from './process-fixture';
import type { RuntimeEvent, RuntimeState } from './runtime-protocol';

const program: OciProcess = { user: { uid: 0, gid: 0 }, args: ['true'], env: [], cwd: '/' };

const web: ContainerSpec = {
  id: 'web',
  root: { layers: [], writable: 'disk' },
  mounts: [],
  nics: [],
  config: { ociVersion: '1.0.2', process: program },
};

const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A runtime that says what a test says, and programs that end when it does. */
function setUp(changes: Partial<ContainerProcessesOptions> = {}) {
  const events = new Emitter<RuntimeEvent>();
  const resumed = new Emitter<readonly RuntimeState[]>();
  const launched: { readonly argv: readonly string[]; readonly held: HeldProcess }[] = [];
  const news: ContainerNews[] = [];
  const there: RuntimeState[] = [];
  const held = holdProcess();
  const programs: Program[] = [];
  const killed: string[] = [];
  const processes = new ContainerProcesses({
    instance: {
      spec: { kind: 'vm', name: 'host-1', memoryMiB: 64, devices: 'virtio', containerHost: true },
      exec: async ({ argv }: ExecSpec) => {
        const started = holdProcess();
        launched.push({ argv, held: started });
        return { id: `program-${launched.length}`, ...started.process };
      },
      programs: async () => programs,
      reattach: async (id: string) => ({ id, ...held.process }),
    } as ContainerProcessesOptions['instance'],
    runtime: {
      events: events.event,
      resumed: resumed.event,
      list: async () => there,
    },
    access: {
      assertOpen: () => {},
      call: async (call, { container, signal }) => void killed.push(`${call} ${container} ${signal}`),
    },
    clock: new FakeClock(5000),
    prepare: async () => {},
    tell: (each) => news.push(each),
    ...changes,
  });
  const started = (id = 'web', pid = 7): void => events.fire({ event: 'started', container: id, pid });
  /** A container that runs. */
  const run = async (operation: Operation = {}, before?: readonly string[]) => {
    const running = processes.run(web, operation, before);
    running.catch(() => {});
    await turns();
    started();
    return running;
  };
  return { processes, killed, events, resumed, launched, news, there, held, programs, started, run };
}

describe('the first process of a container', () => {
  it('begins when all is prepared, and runs when the runtime says so', async () => {
    const prepared = createDeferred<void>();
    const { processes, launched, news, started } = setUp({ prepare: () => prepared.promise });
    const running = processes.run(web, {});
    await turns();
    expect(launched).toEqual([]);
    expect(processes.busy).toBe(true);
    prepared.resolve();
    await turns();
    expect(launched[0]?.argv).toEqual(['strata-oci', 'run', '--bundle', '/run/strata/bundles/web', 'web']);
    expect(processes.findPid('web')).toBeUndefined();
    started();
    expect((await running).id).toBe('program-1');
    expect(news).toEqual([{ kind: 'started', id: 'web', pid: 7 }]);
    expect(processes.pidOf('web')).toBe(7);
  });

  it('is launched by what it is to be run by', async () => {
    const { launched, run } = setUp();
    await run({}, ['nice']);
    expect(launched[0]?.argv.slice(0, 3)).toEqual(['nice', 'strata-oci', 'run']);
  });

  it('does not begin twice, whether it runs or only begins to', async () => {
    const { processes, run } = setUp();
    const running = run();
    await expect(processes.run(web, {})).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await running;
    await expect(processes.run(web, {})).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });

  it('can begin after it could not be prepared', async () => {
    const answers = [Promise.reject(new SandboxError('ResourceExhausted', 'full')), Promise.resolve()];
    const { processes, run } = setUp({ prepare: () => answers.shift() ?? Promise.resolve() });
    await expect(processes.run(web, {})).rejects.toMatchObject({ code: 'ResourceExhausted' });
    expect(processes.busy).toBe(false);
    await run();
    expect(processes.busy).toBe(true);
  });

  it.each([
    [127, 'NotFound'],
    [126, 'FailedPrecondition'],
    [125, 'Internal'],
  ] as const)('that fails to begin with %i is told in the words of the runtime: %s', async (exitCode, code) => {
    const { processes, events, news } = setUp();
    const running = processes.run(web, {});
    await turns();
    events.fire({ event: 'failed', container: 'web', code: exitCode, message: 'exec: "x"' });
    await expect(running).rejects.toMatchObject({ code, message: 'exec: "x"', details: { exitCode } });
    expect(processes.busy).toBe(false);
    expect(news).toEqual([]);
  });

  it('is not waited for when its launcher has gone without a word', async () => {
    const { processes, launched } = setUp();
    const running = processes.run(web, {});
    await turns();
    launched[0]?.held.end(1);
    await expect(running).rejects.toMatchObject({ code: 'Internal', message: expect.stringContaining('ended with 1') });
  });

  it('is killed when its start is canceled', async () => {
    const { processes, launched } = setUp();
    const abort = new AbortController();
    const running = processes.run(web, { signal: abort.signal });
    await turns();
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'Canceled' });
    expect(launched[0]?.held.signals).toEqual(['SIGKILL']);
  });

  it('does not begin when that was canceled while it was prepared', async () => {
    const abort = new AbortController();
    const { processes, launched } = setUp({ prepare: async () => abort.abort() });
    await expect(processes.run(web, { signal: abort.signal })).rejects.toMatchObject({ code: 'Canceled' });
    expect(launched).toEqual([]);
  });
});

describe('the end of a container', () => {
  it('is told once, though its launcher ends as well', async () => {
    const { processes, events, launched, news, run } = setUp();
    await run();
    events.fire({ event: 'oom', container: 'web' });
    events.fire({ event: 'exited', container: 'web', code: 137, oomKilled: true, at: 60 });
    launched[0]?.held.end(137);
    await turns();
    const exit = { code: 137, oomKilled: true, at: 60 };
    expect(news.slice(1)).toEqual([
      { kind: 'oom', id: 'web' },
      { kind: 'exited', id: 'web', exit },
    ]);
    expect(() => processes.pidOf('web')).toThrow('The container web is not running on host-1');
  });

  it('is told by its launcher where no event said so', async () => {
    const { launched, news, run } = setUp();
    await run();
    launched[0]?.held.end(3);
    await turns();
    expect(news.at(-1)).toEqual({ kind: 'exited', id: 'web', exit: { code: 3, oomKilled: false, at: 5000 } });
  });

  it('has the code 255 where nobody knows it', async () => {
    const { events, news, run } = setUp();
    await run();
    events.fire({ event: 'exited', container: 'web', code: undefined, oomKilled: false, at: 60 });
    expect(news.at(-1)).toMatchObject({ kind: 'exited', exit: { code: 255 } });
  });
});

describe('a program that joins a container', () => {
  it('runs when the runtime says so, by the name that it has for it', async () => {
    const { processes, events, launched, run } = setUp();
    await run();
    const [one, two] = [processes.exec('web', program, undefined), processes.exec('web', program, undefined)];
    await turns();
    const names = launched.slice(1).map(({ argv }) => argv[argv.indexOf('--exec-id') + 1] ?? '');
    events.fire({ event: 'failed', container: 'web', exec: names[0] ?? '', code: 127, message: 'exec: "x"' });
    events.fire({ event: 'executed', container: 'web', exec: names[1] ?? '', pid: 9 });
    await expect(one).rejects.toMatchObject({ code: 'NotFound', details: { exitCode: 127 } });
    expect((await two).id).toBe('program-3');
  });

  it('is refused where the container does not run', async () => {
    const { processes, launched } = setUp();
    await expect(processes.exec('web', program, undefined)).rejects.toMatchObject({ code: 'NotFound' });
    expect(launched).toEqual([]);
  });
});

describe('containers whose runtime was started again', () => {
  it('are told to have ended and begun meanwhile, and nobody waits for what is not said any more', async () => {
    const { processes, resumed, news, run } = setUp();
    await run();
    const joining = processes.exec('web', program, undefined);
    await turns();
    resumed.fire([
      { id: 'web', status: 'stopped', pid: 0 },
      { id: 'db', status: 'paused', pid: 8 },
    ]);
    expect(news.slice(1)).toMatchObject([
      { kind: 'exited', id: 'web', exit: { code: 255, at: 5000, error: { code: 'Unavailable' } } },
      { kind: 'started', id: 'db', pid: 8 },
    ]);
    expect((await joining).id).toBe('program-2');
  });

  it('run on where they did', async () => {
    const { resumed, news, run } = setUp();
    await run();
    resumed.fire([{ id: 'web', status: 'running', pid: 7 }]);
    expect(news).toHaveLength(1);
  });

  it('have begun where they were about to', async () => {
    const { processes, resumed } = setUp();
    const running = processes.run(web, {});
    await turns();
    resumed.fire([{ id: 'web', status: 'running', pid: 7 }]);
    expect((await running).id).toBe('program-1');
  });
});

describe('containers of an earlier page', () => {
  it('run on, and nobody is told that they have begun', async () => {
    const { processes, there, news } = setUp();
    there.push({ id: 'web', status: 'running', pid: 5 }, { id: 'old', status: 'stopped', pid: 0 });
    await processes.restore();
    expect(processes.findPid('web')).toBe(5);
    expect(processes.findPid('old')).toBeUndefined();
    expect((await processes.list()).map(({ id }) => id)).toEqual(['web']);
    expect(news).toEqual([]);
  });

  it('end with the launcher that one has come back to, but not with what has joined them', async () => {
    const { processes, programs, held, there, news } = setUp();
    there.push({ id: 'web', status: 'running', pid: 5 });
    await processes.restore();
    const launcher = ['strata-oci', 'run', '--bundle', '/run/strata/bundles/web', 'web'];
    const joined = ['strata-oci', 'exec', '--json', '{}', 'web'];
    programs.push({ id: 'joined', argv: joined, running: true }, { id: 'first', argv: launcher, running: true });
    await processes.reattach('joined');
    held.end(4);
    await turns();
    expect(news).toEqual([]);
    await processes.reattach('first');
    await turns();
    expect(news).toEqual([{ kind: 'exited', id: 'web', exit: { code: 4, oomKilled: false, at: 5000 } }]);
  });
});

describe('what an earlier page has left and nobody has come back to', () => {
  it('is ended before it is run anew', async () => {
    const { processes, killed, launched, there, events, started, news } = setUp();
    there.push({ id: 'web', status: 'running', pid: 5 }, { id: 'db', status: 'running', pid: 6 });
    await processes.restore();
    expect([...processes.strays]).toEqual(['web', 'db']);
    const running = processes.run(web, {});
    await turns();
    expect(killed).toEqual(['kill web SIGKILL']);
    expect(launched).toEqual([]);
    events.fire({ event: 'exited', container: 'web', code: 137, oomKilled: false, at: 1 });
    await turns();
    started();
    expect((await running).id).toBe('program-1');
    expect([...processes.strays]).toEqual(['db']);
    // Its end is not that of the run which somebody waits for.
    expect(news).toEqual([{ kind: 'started', id: 'web', pid: 7 }]);
  });

  it('is what somebody has come back to no more, which cannot be run beside itself', async () => {
    const { processes, killed, programs, there } = setUp();
    there.push({ id: 'web', status: 'running', pid: 5 });
    await processes.restore();
    const argv = ['strata-oci', 'run', '--bundle', '/run/strata/bundles/web', 'web'];
    programs.push({ id: 'first', argv, running: true });
    await processes.reattach('first');
    await expect(processes.run(web, {})).rejects.toMatchObject({ code: 'FailedPrecondition' });
    expect([killed, [...processes.strays]]).toEqual([[], []]);
  });

  it('is not waited for without end', async () => {
    const clock = new FakeClock(5000);
    const { processes, there } = setUp({ clock });
    there.push({ id: 'web', status: 'running', pid: 5 });
    await processes.restore();
    const running = processes.run(web, {});
    running.catch(() => {});
    await turns();
    await clock.advance(10_000);
    await expect(running).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('is not waited for when its host ends', async () => {
    const { processes, there } = setUp();
    there.push({ id: 'web', status: 'running', pid: 5 });
    await processes.restore();
    const running = processes.run(web, {});
    running.catch(() => {});
    await turns();
    processes.end(new SandboxError('Unavailable', 'The host has ended'));
    await expect(running).rejects.toMatchObject({ code: 'Unavailable' });
  });
});

describe('the containers of a host that has ended', () => {
  it('do not run any more, and their starts fail with the reason', async () => {
    const { processes, news, run } = setUp();
    await run();
    const starting = processes.run({ ...web, id: 'db' }, {});
    const joining = processes.exec('web', program, undefined);
    await turns();
    processes.end(new SandboxError('Unavailable', 'The host host-1 has ended'));
    await expect(starting).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(joining).rejects.toMatchObject({ code: 'Unavailable' });
    expect(processes.busy).toBe(false);
    expect(news).toHaveLength(1);
  });

  it('are not heard of any more', () => {
    const { processes, started, news } = setUp();
    processes.dispose();
    started();
    expect(news).toEqual([]);
  });
});
