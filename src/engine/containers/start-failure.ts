import { SandboxError } from '../../base/errors';

/** How docker words what the runtime says; its clients look in it for why, and end with 126 or 127. */
const beforeStart =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: unable to start container process: ';
const beforeExec = 'OCI runtime exec failed: exec failed: unable to start container process: ';

/** Docker's for what else keeps a container from starting, and a program from joining one. */
const otherCode = 128;
const otherExecCode = 126;

/** An exit code that stands for an error, in docker's words. */
export interface RunFailure {
  readonly code: number;
  readonly error: SandboxError;
}

/** Why a container did not start. */
export function startFailure(error: SandboxError): RunFailure {
  return failure(error, beforeStart, otherCode);
}

/** Why a program did not join a container. What the runtime was not even asked for ends with a code as well. */
export function execFailure(error: SandboxError): RunFailure {
  const { code, error: worded } = failure(error, beforeExec, otherExecCode);
  if (worded !== error) return { code, error: worded };
  const details = { ...error.details, exitCode: code };
  return { code, error: new SandboxError(error.code, error.message, { cause: error, details }) };
}

function failure(error: SandboxError, before: string, other: number): RunFailure {
  const { exitCode } = error.details;
  if (typeof exitCode !== 'number') return { code: other, error };
  const message = `${before}${error.message}: unknown`;
  // What is wrong with the command is the caller's fault, the rest is not.
  const code = exitCode === 126 || exitCode === 127 ? 'InvalidArgument' : 'Internal';
  const worded = new SandboxError(code, message, { cause: error, details: { exitCode } });
  return { code: code === 'Internal' ? other : exitCode, error: worded };
}
