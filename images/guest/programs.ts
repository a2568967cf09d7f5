import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock } from '../lib/lock';
import { buildDirectory, imagesDirectory } from '../lib/paths';
import { run } from '../lib/run';
import { unpackPackage } from '../lib/unpack';

export interface GuestPrograms {
  readonly init: Uint8Array;
  readonly agent: Uint8Array;
}

/** Compiles PID 1 and the agent. */
export function buildGuestPrograms(lock: Lock): GuestPrograms {
  const output = join(buildDirectory, 'guest');
  run('make', ['-s', '-C', join(imagesDirectory, 'guest'), `OUT=${output}`, `MUSL=${unpackPackage(lock, 'musl-dev')}`]);
  return { init: readFileSync(join(output, 'init')), agent: readFileSync(join(output, 'strata-agent')) };
}
