import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run';

/** Compresses in one thread, so that the bytes do not depend on the machine, at a level fit for what is made once. */
export function compressZstd(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const directory = mkdtempSync(join(tmpdir(), 'strata-zstd-'));
  try {
    const source = join(directory, 'bytes');
    writeFileSync(source, bytes);
    run('zstd', ['--quiet', '--ultra', '-22', '--single-thread', source]);
    return Uint8Array.from(readFileSync(`${source}.zst`));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
