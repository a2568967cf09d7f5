import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../images/lib/run';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { type AppLab, createAppLab, ended, outcomeOf } from '../support/app-lab';
import { ConsoleReader } from '../support/node-lab';

const compiler = findProgram('clang') && findProgram('wasm-ld') && existsSync('/usr/lib/wasm32-wasi/libc.a');

/** Ordinary C, compiled for this machine and for WASI: what it prints on Linux is what it has to print in an app. */
describe.runIf(compiler)('programs of C on Linux and in an app', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-wasi-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let lab: AppLab;
  beforeEach(() => {
    lab = createAppLab();
  });
  afterEach(() => lab.dispose());

  const source = (name: string): string => fileURLToPath(new URL(`../fixtures/wasi/${name}.c`, import.meta.url));

  function compileForWasi(name: string): Uint8Array {
    const module = join(folder, `${name}.wasm`);
    const options = ['--target=wasm32-wasi', '--sysroot=/usr', '-isystem', '/usr/include/wasm32-wasi'];
    run('clang', [...options, '-L/usr/lib/wasm32-wasi', '-O1', '-Wl,--strip-all', '-o', module, source(name)]);
    return readFileSync(module);
  }

  /** Runs the same source on this machine, with an input that is open and silent. */
  async function onLinux(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const program = join(folder, name);
    run('clang', ['-O1', '-D_GNU_SOURCE', '-o', program, source(name)]);
    const child = spawn(program, [...args], { cwd: mkdtempSync(join(folder, 'cwd-')), env });
    let printed = '';
    const keep = (chunk: Buffer): void => {
      printed += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, printed };
  }

  it('has files and folders as Linux has them', async () => {
    const native = await onLinux('files', [], {});
    const { code, shown } = await outcomeOf(await lab.make(compileForWasi('files')));
    expect(shown.replaceAll('\r\n', '\n')).toBe(native.printed);
    expect([code, native.code]).toEqual([0, 0]);
  });

  it('is given arguments, environment, time and chance as on Linux', async () => {
    const args = ['an argument', 'größer als Bytes', ''];
    const env = { GREETING: 'Grüße, Welt', EMPTY: '' };
    const native = await onLinux('process', args.slice(0, 1), env);
    const given = { args: args.slice(0, 1), env: Object.entries(env).map(([name, value]) => `${name}=${value}`) };
    const program = compileForWasi('process');
    const { code, shown } = await outcomeOf(await lab.make(program, given));
    expect(linesOf(shown)).toEqual(linesOf(native.printed));
    expect([code, native.code]).toEqual([7, 7]);
    const aborted = await outcomeOf(await lab.make(program, { ...given, args }));
    expect(aborted).toMatchObject({ code: 139, shown: expect.stringContaining('argument 2: größer als Bytes') });
  });

  it('reads lines from a terminal as they are typed', async () => {
    const app = await lab.make(compileForWasi('lines'));
    const reader = new ConsoleReader(app);
    await app.start();
    await reader.until('a terminal\r\n');
    reader.type('helo\x7flo\r');
    await reader.until('1: hello\r\n');
    reader.type('two\rthree\r\x04');
    await ended(app);
    expect(app.state.exit).toMatchObject({ code: 0 });
    expect(reader.text).toContain('2: two\r\n3: three\r\nthe end\r\n');
    await app.start();
    reader.type('quit\r');
    await ended(app);
    expect(app.state.exit).toMatchObject({ code: 3, reason: 'Exited with status 3' });
  });
});

/** In no order: what goes to the two outputs comes by two ways on Linux. */
function linesOf(text: string): readonly string[] {
  return text.replaceAll('\r\n', '\n').split('\n').sort();
}
