import { SandboxError } from '../base/errors';

/** A name becomes the guest's hostname, so it is one label of RFC 1123, in lower case. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Throws `InvalidArgument` or `AlreadyExists` unless the name can be given. */
export function checkName(name: string, taken: ReadonlySet<string>): void {
  if (!label.test(name)) {
    const rule = 'use 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends';
    throw new SandboxError('InvalidArgument', `Invalid name "${name.slice(0, 80)}": ${rule}`);
  }
  if (taken.has(name)) {
    throw new SandboxError(
      'AlreadyExists',
      `The name "${name}" is already in use: remove that instance or choose another name`,
    );
  }
}

/** `vm-1`, or the lowest number that is free. */
export function defaultName(prefix: string, taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`${prefix}-${number}`)) number += 1;
  return `${prefix}-${number}`;
}
