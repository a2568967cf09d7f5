import { fileType, typeOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';

/** Flags of open(2) as 9P2000.L has them (Linux's include/net/9p/9p.h, P9_DOTL_*). */
export const openFlag = {
  access: 0o3,
  writeOnly: 0o1,
  readWrite: 0o2,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  directory: 0o200000,
} as const;

export function opensForWriting(flags: number): boolean {
  const access = flags & openFlag.access;
  return access === openFlag.writeOnly || access === openFlag.readWrite || (flags & openFlag.truncate) !== 0;
}

export function opensForReading(flags: number): boolean {
  return (flags & openFlag.access) !== openFlag.writeOnly;
}

/** What open(2) refuses by the kind of file. Devices and pipes are opened by the guest's own kernel. */
export function requireOpenable(mode: number, flags: number): void {
  const type = typeOf(mode);
  if (type === fileType.directory) {
    if (opensForWriting(flags)) throw fileError('EISDIR', 'A directory is not opened for writing');
    return;
  }
  if ((flags & openFlag.directory) !== 0) throw fileError('ENOTDIR', 'It is no directory');
  if (type === fileType.symlink) throw fileError('ELOOP', 'A symbolic link is not opened');
  if (type !== fileType.regular) throw fileError('EINVAL', 'A device or pipe is not opened here');
}
