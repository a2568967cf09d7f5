import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run';

/**
 * Compresses as well as the form allows, without a name or a date in it. By libdeflate, which is smaller than zlib by
 * 4 % and than zopfli by a little, and whose bytes do not change with Node's version.
 */
export function compressGzip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const directory = mkdtempSync(join(tmpdir(), 'strata-gzip-'));
  try {
    const source = join(directory, 'bytes');
    writeFileSync(source, bytes);
    run('libdeflate-gzip', ['-12', source]);
    return Uint8Array.from(readFileSync(`${source}.gz`));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
