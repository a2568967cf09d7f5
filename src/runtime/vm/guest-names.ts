import type { Process } from '../../api/instance';
import { SandboxError } from '../../base/errors';
import type { Executor } from './agent-files';

/**
 * Names in a guest that runs already. Not by the agent's network messages: those set an interface as a whole,
 * and what people have configured on it since would be gone.
 */

/** In one step, so that nobody reads half of it. */
const writeHosts = 'cat > /etc/hosts.new && mv -f /etc/hosts.new /etc/hosts';
const writeName = 'hostname "$1" && printf "%s\\n" "$1" > /etc/hostname';

/** Replaces /etc/hosts. */
export async function setHosts(guest: Executor, hosts: string): Promise<void> {
  await runScript(guest, writeHosts, [], hosts);
}

export async function setHostname(guest: Executor, name: string): Promise<void> {
  await runScript(guest, writeName, [name], '');
}

/** Both by one program: to start one is most of what either takes in a guest that has just been restored. */
export async function setNames(guest: Executor, name: string, hosts: string): Promise<void> {
  await runScript(guest, `${writeName} && ${writeHosts}`, [name], hosts);
}

async function runScript(guest: Executor, script: string, args: readonly string[], input: string): Promise<void> {
  const process = await guest.exec({ argv: ['/bin/sh', '-c', script, 'sh', ...args] });
  const [complaint, code] = await Promise.all([
    new Response(process.stderr).text(),
    process.exited,
    process.stdout.cancel(),
    feed(process, input),
  ]);
  if (code === 0) return;
  throw new SandboxError(
    'Internal',
    `The guest did not take its names: ${complaint.trim() || `sh ended with ${code}`}`,
  );
}

/** A script that fails takes no input; how it ended says why. */
async function feed({ stdin }: Process, text: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    if (text !== '') await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // See above.
  }
}
