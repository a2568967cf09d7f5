import type { ExecSpec, Process } from '../../api/instance';
import { type ErrorCode, SandboxError } from '../../base/errors';

/** Whatever runs programs in the host's guest. */
export interface HostGuest {
  exec(spec: ExecSpec): Promise<Process>;
}

/** The program for files of containers, by its name in the host's guest. */
export const filesProgram = 'strata-files';

/** What of a program's complaints is kept. */
const maxComplaint = 2000;

const codes: ReadonlySet<string> = new Set<ErrorCode>([
  'NotFound',
  'InvalidArgument',
  'FailedPrecondition',
  'ResourceExhausted',
]);

/** A program of the host's own that reads nothing; resolves with its output. `what` begins the message when it fails. */
export async function runProgram(guest: HostGuest, argv: readonly string[], what: string): Promise<Uint8Array> {
  const stream = await startReading(guest, argv, what);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** By the shell alone: each program that is started costs a cold guest as much as all of this. */
const readScript = `
for path; do
  [ ! -e "$path" ] || while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done < "$path"
  printf '\\0'
done
`;

/** Texts of files of the host, which are lines; an empty one for a file that is not there. */
export async function readIfThere(guest: HostGuest, paths: readonly string[]): Promise<readonly string[]> {
  const argv = ['/bin/sh', '-c', readScript, 'read-if-there', ...paths];
  const said = await runProgram(guest, argv, `Cannot read ${paths.join(' and ')}`);
  return new TextDecoder().decode(said).split('\0').slice(0, paths.length);
}

/** As `runProgram`, for output that is large. A stream that was cut short fails at its end. */
export async function startReading(
  guest: HostGuest,
  argv: readonly string[],
  what: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const process = await guest.exec({ argv });
  const complaint = complaintOf(process);
  process.stdin.close().catch(() => {});
  const check = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    flush: () => assertSuccess(process, complaint, what),
  });
  return process.stdout.pipeThrough(check);
}

/** A program that is fed; resolves when it has ended well. */
export async function feedProgram(
  guest: HostGuest,
  argv: readonly string[],
  what: string,
  input: ReadableStream<Uint8Array>,
): Promise<void> {
  const process = await guest.exec({ argv });
  const complaint = complaintOf(process);
  // A program that stops early stops the writing; how it ended says why.
  const written = await input.pipeTo(process.stdin).then(
    () => undefined,
    (error: unknown) => error,
  );
  await process.stdout.cancel();
  await assertSuccess(process, complaint, what);
  if (written !== undefined) throw written;
}

/** "CODE: what is wrong" of `strata-files`, or anything else that a program says. */
async function assertSuccess({ exited }: Process, complaint: Promise<string>, what: string): Promise<void> {
  const code = await exited;
  if (code === 0) return;
  const said = (await complaint) || `it ended with ${code}`;
  const [, word = '', message = said] = /^(\w+): (.*)$/s.exec(said) ?? [];
  if (codes.has(word)) throw new SandboxError(word as ErrorCode, message);
  throw new SandboxError('Internal', `${what}: ${said}`);
}

async function complaintOf({ stderr }: Process): Promise<string> {
  try {
    return (await new Response(stderr).text()).slice(0, maxComplaint).trim();
  } catch {
    // The session ended, which `exited` says too.
    return '';
  }
}
