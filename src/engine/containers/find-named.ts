import { SandboxError } from '../../base/errors';

interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * Who is meant, as docker looks for it: the whole id, then the name, then the beginning of an id. Undefined: nobody.
 * `InvalidArgument` when several ids begin so.
 */
export function findNamed<T extends Named>(all: Iterable<T>, reference: string): T | undefined {
  const name = reference.startsWith('/') ? reference.slice(1) : reference;
  const candidates = [...all];
  const exact =
    candidates.find((each) => each.id === reference) ?? candidates.find((each) => each.name === name && name !== '');
  if (exact || !/^[0-9a-f]+$/.test(reference)) return exact;
  const [found, ...more] = candidates.filter(({ id }) => id.startsWith(reference));
  if (more.length > 0) {
    throw new SandboxError('InvalidArgument', `multiple IDs found with provided prefix: ${reference}`);
  }
  return found;
}
