import type { DiskSource, DiskSpec, DiskStore } from '../api/disk';
import type { Operation } from '../api/operation';
import { SandboxError } from '../base/errors';
import type { DiskFile, DiskFiles } from './disk-files';
import { storeDiskFile } from './store-disk-file';

export interface LaunchDisksOptions {
  readonly disks: DiskStore;
  readonly files: DiskFiles;
}

/**
 * The disks of a machine that is to be made: a file is stored where there is one, and found among those that are stored
 * where only its digest is known. Errors, with nothing left: as of `storeDiskFile`, `InvalidArgument` for another file
 * than the one wanted, `NotFound` for one that is not stored.
 */
export async function launchDisks(
  options: LaunchDisksOptions,
  wanted: readonly DiskSpec[],
  brought: readonly (DiskFile | undefined)[],
  operation: Operation,
): Promise<readonly DiskSpec[]> {
  const made: DiskSpec[] = [];
  try {
    for (const [index, wish] of wanted.entries()) {
      made.push(await launchDisk(options, wish, brought[index], operation));
    }
    return made;
  } catch (error) {
    for (const { source } of made) if (source) options.files.settle(source);
    throw error;
  }
}

async function launchDisk(
  { disks, files }: LaunchDisksOptions,
  { source: wanted, ...wish }: DiskSpec,
  brought: DiskFile | undefined,
  operation: Operation,
): Promise<DiskSpec> {
  if (!brought) return { ...wish, ...(wanted && { source: { ...find(files, wanted), name: wanted.name } }) };
  const { drive, sizeMiB, source } = await storeDiskFile(disks, files, brought, operation);
  if (wanted && wanted.digest !== source.digest) {
    files.settle(source);
    const message = `${brought.name} is not the file that the machine was made with (${wanted.name}): its content differs`;
    throw new SandboxError('InvalidArgument', message, { details: { expected: wanted.digest, found: source.digest } });
  }
  return { drive: wish.drive ?? drive, sizeMiB, source };
}

function find(files: DiskFiles, { name, digest }: DiskSource): DiskSource {
  const found = files.stored(digest);
  if (found) return found;
  throw new SandboxError('NotFound', `The disk ${name} is not stored here: choose the file (${digest})`, {
    details: { name, digest },
  });
}
