import { spawn } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { templateSizesMiB } from '../../src/api/disk';
import { concatBytes } from '../../src/base/bytes';
import { extentsOf, serializeDiskImage } from '../../src/formats/disk-image';
import { parseSparseTar } from '../../src/formats/sparse-tar';
import { imagesDirectory } from '../lib/paths';
import { run } from '../lib/run';

/** An empty file system of one size, in the form of formats/disk-image.ts. */
export interface DiskTemplate {
  readonly sizeMiB: number;
  readonly image: Uint8Array<ArrayBuffer>;
}

/** Names of these file systems; every disk made from one has them. */
const uuid = '6d1e4d3b-7c3f-4c55-9d0e-1f0f8a2f7a01';
const hashSeed = '2a6b1f6c-0d0e-4b6a-9c53-8c0f3a7d1b52';
/** 2020-01-01T00:00:00Z: when all of them were made. */
const madeAt = '1577836800';

/** Empty ext4 file systems with a journal, by the build machine's mke2fs: the guest's own makes none. */
export async function buildDisks(sizesMiB: readonly number[] = templateSizesMiB): Promise<readonly DiskTemplate[]> {
  const directory = mkdtempSync(join(tmpdir(), 'strata-disks-'));
  try {
    const templates: DiskTemplate[] = [];
    for (const sizeMiB of sizesMiB) templates.push(await buildDisk(directory, sizeMiB));
    return templates;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function buildDisk(directory: string, sizeMiB: number): Promise<DiskTemplate> {
  const file = openSync(join(directory, 'disk'), 'w');
  ftruncateSync(file, sizeMiB * 1024 * 1024);
  closeSync(file);
  run('mke2fs', mke2fsArguments(sizeMiB), {
    directory,
    environment: { MKE2FS_CONFIG: join(imagesDirectory, 'disks/mke2fs.conf'), E2FSPROGS_FAKE_TIME: madeAt },
  });
  // GNU tar finds the holes, which Node cannot ask for, without reading 64 GiB of them.
  const tar = spawn('tar', ['-cS', '--format=pax', '-f', '-', 'disk'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { sizeBytes, parts } = await parseSparseTar(Readable.toWeb(tar.stdout) as ReadableStream<Uint8Array>);
  const chunks: Uint8Array[] = [];
  for await (const chunk of serializeDiskImage({ sizeBytes, extents: extentsOf(parts) })) chunks.push(chunk);
  return { sizeMiB, image: concatBytes(chunks) };
}

function mke2fsArguments(sizeMiB: number): readonly string[] {
  const extended = [
    `hash_seed=${hashSeed}`,
    'root_owner=0:0',
    // A new disk reads as zeros: nobody has to write them, neither mke2fs nor the guest's kernel afterwards.
    'lazy_itable_init=0',
    'assume_storage_prezeroed=1',
  ];
  // Nothing is kept for root, who is the one to use it; a disk that gives errors is written to no more.
  const usual = ['-q', '-F', '-t', 'ext4', '-T', 'disk', '-m', '0', '-e', 'remount-ro'];
  const inodes = ['-i', `${bytesPerInode(sizeMiB)}`];
  return [...usual, ...inodes, '-J', `size=${journalMiB(sizeMiB)}`, '-U', uuid, '-E', extended.join(','), 'disk'];
}

/**
 * A mount walks the tables of inodes of every group that nothing was written to, 27,000 instructions each with the usual
 * 8,192 inodes: half of what mounting 8 GiB took. Large disks have a quarter of them, still 131,072.
 */
function bytesPerInode(sizeMiB: number): number {
  return sizeMiB < 8192 ? 16_384 : 65_536;
}

/** A journal costs what has been written to it, so it is no larger than what a guest can write in a few seconds. */
function journalMiB(sizeMiB: number): number {
  if (sizeMiB < 512) return 4;
  return sizeMiB < 4096 ? 16 : 32;
}
