import { spawnSync } from 'node:child_process';
import { SandboxError } from '../../src/base/errors';
import { run } from './run';

/** Programs that a recipe runs or files it compiles against, and the Debian package of each. */
interface Needs {
  readonly programs: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

const unikernelNeeds: Needs = {
  programs: {
    clang: 'clang',
    'dpkg-source': 'dpkg-dev',
    make: 'make',
    'wasm-ld': 'lld',
    'wasm-opt': 'binaryen',
    zstd: 'zstd',
  },
  files: {},
};

const diskNeeds: Needs = { programs: { mke2fs: 'e2fsprogs', tar: 'tar', zstd: 'zstd' }, files: {} };

const guestPrograms: Readonly<Record<string, string>> = {
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

const guestFiles: Readonly<Record<string, string>> = {
  '/usr/include/gelf.h': 'libelf-dev',
  '/usr/include/openssl/evp.h': 'libssl-dev',
  '/usr/lib32/libc.a': 'gcc-multilib',
};

const everything: Needs = {
  programs: { ...guestPrograms, ...unikernelNeeds.programs, ...diskNeeds.programs },
  files: { ...guestFiles, ...unikernelNeeds.files },
};

const needsOfParts = { unikernels: unikernelNeeds, disks: diskNeeds } as const;

/** What can be built by itself. */
export type Part = keyof typeof needsOfParts;

export const parts = Object.keys(needsOfParts) as readonly Part[];

export function isPart(name: string): name is Part {
  return name in needsOfParts;
}

/** Throws the apt line that installs what is missing here. */
export function assertTools(what: 'everything' | Part): void {
  const { programs, files } = what === 'everything' ? everything : needsOfParts[what];
  const missing = [
    ...Object.entries(programs).filter(([program]) => !isThere(program)),
    ...Object.entries(files).filter(([path]) => spawnSync('test', ['-e', path]).status !== 0),
  ].map(([, name]) => name);
  if (missing.length === 0) return;
  const names = [...new Set(missing)].sort().join(' ');
  throw new SandboxError('FailedPrecondition', `Programs are missing. As root: apt-get install --yes ${names}`);
}

/** Versions of what the bytes of the kernel, the unikernels and our compressed layers depend on. */
export function toolchainVersions(): Readonly<Record<string, string>> {
  const firstLine = (program: string): string => {
    // mke2fs says its version to standard error, and by another option.
    const text =
      program === 'mke2fs' ? spawnSync(program, ['-V'], { encoding: 'utf8' }).stderr : run(program, ['--version']);
    return text.trim().split('\n', 1)[0]?.trim() ?? '';
  };
  const programs = ['clang', 'gcc', 'ld', 'lz4', 'mke2fs', 'wasm-ld', 'wasm-opt', 'zstd'];
  return Object.fromEntries(programs.filter(isThere).map((program) => [program, firstLine(program)]));
}

function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}
