import { SandboxError } from '../base/errors';
import { isHostLabel } from '../formats/host-label';

/** Throws `InvalidArgument` or `AlreadyExists` unless the name can be given. It becomes the guest's hostname. */
export function checkName(name: string, taken: ReadonlySet<string>): void {
  if (!isHostLabel(name)) {
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
