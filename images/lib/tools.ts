import { spawnSync } from 'node:child_process';
import { SandboxError } from '../../src/base/errors';

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

const baseNeeds: Needs = {
  programs: {
    // mmdebstrap asks it whether this machine runs programs for i386, and refuses where it is not there.
    'arch-test': 'arch-test',
    'dpkg-scanpackages': 'dpkg-dev',
    'libdeflate-gzip': 'libdeflate-tools',
    mmdebstrap: 'mmdebstrap',
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
  programs: { ...guestPrograms, ...unikernelNeeds.programs, ...diskNeeds.programs, ...baseNeeds.programs },
  files: { ...guestFiles, ...unikernelNeeds.files },
};

const staticProgramNeeds: Needs = {
  programs: { gcc: 'gcc-multilib', make: 'make', zstd: 'zstd' },
  files: { '/usr/lib32/libc.a': 'gcc-multilib' },
};

const snapshotNeeds: Needs = { programs: { zstd: 'zstd' }, files: {} };

const needsOfParts = {
  unikernels: unikernelNeeds,
  disks: diskNeeds,
  bases: baseNeeds,
  'oci-runtime': staticProgramNeeds,
  'image-root': staticProgramNeeds,
  snapshots: snapshotNeeds,
} as const;

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

/** Programs that the bytes of artifacts depend on, and how each is asked for its version. */
const versionOptions: Readonly<Record<string, string>> = {
  clang: '--version',
  gcc: '--version',
  ld: '--version',
  'libdeflate-gzip': '-V',
  lz4: '--version',
  mke2fs: '-V',
  mmdebstrap: '--version',
  'wasm-ld': '--version',
  'wasm-opt': '--version',
  zstd: '--version',
};

/** Versions of what the bytes of the kernel, the unikernels and our compressed layers depend on. */
export function toolchainVersions(): Readonly<Record<string, string>> {
  const there = Object.entries(versionOptions).filter(([program]) => isThere(program));
  return Object.fromEntries(
    there.map(([program, option]) => {
      // mke2fs says its version to standard error.
      const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' });
      return [program, (stdout || stderr).trim().split('\n', 1)[0]?.trim() ?? ''];
    }),
  );
}

function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}
