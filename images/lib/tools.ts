import { spawnSync } from 'node:child_process';
import { SandboxError } from '../../src/base/errors';
import { run } from './run';

/** Programs that the recipes run, and the Debian package of each. */
const tools: Readonly<Record<string, string>> = {
  bc: 'bc',
  bison: 'bison',
  flex: 'flex',
  gcc: 'gcc-multilib',
  lz4: 'lz4',
  make: 'make',
  objcopy: 'binutils',
  patch: 'patch',
  xz: 'xz-utils',
  zstd: 'zstd',
};

/** Headers and libraries they compile against, and the Debian package of each. */
const files: Readonly<Record<string, string>> = {
  '/usr/include/gelf.h': 'libelf-dev',
  '/usr/include/openssl/evp.h': 'libssl-dev',
  '/usr/lib32/libc.a': 'gcc-multilib',
};

/** Throws the apt line that installs what is missing here. */
export function assertTools(): void {
  const missing = [
    ...Object.entries(tools).filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0),
    ...Object.entries(files).filter(([path]) => spawnSync('test', ['-e', path]).status !== 0),
  ].map(([, name]) => name);
  if (missing.length === 0) return;
  const names = [...new Set(missing)].sort().join(' ');
  throw new SandboxError('FailedPrecondition', `Programs are missing. As root: apt-get install --yes ${names}`);
}

/** Versions of what the bytes of the kernel and of our compressed layers depend on. */
export function toolchainVersions(): Readonly<Record<string, string>> {
  const firstLine = (program: string): string => run(program, ['--version']).split('\n', 1)[0]?.trim() ?? '';
  return { gcc: firstLine('gcc'), ld: firstLine('ld'), lz4: firstLine('lz4'), zstd: firstLine('zstd') };
}
