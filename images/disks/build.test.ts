import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { extentSize, parseDiskImage } from '../../src/formats/disk-image';
import { digestOf } from '../lib/digest';
import { buildDisks, type DiskTemplate } from './build';

const [mke2fs, e2fsck, dumpe2fs, tar] = ['mke2fs', 'e2fsck', 'dumpe2fs', 'tar'].map(findProgram);

describe.runIf(mke2fs && e2fsck && dumpe2fs && tar)('empty file systems', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-empty-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** The template as a sparse file. */
  const write = async ({ sizeMiB, image }: DiskTemplate): Promise<string> => {
    const path = join(directory, `disk-${sizeMiB}`);
    const { sizeBytes, extents } = await parseDiskImage(new Blob([image]).stream());
    const file = openSync(path, 'w');
    ftruncateSync(file, sizeBytes);
    for await (const { index, bytes } of extents) writeSync(file, bytes, 0, bytes.length, index * extentSize);
    closeSync(file);
    return path;
  };

  it('are sound, have a journal and nothing that a guest would have to write first', async () => {
    for (const template of await buildDisks([64, 1024, 8192])) {
      const path = await write(template);
      expect(execFileSync(e2fsck ?? '', ['-fn', path], { encoding: 'utf8', stdio: 'pipe' })).toContain('11/');
      const described = execFileSync(dumpe2fs ?? '', [path], { encoding: 'utf8', stdio: 'pipe' });
      expect(described).toMatch(/Filesystem features: .*has_journal.*extent.*metadata_csum/);
      expect(described).toMatch(/Filesystem state: +clean/);
      const blocks = Number(/Block count: +(\d+)/.exec(described)?.[1]);
      expect(blocks * 4096).toBe(template.sizeMiB * 1024 * 1024);
      const groups = described.match(/^Group \d+:.*$/gm) ?? [];
      expect(groups.length).toBe(Math.ceil(template.sizeMiB / 128));
      const inodes = Number(/Inode count: +(\d+)/.exec(described)?.[1]);
      expect(inodes).toBe((template.sizeMiB * 1024 * 1024) / (template.sizeMiB < 8192 ? 16_384 : 65_536));
      expect(groups.every((group) => group.includes('ITABLE_ZEROED'))).toBe(true);
    }
  });

  it('come out the same each time', async () => {
    const [first, second] = [await buildDisks([64, 3072]), await buildDisks([64, 3072])];
    const digests = (made: readonly DiskTemplate[]) => made.map(({ image }) => digestOf(image));
    expect(digests(first)).toEqual(digests(second));
    expect(new Set(digests(first)).size).toBe(2);
  });
});
