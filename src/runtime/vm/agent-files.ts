import type { ExecSpec, Process } from '../../api/instance';
import { SandboxError } from '../../base/errors';

/** Whatever can run a program in a guest: a session with its agent, or an instance from outside. */
export interface Executor {
  exec(spec: ExecSpec): Process | Promise<Process>;
}

/** What of a failing tar's complaints is kept. */
const maxComplaint = 2000;

/** Unpacks a tar stream below a directory of the guest. */
export async function copyIntoGuest(guest: Executor, path: string, tar: ReadableStream<Uint8Array>): Promise<void> {
  const process = await guest.exec({ argv: ['tar', '-x', '-f', '-', '-C', path] });
  const complaint = readComplaint(process);
  // A tar that stops early stops the writing; how it ended says why.
  const written = await tar.pipeTo(process.stdin).then(
    () => undefined,
    (error: unknown) => error,
  );
  await process.stdout.cancel();
  await assertSuccess(process, complaint, path);
  if (written !== undefined) throw written;
}

/** A tar stream of a file or directory of the guest, named by the last part of its path. */
export async function copyFromGuest(guest: Executor, path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { parent, name } = splitPath(path);
  const process = await guest.exec({ argv: ['tar', '-c', '-f', '-', '-C', parent, '--', name] });
  const complaint = readComplaint(process);
  void process.stdin.close().catch(() => {});
  const check = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    // A stream that was cut short must not look whole.
    flush: () => assertSuccess(process, complaint, path),
  });
  return process.stdout.pipeThrough(check);
}

async function assertSuccess(process: Process, complaint: Promise<string>, path: string): Promise<void> {
  const code = await process.exited;
  if (code === 0) return;
  const text = await complaint;
  const kind = text.includes('No such file or directory') ? 'NotFound' : 'Internal';
  throw new SandboxError(kind, `Copying ${path} failed in the guest: ${text || `tar ended with ${code}`}`);
}

async function readComplaint(process: Process): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of process.stderr) {
      if (text.length < maxComplaint) text += decoder.decode(bytes, { stream: true });
    }
  } catch {
    // The session ended, which `exited` says too.
  }
  return text.slice(0, maxComplaint).trim();
}

function splitPath(path: string): { parent: string; name: string } {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  if (trimmed === '') return { parent: '/', name: '.' };
  return { parent: slash < 0 ? '.' : trimmed.slice(0, slash) || '/', name: trimmed.slice(slash + 1) };
}
