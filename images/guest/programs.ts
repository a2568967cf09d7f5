import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDirectory, imagesDirectory } from '../lib/paths';
import { run } from '../lib/run';

export interface GuestPrograms {
  readonly init: Uint8Array;
  readonly agent: Uint8Array;
}

/** Compiles PID 1 and the agent. */
export function buildGuestPrograms(): GuestPrograms {
  const output = join(buildDirectory, 'guest');
  run('make', ['-s', '-C', join(imagesDirectory, 'guest'), `OUT=${output}`]);
  return { init: readFileSync(join(output, 'init')), agent: readFileSync(join(output, 'strata-agent')) };
}
