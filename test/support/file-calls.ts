import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../images/lib/run';
import { findProgram } from '../../scripts/lib/judges.mjs';

/** Whether there is what compiles it. */
export const canBuildFileCalls = findProgram('clang') !== undefined;

const flags = [
  '--target=i386-linux-gnu',
  '-O1',
  '-Wall',
  '-Werror',
  '-ffreestanding',
  '-nostdlib',
  '-static',
  '-fno-pic',
];
const plain = ['-fno-stack-protector', '-fno-asynchronous-unwind-tables'];

/** A shell command that makes /tmp/file-calls in a guest: the program of test/fixtures/nine-p/file-calls.c. */
export function putFileCalls(): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata-file-calls-'));
  const output = join(folder, 'file-calls');
  try {
    run('clang', [...flags, ...plain, '-s', '-o', output, 'file-calls.c'], {
      directory: fileURLToPath(new URL('../fixtures/nine-p', import.meta.url)),
    });
    const text = readFileSync(output).toString('base64');
    return `echo ${text} | base64 -d > /tmp/file-calls && chmod +x /tmp/file-calls`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
