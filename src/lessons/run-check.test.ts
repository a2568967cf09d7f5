import { describe, expect, it } from 'vitest';
import type { Process } from '../api/instance';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { FakeClock, settle } from '../base/fake-clock';
import type { LessonCheck } from '../formats/lesson/lesson';
import { CheckWatch } from './check-watch';
import type { LessonLab } from './lesson-lab';
import { type CheckOutcome, runCheck } from './run-check';

/** A program that prints and ends, or does neither before it is killed. */
function program(text: string, code: number | undefined): Process & { readonly killed: readonly string[] } {
  const killed: string[] = [];
  const exited = createDeferred<number>();
  exited.promise.catch(() => {});
  let end = (): void => {};
  const stdout = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      end = () => controller.close();
      if (code !== undefined) end();
    },
  });
  if (code !== undefined) exited.resolve(code);
  return {
    id: 'p',
    killed,
    stdin: new WritableStream(),
    stdout,
    stderr: new ReadableStream({ start: (controller) => controller.close() }),
    exited: exited.promise,
    resize: () => {},
    kill(signal) {
      killed.push(signal);
      end();
      exited.resolve(137);
    },
  };
}

const nothing: LessonLab = {
  phaseOf: () => undefined,
  exec: async (name) => {
    throw new SandboxError('NotFound', `There is no ${name} that runs`);
  },
  get: async () => ({ status: 200, body: 'hello' }),
  containers: async () => [],
  hasImage: async () => false,
  packets: async () => 0,
};

const command: LessonCheck = { kind: 'command', name: 'x', in: 'box', run: 'true', exit: 0, within: 10 };

const look = (check: LessonCheck, lab: Partial<LessonLab>): Promise<CheckOutcome> =>
  runCheck(check, { ...nothing, ...lab }, new FakeClock(), new AbortController().signal);

describe('a check', () => {
  it.each([
    [command, {}, 'There is no box that runs'],
    [command, { exec: async () => program('a\nno such file\n', 1) }, 'no such file'],
    [command, { exec: async () => program('', 3) }, 'The check ended with 3'],
    [{ ...command, exit: 1 }, { exec: async () => program('', 0) }, 'The check ended with 0 instead of 1'],
    [{ ...command, output: 'yes' }, { exec: async () => program('no\n', 0) }, 'no'],
    [
      { kind: 'http', name: 'x', instance: 'web', port: 80, path: '/', status: 404, within: 5 },
      {},
      'web:80/ answers with 200 instead of 404',
    ],
    [{ kind: 'instance', name: 'x', instance: 'box', phase: 'running', within: 5 }, {}, 'There is no box'],
    [
      { kind: 'instance', name: 'x', instance: 'box', phase: 'running', within: 5 },
      { phaseOf: () => 'stopped' as const },
      'box is stopped, not running',
    ],
    [
      { kind: 'container', name: 'x', container: 'web', status: 'exited', exit: 137, within: 5 },
      { containers: async () => [{ name: 'web', status: 'exited', exit: 0 }] },
      'web ended with 0 instead of 137',
    ],
    [{ kind: 'image', name: 'x', image: 'mine', within: 5 }, {}, 'There is no image mine'],
    [
      { kind: 'packet', name: 'x', network: 'default', protocol: 'tcp', to: 'web', port: 80, within: 5 },
      {},
      'No tcp frame to web, port 80 was seen on default yet',
    ],
  ] as const)('%j says what is missing', async (check, lab, missing) => {
    expect(await look(check, lab)).toEqual({ passed: false, missing });
  });

  it.each([
    [command, { exec: async () => program('', 0) }],
    [{ ...command, output: 'es' }, { exec: async () => program('yes\n', 0) }],
    [{ kind: 'http', name: 'x', instance: 'web', port: 80, path: '/', status: 200, body: 'hell', within: 5 }, {}],
    [
      { kind: 'instance', name: 'x', instance: 'box', phase: 'running', within: 5 },
      { phaseOf: () => 'running' as const },
    ],
    [{ kind: 'container', name: 'x', container: 'web', status: 'removed', within: 5 }, {}],
    [{ kind: 'image', name: 'x', image: 'mine', within: 5 }, { hasImage: async () => true }],
    [{ kind: 'packet', name: 'x', network: 'default', protocol: 'arp', within: 5 }, { packets: async () => 1 }],
  ] as const)('%j passes', async (check, lab) => {
    expect(await look(check, lab)).toEqual({ passed: true });
  });

  it('that never ends is killed when its time is over, and the next round looks again', async () => {
    const clock = new FakeClock();
    const programs: ReturnType<typeof program>[] = [];
    const lab: LessonLab = {
      ...nothing,
      exec: async () => {
        const next = programs.length === 0 ? program('', undefined) : program('', 0);
        programs.push(next);
        return next;
      },
    };
    const watch = new CheckWatch([command], { lab, clock });
    await clock.advance(9999);
    expect(watch.states).toEqual([{ state: 'waiting' }]);
    await clock.advance(1);
    expect(watch.states).toEqual([{ state: 'missing', missing: 'It took longer than 10 s' }]);
    expect(programs[0]?.killed).toEqual(['SIGKILL']);
    await clock.advance(1500);
    expect(watch.states).toEqual([{ state: 'passed' }]);
    await clock.advance(60_000);
    expect(programs).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('whose program never begins is not waited for', async () => {
    const clock = new FakeClock();
    const running = runCheck(
      command,
      { ...nothing, exec: () => new Promise(() => {}) },
      clock,
      new AbortController().signal,
    );
    await clock.advance(10_000);
    expect(await running).toEqual({ passed: false, missing: 'It took longer than 10 s' });
  });

  it('that prints without end is killed', async () => {
    const noisy = program('x'.repeat(70_000), undefined);
    expect(await look(command, { exec: async () => noisy })).toMatchObject({ passed: false });
    expect(noisy.killed).toContain('SIGKILL');
  });

  it('is ended with its watch', async () => {
    const clock = new FakeClock();
    const hanging = program('', undefined);
    const watch = new CheckWatch([command], { lab: { ...nothing, exec: async () => hanging }, clock });
    await settle();
    watch.dispose();
    await settle();
    expect(hanging.killed).toEqual(['SIGKILL']);
    expect(clock.pending).toBe(0);
  });
});
