import { SandboxError } from '../../base/errors';
import type { Lab } from '../lab';

/** What a line of `sh` in an instance prints. `Internal` with all of it when it fails. */
export async function guestText(lab: Pick<Lab, 'instance'>, id: string, line: string): Promise<string> {
  const process = await lab.instance(id).exec({ argv: ['/bin/sh', '-c', `exec 2>&1; ${line}`] });
  process.stdin.close().catch(() => {});
  const [text, code] = await Promise.all([new Response(process.stdout).text(), process.exited]);
  if (code === 0) return text;
  throw new SandboxError('Internal', `A command in the guest ended with ${code}: ${text.trim() || line}`);
}
