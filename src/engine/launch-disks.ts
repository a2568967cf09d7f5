import type { DiskSpec } from '../api/disk';
import type { Operation } from '../api/operation';
import { SandboxError } from '../base/errors';
import type { DiskFile, DiskFiles } from './disk-files';

/**
 * The disks of a machine that is to be made: a file is stored where there is one, and found among those that are stored
 * where only its digest is known. Errors: as of `DiskFiles`, `InvalidArgument` for another file than the one wanted.
 */
export async function launchDisks(
  files: DiskFiles,
  wanted: readonly DiskSpec[],
  brought: readonly (DiskFile | undefined)[],
  operation: Operation,
): Promise<readonly DiskSpec[]> {
  const made: DiskSpec[] = [];
  for (const [index, wish] of wanted.entries()) made.push(await launchDisk(files, wish, brought[index], operation));
  return made;
}

async function launchDisk(
  files: DiskFiles,
  { source: wanted, ...wish }: DiskSpec,
  brought: DiskFile | undefined,
  operation: Operation,
): Promise<DiskSpec> {
  if (!brought) return { ...wish, ...(wanted && { source: { ...files.find(wanted), name: wanted.name } }) };
  const { drive, sizeMiB, source } = await files.store(brought, operation);
  if (wanted && wanted.digest !== source.digest) {
    files.settle(source);
    const message = `${brought.name} is not the file that the machine was made with (${wanted.name}): its content differs`;
    throw new SandboxError('InvalidArgument', message, { details: { expected: wanted.digest, found: source.digest } });
  }
  return { drive: wish.drive ?? drive, sizeMiB, source };
}
