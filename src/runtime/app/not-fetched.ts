import { SandboxError } from '../../base/errors';

/** Wasmer is large and for few: it is fetched for the first program of WASIX, and here from then on. */
export function wasmerNotFetched(cause: unknown): SandboxError {
  const message =
    'Wasmer, which runs programs of WASIX (5 MB), could not be fetched. Start the program once with a network: from then on it runs without';
  return new SandboxError('FailedPrecondition', message, { cause });
}
