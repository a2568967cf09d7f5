import type { Instance } from '../api/instance';
import { SandboxError } from '../base/errors';
import { statText } from './text/stats';

/** Columns that both busybox and procps have. */
const command = 'exec ps -A -o pid,ppid,user,stat,vsz,rss,args';

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Lines of `ps` as a table: the last column is what is left of a line. */
export function parseProcesses(output: string): ProcessTable {
  const [head = '', ...lines] = output.split('\n').filter((line) => line.trim() !== '');
  const titles = head.trim().split(/\s+/);
  const rows = lines.map((line) => {
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')];
  });
  return { titles, rows };
}

/** The processes of a running machine, by a `ps` in it. `Unavailable` when it has none that works. */
export async function listProcesses(instance: Pick<Instance, 'exec'>): Promise<ProcessTable> {
  const process = await instance.exec({ argv: ['/bin/sh', '-c', command] });
  await process.stdin.close();
  const [output, problem, code] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  if (code !== 0) throw new SandboxError('Unavailable', problem.trim() || statText.processes.ended(code));
  return parseProcesses(output);
}
