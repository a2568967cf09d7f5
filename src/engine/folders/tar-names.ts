import { SandboxError } from '../../base/errors';

/** Names of a path of a tar, relative to where it is unpacked. `InvalidArgument` for one that leads out of there. */
export function tarNames(path: string): readonly string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (!names.includes('..')) return names;
  throw new SandboxError('InvalidArgument', `A tar whose paths lead out of its directory is not unpacked: ${path}`);
}

/** On the way of a path stands what is no directory. */
export function noWay(name: string): SandboxError {
  return new SandboxError('InvalidArgument', `A path of the tar leads through what is no directory: ${name}`);
}
