import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { createLessonLab, type LabProbesOptions } from './lab-probes';

/** A container engine with one container, in which a program says what is given and ends with a code. */
function setUp({ code, says }: { readonly code: number | null; readonly says?: string }) {
  const commands: unknown[] = [];
  let left: unknown;
  const output = new ReadableStream({
    start(controller) {
      if (says === undefined) return;
      controller.enqueue({ stream: 'stdout', bytes: new TextEncoder().encode(says) });
      controller.close();
    },
    cancel: (why) => {
      left = why;
    },
  });
  const engine = {
    containers: {
      list: async () => [{ Id: 'c', Names: ['/web'], State: 'exited' }],
      inspect: () => Promise.reject(new Error('it has gone')),
    },
    execs: {
      create: async (_name: string, { Cmd }: { readonly Cmd: unknown }) => {
        commands.push(Cmd);
        return { Id: 'e' };
      },
      start: async () => ({ output }),
      inspect: async () => ({ ExitCode: code }),
    },
  };
  const lab = { list: () => [], containers: async () => engine } as unknown as LabProbesOptions['lab'];
  const seen = createLessonLab({ lab, hasImage: async () => false, clock: new FakeClock() });
  const exec = () => seen.exec('web', { argv: ['/bin/sh', '-c', 'true'] }, 10);
  return { seen, exec, commands, left: () => left };
}

describe('a program of a check in a container', () => {
  it('says what it says, ends with its code, and has its time from the image', async () => {
    const { exec, commands } = setUp({ code: 3, says: 'no' });
    const process = await exec();
    expect(await new Response(process.stdout).text()).toBe('no');
    expect(await process.exited).toBe(3);
    expect(commands).toEqual([
      ['/bin/sh', '-c', expect.stringContaining('timeout -s KILL "$0" "$@"'), '10', '/bin/sh', '-c', 'true'],
    ]);
  });

  it('of which nobody knows how it ended has not ended well', async () => {
    const process = await setUp({ code: null, says: '' }).exec();
    expect(await new Response(process.stdout).text()).toBe('');
    await expect(process.exited).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('is not listened to any more when it is killed', async () => {
    const { exec, left } = setUp({ code: null });
    const process = await exec();
    const heard = new Response(process.stdout).text();
    process.kill('SIGKILL');
    await expect(process.exited).rejects.toMatchObject({ code: 'Canceled' });
    await expect(heard).rejects.toMatchObject({ code: 'Canceled' });
    expect(left()).toMatchObject({ code: 'Canceled' });
  });
});

it('a container that is gone when it is asked how it ended has no exit code', async () => {
  expect(await setUp({ code: 0 }).seen.containers()).toEqual([{ name: 'web', status: 'exited', exit: undefined }]);
});

it.each([
  [{ phase: 'created' }, undefined, 'web does not run'],
  [{ phase: 'stopped' }, { asleep: true }, 'connected'],
  [{ phase: 'running' }, undefined, 'connected'],
])('a request to a machine that is %j, %j: %s', async (state, demand, expected) => {
  const record = { name: 'web', state, demand, nics: [{ network: 'default', address: '10.0.0.2' }] };
  const connect = () => Promise.reject(new Error('connected'));
  const lab = { list: () => [record], connect } as unknown as LabProbesOptions['lab'];
  const seen = createLessonLab({ lab, hasImage: async () => false, clock: new FakeClock() });
  await expect(seen.get('web', 80, '/', new AbortController().signal)).rejects.toThrow(expected);
});
