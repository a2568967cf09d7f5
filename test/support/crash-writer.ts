import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** How the guest mounts the disk that the writer writes to. */
export const mountVolume = 'mkdir -p /tmp/volume && mount -t ext4 /dev/vda /tmp/volume';

/**
 * Writes files of all sizes for ever, each synced before its checksum is printed: a line is the acknowledgement that
 * the file is durable. Between them it overwrites and deletes others, so that the journal has something to do.
 */
export function writerCommand(round: number): string {
  return (
    `mkdir -p /tmp/volume/${round} && cd /tmp/volume/${round} && i=0; while :; do i=$((i + 1)); ` +
    'echo $i > scratch; rm -f gone; mv scratch gone; ' +
    'dd if=/dev/urandom of=f$i bs=1k count=$((1 + i * 7 % 40)) conv=fsync 2>/dev/null || exit 1; md5sum f$i; done'
  );
}

/** Compares all files that were acknowledged, and says how many there are. */
export function checkCommand(rounds: ReadonlyMap<number, readonly string[]>): string {
  const checks = [...rounds].map(
    ([round, lines]) => `cd /tmp/volume/${round} && md5sum -c - >/tmp/checked <<'END'\n${lines.join('\n')}\nEND\n`,
  );
  return `set -e; ${checks.join('')}ls -d /tmp/volume/*/f* | wc -l`;
}

/** The whole lines of a text: the last may have been cut off. */
export function wholeLines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

/** Replays the journal of a raw disk, and throws what e2fsck has against the file system then. */
export async function judgeFileSystem(bytes: Uint8Array): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-e2fsck-'));
  const run = promisify(execFile);
  try {
    const path = join(directory, 'disk');
    await writeFile(path, bytes);
    await run('e2fsck', ['-y', '-E', 'journal_only', path]);
    await run('e2fsck', ['-fn', path]);
  } catch (thrown) {
    const { stdout = '', message } = thrown as { readonly stdout?: string; readonly message: string };
    throw new Error(`The file system is not sound: ${message}\n${stdout}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}
