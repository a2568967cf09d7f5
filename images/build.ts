import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes } from '../src/base/bytes';
import { SandboxError, toSandboxError } from '../src/base/errors';
import {
  putContainerHostInitrd,
  putDisks,
  putFirmware,
  putImageRoot,
  putKernel,
  putOciRuntime,
  putUnikernel,
} from './artifacts';
import { putBases } from './bases/build';
import { buildContainerFiles } from './container-files/build';
import { buildDisks } from './disks/build';
import { buildFirmware } from './firmware/build';
import { buildContainerHostInitrd } from './guest/container-host';
import { buildInitramfs } from './guest/initramfs';
import { buildGuestPrograms } from './guest/programs';
import { buildImageRoot } from './image-root/build';
import { buildKernel, cleanKernel } from './kernel/build';
import { assertForeignArchitecture } from './lib/debian';
import { type Lock, readLock } from './lib/lock';
import { copyLayout, OciLayout, readReferences } from './lib/oci-layout';
import { buildDirectory, rootDirectory } from './lib/paths';
import { compareReferences } from './lib/report';
import { assertTools, isPart, type Part, parts, toolchainVersions } from './lib/tools';
import { updateImagePackages, updateLock } from './lib/update-lock';
import { buildOciRuntime } from './oci-runtime/build';
import { signLayout } from './signing/sign-layout';
import { buildSnapshots } from './snapshots/build';
import { buildUnikernels } from './unikernels/build';

const usage = `npm run images -- [options]
Rebuilds everything a guest boots into build/registry.
  --update     first move images/lock.json to the versions apt has now
  --only NAME  leave all but these as they are in build/registry: unikernels, disks, bases, oci-runtime (and
               the snapshots, which have it in them), snapshots, image-root
  --images NAME,…
               with --only bases: only these of the base images
  --clean      compile the kernel anew: a full check that it is reproducible
  --publish    then sign it, and copy build/registry to public/registry
  --help       this text`;

const layoutDirectory = join(buildDirectory, 'registry');
const publicDirectory = join(rootDirectory, 'public/registry');

const { values: options } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    only: { type: 'string' },
    images: { type: 'string' },
    clean: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

try {
  if (options.help) console.log(usage);
  else await main();
} catch (error) {
  const { message, stack } = toSandboxError(error);
  console.error(process.env.DEBUG === undefined ? message : stack);
  process.exitCode = 1;
}
// A machine that failed to boot may still run.
process.exit();

async function main(): Promise<void> {
  const { only } = options;
  if (only !== undefined && !isPart(only)) {
    throw new SandboxError('InvalidArgument', `--only ${only}: only ${parts.join(' and ')} can be built apart`);
  }
  if (options.images !== undefined && only !== 'bases') {
    throw new SandboxError('InvalidArgument', `--images ${options.images} has a meaning only with --only bases`);
  }
  assertTools(only ?? 'everything');
  const isBuilt = (part: Part): boolean => only === undefined || only === part;
  if (isBuilt('bases')) assertForeignArchitecture();
  if (options.update && only === 'bases') updateImagePackages(readLock());
  else if (options.update) updateLock();
  const lock = readLock();
  warnOfToolchain(lock.toolchain);

  // What is not built here is what is published; nothing else may change when it is published again.
  if (only !== undefined && (options.publish || !existsSync(layoutDirectory)))
    copyLayout(publicDirectory, layoutDirectory);
  const before = readReferences(layoutDirectory);
  const layout = new OciLayout(layoutDirectory);
  if (only === undefined) putGuests(lock, layout);
  else for (const [reference, descriptor] of before) layout.keepArtifact(reference, descriptor);
  if (isBuilt('unikernels')) putUnikernels(lock, layout);
  if (isBuilt('oci-runtime')) {
    const [runtime, files] = [buildOciRuntime(lock), buildContainerFiles(lock)];
    say('OCI runtime', runtime);
    say('files of containers', files);
    putOciRuntime(layout, runtime, files);
  }
  // A host's has these programs in it.
  if (isBuilt('snapshots') || isBuilt('oci-runtime')) await buildSnapshots(layout, before, console.log);
  if (isBuilt('image-root')) {
    const program = buildImageRoot(lock);
    say('root of machines from images', program);
    putImageRoot(layout, program);
  }
  if (isBuilt('disks')) putDisks(layout, await buildDisks());
  if (isBuilt('bases')) putBases(lock, layout, options.images?.split(',') ?? [], console.log);
  layout.finish();

  for (const line of compareReferences(before, readReferences(layoutDirectory))) console.log(line);
  if (!options.publish) return;
  console.log(`Signed: ${await signLayout(layoutDirectory)} artifacts`);
  copyLayout(layoutDirectory, publicDirectory);
  console.log('Published to public/registry');
}

function putGuests(lock: Lock, layout: OciLayout): void {
  if (options.clean) cleanKernel();
  const initramfs = buildInitramfs(lock, buildGuestPrograms(lock));
  say('base initramfs', initramfs);
  const kernel = buildKernel(lock, initramfs);
  say('kernel', kernel);
  const initrd = buildContainerHostInitrd(lock);
  say('container host initrd', initrd);
  const firmware = buildFirmware(lock);
  putKernel(layout, kernel);
  putContainerHostInitrd(layout, initrd);
  putFirmware(layout, firmware);
}

function putUnikernels(lock: Lock, layout: OciLayout): void {
  for (const unikernel of buildUnikernels(lock)) {
    say(`unikernel ${unikernel.name}`, unikernel.module);
    putUnikernel(layout, unikernel);
  }
}

function say(name: string, bytes: Uint8Array): void {
  console.log(`${name}: ${formatBytes(bytes.length)}`);
}

function warnOfToolchain(locked: Readonly<Record<string, string>>): void {
  for (const [name, here] of Object.entries(toolchainVersions())) {
    if (locked[name] === here) continue;
    console.warn(`${name} is ${here} here and ${locked[name]} in images/lock.json: digests may differ`);
  }
}
