import { SandboxError } from '../../base/errors';

/** How docker words what the runtime says; its clients look in it for why, and end with 126 or 127. */
const before =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: unable to start container process: ';

/** Docker's for what else keeps a container from starting. */
const otherCode = 128;

/** Why a container did not start, in docker's words, with the exit code that stands for it. */
export function startFailure(error: SandboxError): { readonly code: number; readonly error: SandboxError } {
  const { exitCode } = error.details;
  if (typeof exitCode !== 'number') return { code: otherCode, error };
  const message = `${before}${error.message}: unknown`;
  // What is wrong with the command is the caller's fault, the rest is not.
  const code = exitCode === 126 || exitCode === 127 ? 'InvalidArgument' : 'Internal';
  const worded = new SandboxError(code, message, { cause: error, details: { exitCode } });
  return { code: code === 'Internal' ? otherCode : exitCode, error: worded };
}
