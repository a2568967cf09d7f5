import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import { fetchPackage } from '../lib/debian';
import { digestOf, inputsDigest, sha256Hex } from '../lib/digest';
import { type Lock, type LockedPackage, lockedPackage } from '../lib/lock';
import { buildDirectory, imagesDirectory } from '../lib/paths';
import { run } from '../lib/run';
import { toolchainVersions } from '../lib/tools';
import { missingOptions } from './config';

const workDirectory = join(buildDirectory, 'kernel');
const sourceDirectory = join(workDirectory, 'linux-source-6.1');
const outputDirectory = join(workDirectory, 'out');
const kernelImage = join(workDirectory, 'bzImage');
const patchDirectory = join(imagesDirectory, 'kernel/patches');

/** What a kernel build would otherwise take from the machine and the moment. */
const reproducible = {
  KBUILD_BUILD_TIMESTAMP: '2026-01-01',
  KBUILD_BUILD_USER: 'strata',
  KBUILD_BUILD_HOST: 'strata',
  KBUILD_BUILD_VERSION: '1',
  // Set and empty: nothing of a repository around the tree gets into the version.
  LOCALVERSION: '',
  LC_ALL: 'C',
  TZ: 'UTC',
} as const;

/** Named without a directory, for the configuration is readable in the guest: make runs in the output directory. */
const initramfsFile = 'strata-initramfs.cpio';
const embedding = `CONFIG_INITRAMFS_SOURCE="${initramfsFile}"\nCONFIG_INITRAMFS_COMPRESSION_NONE=y\n`;

/**
 * The guest kernel with the initramfs inside. Ten to twenty minutes the first time on two cores, fifteen seconds
 * when only the initramfs changed, nothing when nothing did.
 */
export function buildKernel(lock: Lock, initramfs: Uint8Array): Uint8Array {
  const source = lockedPackage(lock, 'linux-source-6.1');
  const fragment = readFileSync(join(imagesDirectory, 'kernel/config.fragment'), 'utf8');
  const inputs = inputsDigest({
    source: source.sha256,
    patches: patchesDigest(),
    fragment: digestOf(fragment),
    initramfs: digestOf(initramfs),
    environment: digestOf(JSON.stringify(reproducible)),
    ...toolchainVersions(),
  });
  const stamp = `${kernelImage}.inputs`;
  if (!existsSync(kernelImage) || readIfExists(stamp) !== inputs) {
    prepareSource(source);
    configure(fragment, initramfs);
    make(['bzImage', `--jobs=${availableParallelism()}`]);
    copyFileSync(join(outputDirectory, 'arch/x86/boot/bzImage'), kernelImage);
    writeFileSync(stamp, inputs);
  }
  return readFileSync(kernelImage);
}

/** Removes what was compiled, so that the next build is a full one. */
export function cleanKernel(): void {
  for (const path of [outputDirectory, kernelImage]) rmSync(path, { recursive: true, force: true });
}

/** Unpacks and patches the source, unless exactly this source lies there already. */
function prepareSource(source: LockedPackage): void {
  const stamp = join(workDirectory, 'source.inputs');
  const inputs = inputsDigest({ source: source.sha256, patches: patchesDigest() });
  if (existsSync(sourceDirectory) && readIfExists(stamp) === inputs) return;
  rmSync(workDirectory, { recursive: true, force: true });
  const packageDirectory = join(workDirectory, 'package');
  mkdirSync(packageDirectory, { recursive: true });
  run('dpkg-deb', ['--extract', fetchPackage(source), packageDirectory]);
  run('tar', ['xf', join(packageDirectory, 'usr/src/linux-source-6.1.tar.xz')], { directory: workDirectory });
  rmSync(packageDirectory, { recursive: true });
  for (const patch of patchFiles()) run('patch', ['-p1', '--forward', '-i', patch], { directory: sourceDirectory });
  writeFileSync(stamp, inputs);
}

function configure(fragment: string, initramfs: Uint8Array): void {
  mkdirSync(outputDirectory, { recursive: true });
  writeFileSync(join(outputDirectory, initramfsFile), initramfs);
  const wanted = `${fragment}\n${embedding}`;
  const wantedFile = join(outputDirectory, 'fragment.config');
  writeFileSync(wantedFile, wanted);
  make([`KCONFIG_ALLCONFIG=${wantedFile}`, 'allnoconfig']);
  const missing = missingOptions(wanted, readFileSync(join(outputDirectory, '.config'), 'utf8'));
  if (missing.length === 0) return;
  throw new SandboxError('FailedPrecondition', `The kernel's configuration did not grant: ${missing.join(', ')}`);
}

function make(args: readonly string[]): void {
  run('make', ['--silent', '-C', sourceDirectory, `O=${outputDirectory}`, 'ARCH=i386', ...args], {
    environment: reproducible,
    loud: true,
  });
}

function patchFiles(): readonly string[] {
  return readdirSync(patchDirectory)
    .sort()
    .map((name) => join(patchDirectory, name));
}

function patchesDigest(): string {
  return sha256Hex(
    patchFiles()
      .map((file) => sha256Hex(readFileSync(file)))
      .join(),
  );
}

function readIfExists(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
