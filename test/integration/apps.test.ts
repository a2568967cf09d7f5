import { afterEach, describe, expect, it } from 'vitest';
import { moduleKind } from '../../src/runtime/app/module-kind';
import { type AppLab, createAppLab, ended, outcomeOf } from '../support/app-lab';
import { assemble, guest } from '../support/guest-modules';
import { ConsoleReader } from '../support/node-lab';
import { echoing, program, saying, spinning } from '../support/wasi-programs';

let lab: AppLab = createAppLab();
afterEach(() => {
  lab.dispose();
  lab = createAppLab();
});

describe('an app', () => {
  it('prints, and ends with the code of its program', async () => {
    const app = await lab.make(saying('Hello\nworld\n', 42));
    expect(await outcomeOf(app)).toEqual({ code: 42, reason: 'Exited with status 42', shown: 'Hello\r\nworld\r\n' });
    expect(app.state.phase).toBe('stopped');
    expect(lab.supervisor.count).toBe(0);
  });

  it('starts anew after its end, its terminal going on', async () => {
    const app = await lab.make(saying('again\n', 0));
    await outcomeOf(app);
    expect((await outcomeOf(app)).shown).toBe('again\r\nagain\r\n');
  });

  it('waits for what is typed, and reads to the end of input', async () => {
    const app = await lab.make(echoing);
    const reader = new ConsoleReader(app);
    await app.start();
    reader.type('abc\r');
    await reader.until('abc\r\nabc\r\n');
    reader.type('\x04');
    await ended(app);
    expect(app.state.exit).toMatchObject({ code: 0, reason: 'Exited' });
  });

  it('takes what is pasted faster than it reads, and rings for what is too much', async () => {
    const slow = program(
      `(drop (call $poll_oneoff (i32.const 512) (i32.const 640) (i32.const 1) (i32.const 32)))
       (loop $next (local.set $count (call $read))
         (if (local.get $count) (then (call $say (i32.const 8192) (local.get $count)) (br $next))))`,
      // A clock: monotonic, 200 ms.
      '(data (i32.const 528) "\\01\\00\\00\\00\\00\\00\\00\\00\\00\\c2\\eb\\0b")',
    );
    const app = await lab.make(slow);
    const reader = new ConsoleReader(app);
    await app.start();
    const line = `${'x'.repeat(999)}\r`;
    for (let count = 0; count < 300; count += 1) reader.type(line);
    reader.type('\x04');
    // 256 KiB hold 261 lines of 1,000 bytes with their lengths; the rest rang.
    await reader.until(`${`${'x'.repeat(999)}\r\n`.repeat(2)}`);
    await reader.until('\x07');
    expect(reader.text.split('\x07').length - 1).toBeGreaterThanOrEqual(39);
    await app.kill();
  });

  it('is ended by Ctrl+C, as a process is', async () => {
    const app = await lab.make(echoing);
    const reader = new ConsoleReader(app);
    await app.start();
    reader.type('half a line\x03');
    await ended(app);
    expect(app.state).toMatchObject({ phase: 'stopped', exit: { code: 130 } });
    expect(reader.text).toBe('half a line^C\r\n');
  });

  it.each([
    ['killed', 137, 'kill'],
    ['stopped', 143, 'stop'],
  ] as const)('that keeps the CPU for ever is %s at once', async (_how, code, action) => {
    const app = await lab.make(spinning);
    const reader = new ConsoleReader(app);
    await app.start();
    await reader.until('spinning');
    const { cpuMicros } = await app.stats();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await app.stats()).cpuMicros - cpuMicros).toBeGreaterThan(200_000);
    expect((await app[action](10_000)).code).toBe(code);
    expect(lab.supervisor.count).toBe(0);
  });

  it('uses no CPU while it waits, and tells its memory', async () => {
    const app = await lab.make(echoing);
    await app.start();
    const reader = new ConsoleReader(app);
    reader.type('x\r');
    await reader.until('x\r\nx');
    const before = await app.stats();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const after = await app.stats();
    expect(after.cpuMicros - before.cpuMicros).toBeLessThan(100_000);
    expect(after.memory.used).toBe(65_536);
  });

  it('loses nothing of what it prints faster than it is shown', async () => {
    // 4 MiB in pieces of 8 KiB, each of them spaces.
    const main = `(memory.fill (i32.const 8192) (i32.const 32) (i32.const 8192))
      (loop $next (call $say (i32.const 8192) (i32.const 8192)) (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $count) (i32.const 512))))`;
    const app = await lab.make(program(main));
    let bytes = 0;
    let skipped = 0;
    const attachment = app.attachConsole((output) => {
      bytes += output.bytes.length;
      skipped += output.skipped;
      attachment.acknowledge(output.bytes.length);
    });
    await app.start();
    await ended(app);
    expect([bytes, skipped]).toEqual([512 * 8192, 0]);
  });

  it('that traps has failed, and says why', async () => {
    const app = await lab.make(program('(unreachable)'));
    expect((await outcomeOf(app)).code).toBe(139);
    expect(app.state.error).toMatchObject({
      code: 'Aborted',
      message: expect.stringContaining('crashed: unreachable'),
    });
  });

  it('whose signal is its own has its code', async () => {
    const app = await lab.make(program('(drop (call $proc_raise (i32.const 6)))'));
    expect((await outcomeOf(app)).code).toBe(134);
  });

  it('gets no more memory than it may have', async () => {
    const grows = program(
      '(call $proc_exit (i32.add (memory.grow (i32.const 15)) (i32.mul (i32.const 100) (memory.grow (i32.const 1)))))',
    );
    const app = await lab.make(grows, { memoryMiB: 1 });
    // 1 page before the first growth; the second fails, -1.
    expect((await outcomeOf(app)).code).toBe((1 - 100) & 0xff);
  });

  it('cannot be harmed by pointers that lead nowhere', async () => {
    const main = `(call $proc_exit (i32.add
      (call $random_get (i32.const 65535) (i32.const 2))
      (i32.add (call $args_get (i32.const -1) (i32.const -1)) (call $fd_write (i32.const 1) (i32.const 65532) (i32.const 1) (i32.const 0)))))`;
    const app = await lab.make(program(main));
    expect((await outcomeOf(app)).code).toBe(3 * 21);
  });

  it('finds no way out of its files', async () => {
    const paths = ['../x', '/etc/passwd', 'a/../../x'];
    const opens = paths.map(
      (path, index) =>
        `(local.set $count (i32.add (local.get $count) (call $path_open (i32.const 3) (i32.const 1) (i32.const ${256 + 32 * index})
          (i32.const ${path.length}) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8))))`,
    );
    const texts = paths.map((path, index) => `(data (i32.const ${256 + 32 * index}) "${path}")`).join(' ');
    const app = await lab.make(program(`${opens.join('\n')} (call $proc_exit (local.get $count))`, texts), {
      files: { 'a/file': '' },
    });
    expect((await outcomeOf(app)).code).toBe((3 * 76) & 0xff);
  });

  it.each([
    ['a name that is none', { name: 'Not a name' }],
    ['two network cards', { nics: [{ network: 'a' }, { network: 'b' }] }],
    ['a disk', { disks: [{ sizeMiB: 1 }] }],
    ['a variable without a name', { env: ['novalue'] }],
    ['an argument with a NUL', { args: ['a\0b'] }],
    ['too little memory', { memoryMiB: 0 }],
    ['a file out of its folder', { files: { '../x': '' } }],
    ['a file without a name', { files: { 'a/': '' } }],
  ])('is refused with %s', async (_what, change) => {
    await expect(lab.make(saying('', 0), change)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('says which of its files are in each other’s way', async () => {
    const app = await lab.make(saying('', 0), { files: { a: '', 'a/b': '' } });
    await expect(app.start()).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(app.state.phase).toBe('failed');
  });

  it('is refused where there is no memory for it', async () => {
    lab.dispose();
    lab = createAppLab('shared', 64);
    const first = await lab.make(echoing, { memoryMiB: 40 });
    const second = await lab.make(echoing, { memoryMiB: 40 });
    await first.start();
    await expect(second.start()).rejects.toMatchObject({ code: 'ResourceExhausted' });
    await first.kill();
    await second.start();
    await second.kill();
  });

  it('runs without being able to wait, until it has to', async () => {
    lab.dispose();
    lab = createAppLab('none');
    expect(await outcomeOf(await lab.make(saying('fine\n', 5)))).toMatchObject({ code: 5, shown: 'fine\r\n' });
    const app = await lab.make(echoing);
    await outcomeOf(app);
    expect(app.state).toMatchObject({
      phase: 'failed',
      error: { code: 'Unimplemented', message: expect.stringMatching(/JSPI.*isolated/) },
    });
  });
});

describe('what a file is', () => {
  const header = '\0asm\x01\0\0\0';
  const textBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (char) => char.charCodeAt(0));

  it.each([
    ['a program of WASI', echoing, 'wasi'],
    ['a program without any call', assemble('(module (memory (export "memory") 1) (func (export "_start")))'), 'wasi'],
    ['a unikernel', guest({}), 'unikernel'],
    ['a unikernel without a manifest', assemble('(module (import "solo5" "exit" (func (param i32))))'), 'unikernel'],
    [
      'a program of WASIX',
      assemble('(module (import "wasix_32v1" "proc_id" (func (param i32) (result i32))) (func (export "_start")))'),
      'wasix',
    ],
  ])('is told of %s', async (_what, bytes, kind) => {
    expect(await moduleKind(bytes)).toBe(kind);
  });

  it.each([
    ['text', textBytes('no module'), /does not begin as WebAssembly does/],
    ['a component', textBytes('\0asm\x0d\0\x01\0'), /a component \(WASI 0\.2\)/],
    ['what is cut off', textBytes(`${header}\x01`), /Not a module that can be run/],
    ['a library', assemble('(module (func (export "_initialize")))'), /a library \(a reactor\)/],
    ['a module without a beginning', assemble('(module)'), /exports no _start/],
    ['an old WASI', assemble('(module (import "wasi_unstable" "proc_exit" (func (param i32))))'), /old WASI/],
    [
      'a module for a page',
      assemble('(module (import "env" "fetch" (func)) (func (export "_start")))'),
      /imports from "env"/,
    ],
  ])('is refused when it is %s', async (_what, bytes, message) => {
    await expect(moduleKind(bytes)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [
      'a call that there is not',
      '(module (import "wasi_snapshot_preview1" "fork" (func)) (memory (export "memory") 1) (func (export "_start")))',
      /wasi_snapshot_preview1\.fork/,
    ],
    ['no memory', '(module (func (export "_start")))', /0 memories/],
    ['a memory of its own', '(module (memory 1) (func (export "_start")))', /does not export its memory/],
  ])('cannot be started with %s', async (_what, text, message) => {
    const app = await lab.make(assemble(text));
    await expect(app.start()).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(message),
    });
  });
});
