import { describe, expect, it, vi } from 'vitest';
import type { ExecSpec, InstancePhase, InstanceState, Process } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { eventually } from '../../base/eventually-fixture';
import { ShellSource } from './shell-source';

const words = {
  ended: (code: number) => `ended with ${code}`,
  failed: (why: string) => `failed: ${why}`,
  lost: (why: string) => `lost: ${why}`,
  off: () => 'off',
  gone: () => 'gone',
};

/** A guest whose programs are the test's. */
function guest(phase: InstancePhase = 'running') {
  const programs: ReturnType<typeof program>[] = [];
  const specs: ExecSpec[] = [];
  const states = new Emitter<InstanceState>();
  const host = {
    state: { phase, since: 0 } as InstanceState,
    states: states.event,
    async reattach(id: string): Promise<Process> {
      const found = programs.find(({ process }) => process.id === id);
      if (!found) throw new SandboxError('NotFound', `No such program: ${id}`);
      return found.process;
    },
    async exec(spec: ExecSpec): Promise<Process> {
      specs.push(spec);
      const made = program(`session/${programs.length}`);
      programs.push(made);
      return made.process;
    },
  };
  const enter = (next: InstancePhase): void => {
    host.state = { phase: next, since: 0 };
    states.fire(host.state);
  };
  return { host, programs, specs, enter };
}

function program(id: string) {
  const typed: string[] = [];
  const killed: string[] = [];
  const sizes: string[] = [];
  const exited = createDeferred<number>();
  const output = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(undefined, undefined, {
    highWaterMark: 0,
  });
  const writer = output.writable.getWriter();
  let taken = 0;
  const process: Process = {
    id,
    stdin: new WritableStream({ write: (bytes) => void typed.push(new TextDecoder().decode(bytes)) }),
    stdout: output.readable,
    stderr: new ReadableStream(),
    exited: exited.promise,
    resize: ({ columns, rows }) => void sizes.push(`${columns}x${rows}`),
    kill: (signal) => void killed.push(signal),
  };
  return {
    process,
    typed,
    killed,
    sizes,
    print: async (bytes: Uint8Array<ArrayBuffer>) => {
      await writer.write(bytes);
      taken += 1;
    },
    fail: async (error: SandboxError) => {
      exited.promise.catch(() => {});
      exited.reject(error);
      await writer.abort(error);
    },
    end: async (code: number) => {
      exited.resolve(code);
      await writer.close();
    },
    get taken() {
      return taken;
    },
  };
}

function attach(source: ShellSource) {
  let shown = '';
  const lengths: number[] = [];
  const attachment = source.attachConsole(({ bytes }) => {
    lengths.push(bytes.length);
    shown += new TextDecoder().decode(bytes);
  });
  return { attachment, shown: () => shown, lengths };
}

const type = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

