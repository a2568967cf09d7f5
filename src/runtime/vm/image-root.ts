import type { VmImage } from '../../api/vm-image';
import { type Clock, systemClock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { AgentSession } from './agent-session';
import { runInGuest } from './run-in-guest';
import type { ImageRoot } from './vm-protocol';

/** A journal to be replayed, and cold code: a second each on the slowest machine we know of. */
const timeoutMs = 60_000;

/**
 * Makes the overlay of an image's layers and the first disk the root of everything that runs in the guest, PID 1 and the
 * agent included, and starts the image's command, which writes to `/var/log/entrypoint.log`. Two programs do it, one that
 * brings the other: each start of one costs an emulator, whose code for it is cold, 30 ms.
 * `FailedPrecondition` with what the guest says when the layers, the disk or the overlay cannot be mounted.
 */
export async function enterImageRoot(
  agent: AgentSession,
  { image, program }: ImageRoot,
  clock: Clock = systemClock,
): Promise<void> {
  const { reference, layers, cwd, user, command, env } = image;
  const message = `The image ${reference} was not mounted within ${timeoutMs / 1000} s`;
  const run = { clock, timeoutMs, message };
  const unpacked = await runInGuest(
    agent,
    { argv: ['tar', '-x', '-f', '-', '-C', '/run'] },
    run,
    new Uint8Array(program),
  );
  assertDone(image, unpacked);
  const argv = ['/run/strata-root', `${layers.length}`, cwd || '/', user, ...command];
  assertDone(image, await runInGuest(agent, { argv, env: [...env] }, run));
}

function assertDone({ reference }: VmImage, { said, code }: Awaited<ReturnType<typeof runInGuest>>): void {
  if (code === 0) return;
  const message = `The image ${reference} cannot be this machine's root: ${said || `code ${code}`}`;
  throw new SandboxError('FailedPrecondition', message, { details: { image: reference } });
}
