import type { Process } from '../../api/instance';
import type { SandboxError } from '../../base/errors';

/** A program that its kernel did not take, as a process that has ended. */
export interface RefusedProgram {
  readonly code: number;
  readonly process: Process;
}

/**
 * A program that was found, and that the kernel then refuses: it is for another machine, or what its first line names is not
 * there. To docker such a container has begun and ended, with why as its output (runc, libcontainer/init_linux.go); so clients
 * end with its code, and policies act. Undefined: it did not begin at all.
 */
export function refusedProgram(
  { message, details: { exitCode: code } }: SandboxError,
  id: string,
  tty: boolean,
): RefusedProgram | undefined {
  if ((code !== 126 && code !== 127) || !/^exec [^"]/.test(message)) return undefined;
  const stdout = new Blob(tty ? [`${message}\r\n`] : []).stream();
  const stderr = new Blob(tty ? [] : [`${message}\n`]).stream();
  const process: Process = {
    id: `refused-${id}`,
    stdin: new WritableStream(),
    stdout,
    stderr,
    exited: Promise.resolve(code),
    resize: () => undefined,
    kill: () => undefined,
  };
  return { code, process };
}
