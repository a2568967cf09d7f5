import { SandboxError } from '../../base/errors';

/** How docker words what the runtime says, and what its clients look for to end with 126 or 127. */
const before =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: unable to start container process: ';

/** Why a process could not be run, in docker's words, with the exit code that stands for it. */
export function startFailure(error: SandboxError): { readonly code: number; readonly error: SandboxError } {
  const code = failureCode(error.message);
  if (code === undefined) return { code: 128, error };
  const message = `${before}${error.message}: unknown`;
  return { code, error: new SandboxError('InvalidArgument', message, { cause: error, details: { exitCode: code } }) };
}

/** Of the runtime's own words; undefined: it is something else than the command. */
export function failureCode(message: string): 126 | 127 | undefined {
  if (/executable file not found|no such file or directory/.test(message)) return 127;
  if (/exec: .*(permission denied|is a directory|exec format error)/.test(message)) return 126;
  return undefined;
}
