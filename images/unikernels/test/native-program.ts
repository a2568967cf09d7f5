import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../scripts/lib/judges.mjs';
import { buildDirectory, imagesDirectory } from '../../lib/paths';
import { run } from '../../lib/run';

/** Debian's clang, where it is installed: what has no wasm in it is compiled for this machine and tested here. */
export const clang = findProgram('clang');

const sources = join(imagesDirectory, 'unikernels');

/** Compiles C files of images/unikernels into a program of this machine, with undefined behaviour ending it. */
export function buildNative(name: string, files: readonly string[], defines: readonly string[] = []): string {
  const directory = join(buildDirectory, 'unikernels-native');
  mkdirSync(directory, { recursive: true });
  const output = join(directory, name);
  const checks = ['-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers', '-fsanitize=undefined'];
  const flags = ['-O1', '-std=gnu11', ...checks, '-fsanitize-trap=undefined'];
  run('clang', [...flags, ...defines.map((define) => `-D${define}`), '-o', output, ...files], { directory: sources });
  return output;
}

/** Runs such a program with lines on its standard input, and returns the lines it writes. */
export function runNative(program: string, args: readonly string[], lines: readonly string[]): readonly string[] {
  const { status, signal, stdout } = spawnSync(program, args, {
    input: lines.map((line) => `${line}\n`).join(''),
    encoding: 'latin1',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${name(program)} ended with ${signal ?? status}: ${stdout}`);
  return stdout.split('\n').slice(0, -1);
}

function name(program: string): string {
  return program.split('/').at(-1) ?? program;
}
