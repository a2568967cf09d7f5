import { SandboxError } from '../../base/errors';
import { parseByteSize } from '../../formats/byte-size';

/** What a volume is made of that nobody has said more about; the most that the tender takes. */
const usualDiskMiB = 64;
const mebibyte = 1024 ** 2;

/**
 * What docker's driver `local` is told of a volume. `size`: it is a disk for a unikernel, of so many bytes ("16m").
 * `InvalidArgument` for other options, and for a size that no such disk has.
 */
export function readVolumeOptions(
  name: string,
  options: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { type = '', o = '' } = options;
  if (type === 'tmpfs') {
    const message = `create ${name}: a volume here is on a disk: for a file system in memory give the container "--tmpfs PATH" or "--mount type=tmpfs,target=PATH"`;
    throw new SandboxError('InvalidArgument', message);
  }
  if (type !== '' || o !== '' || options['device'] !== undefined) {
    const message = `create ${name}: a volume here is no mount of type "${type || 'none'}": bind a shared folder with "-v /FOLDER:PATH", or copy files in with "docker cp"`;
    throw new SandboxError('InvalidArgument', message);
  }
  const unknown = Object.keys(options).find((option) => option !== 'size');
  if (unknown !== undefined) throw new SandboxError('InvalidArgument', `create ${name}: invalid option: "${unknown}"`);
  const { size } = options;
  if (size === undefined) return options;
  const mib = mebibytes(size);
  if (Number.isInteger(mib) && mib >= 1 && mib <= usualDiskMiB) return options;
  const message = `create ${name}: invalid size: '${size}': a volume with a size is a disk of a unikernel, of 1 to ${usualDiskMiB} whole MiB`;
  throw new SandboxError('InvalidArgument', message);
}

/** Of a volume with these options, as a disk. */
export function diskSizeMiB({ size }: Readonly<Record<string, string>>): number {
  return size === undefined ? usualDiskMiB : mebibytes(size);
}

/** Not a number when the text is no size. */
function mebibytes(size: string): number {
  try {
    return parseByteSize(size) / mebibyte;
  } catch {
    return Number.NaN;
  }
}
