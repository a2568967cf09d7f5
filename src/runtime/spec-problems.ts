import type { Problem } from '../api/instance';
import { SandboxError } from '../base/errors';
import { isHostLabel } from '../formats/host-label';

/** What is wrong with the name of an instance, of whatever kind. */
export function nameProblem(name: string): Problem | undefined {
  if (isHostLabel(name)) return undefined;
  const message = `Not a host name: "${name}" (1 to 63 of a to z, 0 to 9 and inner hyphens)`;
  return { field: 'name', message };
}

/** Throws `InvalidArgument` unless an instance can have that name. */
export function assertName(name: string): void {
  const problem = nameProblem(name);
  if (problem) throw invalidSpec(problem);
}

/** `InvalidArgument`, with the field in its details. */
export function invalidSpec({ field, message }: Problem): SandboxError {
  return new SandboxError('InvalidArgument', message, { details: { field } });
}
