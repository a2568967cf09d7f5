import { type ErrorCode, SandboxError, toSandboxError } from '../base/errors';

/** Error numbers of Linux on x86 (its asm-generic/errno-base.h and errno.h), as file servers speak of them. */
export const linuxErrno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EMLINK: 31,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EPROTO: 71,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ESTALE: 116,
} as const;

export type LinuxErrno = keyof typeof linuxErrno;

const codes: Partial<Record<LinuxErrno, ErrorCode>> = {
  EPERM: 'FailedPrecondition',
  ENOENT: 'NotFound',
  EIO: 'DataLoss',
  EAGAIN: 'Unavailable',
  EBUSY: 'FailedPrecondition',
  EEXIST: 'AlreadyExists',
  EROFS: 'FailedPrecondition',
  ENFILE: 'ResourceExhausted',
  ENOSPC: 'ResourceExhausted',
  EFBIG: 'ResourceExhausted',
  EMLINK: 'ResourceExhausted',
  ENOTEMPTY: 'FailedPrecondition',
  ENODATA: 'NotFound',
  EOPNOTSUPP: 'Unimplemented',
  ESTALE: 'NotFound',
};

/** An error that a guest's program will see by its number; `details.errno` keeps the name over a port. */
export function fileError(errno: LinuxErrno, message: string): SandboxError {
  return new SandboxError(codes[errno] ?? 'InvalidArgument', message, { details: { errno } });
}

const fallbacks: Partial<Record<ErrorCode, LinuxErrno>> = {
  NotFound: 'ENOENT',
  AlreadyExists: 'EEXIST',
  InvalidArgument: 'EINVAL',
  ResourceExhausted: 'ENOSPC',
  Unimplemented: 'EOPNOTSUPP',
  Canceled: 'EINTR',
};

/** What a guest is told of anything thrown; EIO for what it can do nothing about. */
export function errnoOf(thrown: unknown): number {
  const { code, details } = toSandboxError(thrown);
  const { errno } = details;
  if (typeof errno === 'string' && Object.hasOwn(linuxErrno, errno)) return linuxErrno[errno as LinuxErrno];
  return linuxErrno[fallbacks[code] ?? 'EIO'];
}
