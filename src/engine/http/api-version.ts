import { SandboxError } from '../../base/errors';

/** Minor numbers of the versions of the Docker Engine API that are spoken here; the major one is 1. */
export const oldestMinor = 41;
export const newestMinor = 47;

export const newestVersion = `1.${newestMinor}`;
export const oldestVersion = `1.${oldestMinor}`;

export interface VersionedPath {
  /** 47 for 1.47. */
  readonly minor: number;
  /** What follows the version: `/containers/json`. */
  readonly path: string;
}

/** Takes `/v1.47` off a path; without one it is the newest. `InvalidArgument` in docker's words for versions not spoken here. */
export function parseVersionedPath(path: string): VersionedPath {
  const match = /^\/v(\d+)\.(\d+)(\/.*)$/.exec(path);
  if (!match) return { minor: newestMinor, path };
  const [, major, minor, rest = '/'] = match;
  const version = `${major}.${minor}`;
  if (Number(major) < 1 || (Number(major) === 1 && Number(minor) < oldestMinor)) {
    const message = `client version ${version} is too old. Minimum supported API version is ${oldestVersion}, please upgrade your client to a newer version`;
    throw new SandboxError('InvalidArgument', message);
  }
  if (Number(major) > 1 || Number(minor) > newestMinor) {
    const message = `client version ${version} is too new. Maximum supported API version is ${newestVersion}`;
    throw new SandboxError('InvalidArgument', message);
  }
  return { minor: Number(minor), path: rest };
}
