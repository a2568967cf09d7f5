import { type Clock, systemClock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { AgentSession } from './agent-session';
import { runInGuest } from './run-in-guest';
import type { FolderMount } from './vm-protocol';

/** Cold code on the slowest machine we know of. */
const timeoutMs = 60_000;

/** Takes pairs of tag and place. Nothing is cached, since others change the files too. */
const script = `
set -e
while [ $# -gt 0 ]; do
  mkdir -p "$2"
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=none "$1" "$2"
  shift 2
done
`;

/** Mounts shared folders in a guest that begins. `FailedPrecondition` with what the guest says. */
export async function mountFolders(
  agent: AgentSession,
  mounts: readonly FolderMount[],
  clock: Clock = systemClock,
): Promise<void> {
  const argv = ['/bin/sh', '-c', script, 'mount-folders', ...mounts.flatMap(({ tag, at }) => [tag, at])];
  const places = mounts.map(({ at }) => at).join(', ');
  const message = `The shared folder was not mounted at ${places} within ${timeoutMs / 1000} s`;
  const { said, code } = await runInGuest(agent, { argv }, { clock, timeoutMs, message });
  if (code === 0) return;
  throw new SandboxError(
    'FailedPrecondition',
    `The shared folder cannot be mounted at ${places}: ${said || `code ${code}`}`,
  );
}
