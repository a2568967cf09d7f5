import type { ExecSpec } from '../../api/instance';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { withTimeout } from '../../base/timeout';
import type { AgentSession } from './agent-session';
import { openExec } from './guest-process';

export interface GuestRun {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What is said when it takes longer. */
  readonly message: string;
}

/** Runs a program of ours in the guest to its end, with `input`, before anybody else has the guest; `said` is what it complained of. */
export async function runInGuest(
  agent: AgentSession,
  spec: ExecSpec,
  { clock, timeoutMs, message }: GuestRun,
  input?: Uint8Array<ArrayBuffer>,
): Promise<{ readonly said: string; readonly code: number }> {
  const ended = new AbortController();
  const { ports, process } = openExec(ended.signal);
  agent.exec(spec, ports);
  const writer = process.stdin.getWriter();
  // A program that ends early takes no more; how it ended says why.
  if (input) writer.write(input).catch(() => {});
  writer.close().catch(() => {});
  const outcome = Promise.all([textOf(process.stdout), textOf(process.stderr), process.exited]);
  try {
    const [, said, code] = await withTimeout(clock, timeoutMs, message, outcome);
    return { said: said.trim(), code };
  } finally {
    outcome.catch(() => {});
    ended.abort(new SandboxError('Canceled', message));
  }
}

function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return new Response(stream).text();
}
