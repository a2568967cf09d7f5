import { spawn } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import type { Process } from '../../src/api/instance';
import type { GuestPrograms } from '../../src/ui/files/guest-folder';

/** The shell of this machine in the place of a guest's. What is killed goes with its children, as in a guest. */
export const hostPrograms: GuestPrograms = async ({ argv: [program = '', ...args] }) => {
  const child = spawn(program, args, { detached: true });
  const exited = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 137)));
  return {
    id: '1',
    stdin: Writable.toWeb(child.stdin),
    stdout: Readable.toWeb(child.stdout) as Process['stdout'],
    stderr: Readable.toWeb(child.stderr) as Process['stderr'],
    exited,
    resize: () => {},
    kill: (signal) => {
      const running = child.exitCode === null && child.signalCode === null;
      if (running && child.pid !== undefined) process.kill(-child.pid, signal);
    },
  };
};
