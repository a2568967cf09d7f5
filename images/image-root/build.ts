import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock } from '../lib/lock';
import { buildDirectory, imagesDirectory } from '../lib/paths';
import { run } from '../lib/run';
import { unpackPackage } from '../lib/unpack';

/** Compiles the program that makes an image the root of a machine, a static one for the guest. */
export function buildImageRoot(lock: Lock): Uint8Array<ArrayBuffer> {
  const output = join(buildDirectory, 'image-root');
  const settings = [`OUT=${output}`, `MUSL=${unpackPackage(lock, 'musl-dev')}`];
  run('make', ['-s', '-C', join(imagesDirectory, 'image-root'), ...settings]);
  return Uint8Array.from(readFileSync(join(output, 'strata-root')));
}
