import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock } from '../lib/lock';
import { buildDirectory, imagesDirectory } from '../lib/paths';
import { run } from '../lib/run';
import { unpackPackage } from '../lib/unpack';

/** Compiles the OCI runtime, a static program for the guest. */
export function buildOciRuntime(lock: Lock): Uint8Array<ArrayBuffer> {
  const output = join(buildDirectory, 'oci-runtime');
  const settings = [`OUT=${output}`, `MUSL=${unpackPackage(lock, 'musl-dev')}`];
  run('make', ['-s', '-C', join(imagesDirectory, 'oci-runtime'), ...settings]);
  return Uint8Array.from(readFileSync(join(output, 'strata-oci')));
}