describe('a shell in a terminal', () => {
  it('starts with the size of the terminal, gets what is typed and shows what it prints', async () => {
    const { host, programs, specs } = guest();
    const { attachment, shown } = attach(new ShellSource({ host: () => host, words }));
    attachment.resize({ columns: 100, rows: 30 });
    await eventually(() => expect(programs).toHaveLength(1));
    expect(specs[0]).toEqual({ argv: ['/bin/sh', '-l'], terminal: { columns: 100, rows: 30 } });
    attachment.write(type('ls\r'));
    await eventually(() => expect(programs[0]!.typed).toEqual(['ls\r']));
    void programs[0]!.print(type('bin dev'));
    await eventually(() => expect(shown()).toBe('bin dev'));
    attachment.resize({ columns: 80, rows: 20 });
    expect(programs[0]!.sizes).toEqual(['80x20']);
  });

  it('keeps what is typed before its program runs', async () => {
    const { host, programs } = guest();
    const { attachment } = attach(new ShellSource({ host: () => host, words }));
    attachment.resize({ columns: 80, rows: 24 });
    expect(programs).toHaveLength(1);
    attachment.write(type('one\r'));
    attachment.write(type('two\r'));
    await eventually(() => expect(programs[0]!.typed).toEqual(['one\r', 'two\r']));
  });

  it('says how its program ended, and Enter starts another', async () => {
    const { host, programs } = guest();
    const source = new ShellSource({ host: () => host, words });
    const { attachment, shown } = attach(source);
    attachment.resize({ columns: 80, rows: 24 });
    await eventually(() => expect(programs).toHaveLength(1));
    await programs[0]!.end(3);
    await eventually(() => expect(shown()).toContain('ended with 3'));
    expect(source.running).toBe(false);
    attachment.write(type('x'));
    expect(programs).toHaveLength(1);
    attachment.write(type('\r'));
    await eventually(() => expect(programs).toHaveLength(2));
    expect(source.running).toBe(true);
  });

  it('is held back while what it printed is not dealt with', async () => {
    const { host, programs } = guest();
    const { attachment, lengths } = attach(new ShellSource({ host: () => host, words }));
    attachment.resize({ columns: 80, rows: 24 });
    await eventually(() => expect(programs).toHaveLength(1));
    const chunk = new Uint8Array(200 * 1024);
    const printed = Promise.all([1, 2, 3, 4].map(() => programs[0]!.print(chunk)));
    await eventually(() => expect(lengths).toHaveLength(2));
    expect(programs[0]!.taken).toBeLessThan(4);
    attachment.acknowledge(lengths[0]!);
    await eventually(() => expect(lengths).toHaveLength(3));
    attachment.acknowledge(lengths[0]! * 2);
    await printed;
    await eventually(() => expect(lengths).toHaveLength(4));
  });

  it('hangs up when its tab is closed', async () => {
    const { host, programs } = guest();
    const { attachment } = attach(new ShellSource({ host: () => host, words }));
    attachment.resize({ columns: 80, rows: 24 });
    await eventually(() => expect(programs).toHaveLength(1));
    await Promise.resolve();
    attachment.dispose();
    await eventually(() => expect(programs[0]!.killed).toEqual(['SIGHUP']));
  });

  it.each([
    ['on a machine that is off', 'stopped', 'off'],
    ['without a machine', undefined, 'off'],
  ] as const)('%s says so', async (_, phase, said) => {
    const { host } = guest(phase ?? 'stopped');
    const { attachment, shown } = attach(new ShellSource({ host: () => (phase ? host : undefined), words }));
    attachment.resize({ columns: 80, rows: 24 });
    await eventually(() => expect(shown()).toContain(`[${said}]`));
  });

  it('says why it could not start', async () => {
    const host = {
      ...guest().host,
      exec: () => Promise.reject(new SandboxError('ResourceExhausted', 'Too many programs')),
    };
    const { attachment, shown } = attach(new ShellSource({ host: () => host, words }));
    attachment.resize({ columns: 80, rows: 24 });
    await eventually(() => expect(shown()).toContain('failed: Too many programs'));
  });

  it('says that its machine has ended', async () => {
    const { host, programs } = guest();
    const { attachment, shown } = attach(new ShellSource({ host: () => host, words }));
    attachment.resize({ columns: 80, rows: 24 });
    await eventually(() => expect(programs).toHaveLength(1));
    await programs[0]!.fail(new SandboxError('Unavailable', 'The instance vm-1 has ended'));
    await eventually(() => expect(shown()).toContain('[lost: The instance vm-1 has ended]'));
  });
});

describe('a shell of an earlier page', () => {
  const size = { columns: 80, rows: 24 };

  it('goes on with its program once the machine does', async () => {
    const { host, programs, enter } = guest('created');
    programs.push(program('session/0'));
    const onChange = vi.fn();
    const source = new ShellSource({ host: () => host, words, earlier: { program: 'session/0' }, onChange });
    expect(source).toMatchObject({ waiting: true, program: 'session/0' });
    const { attachment, shown } = attach(source);
    attachment.resize(size);
    attachment.write(type('\r'));
    enter('starting');
    expect(source).toMatchObject({ waiting: true, running: false, program: 'session/0' });
    enter('running');
    await eventually(() => expect(source.running).toBe(true));
    expect(programs).toHaveLength(1);
    expect(programs[0]).toMatchObject({ sizes: ['80x24'], killed: ['SIGWINCH'] });
    void programs[0]!.print(type('still here'));
    await eventually(() => expect(shown()).toBe('still here'));
    attachment.write(type('ls\r'));
    await eventually(() => expect(programs[0]!.typed).toEqual(['ls\r']));
    expect(onChange).toHaveBeenCalled();
    enter('running');
    attachment.dispose();
    expect(programs[0]!.killed).toEqual(['SIGWINCH', 'SIGHUP']);
  });

  it('shows how its program ended meanwhile, and Enter starts another', async () => {
    const { host, programs } = guest();
    const ended = program('session/7');
    programs.push(ended);
    const source = new ShellSource({ host: () => host, words, earlier: { program: 'session/7' } });
    const { attachment, shown } = attach(source);
    attachment.resize(size);
    await ended.end(5);
    await eventually(() => expect(shown()).toContain('[ended with 5]'));
    expect(source.program).toBeUndefined();
    attachment.write(type('\r'));
    await eventually(() => expect(programs).toHaveLength(2));
    await eventually(() => expect(source.program).toBe('session/1'));
  });

  it.each([
    ['is not there any more', { program: 'session/9' }],
    ['was not there', {}],
  ])('says so where its program %s, and waits for Enter', async (_, earlier) => {
    const { host, programs } = guest();
    const { attachment, shown } = attach(new ShellSource({ host: () => host, words, earlier }));
    attachment.resize(size);
    await eventually(() => expect(shown()).toContain('[gone]'));
    expect(programs).toHaveLength(0);
    attachment.write(type('\r'));
    await eventually(() => expect(programs).toHaveLength(1));
  });
});
