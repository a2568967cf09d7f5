import { describe, expect, it } from 'vitest';
import type { Instance, Process } from '../api/instance';
import { listProcesses, parseProcesses } from './process-list';

const output = `PID   PPID  USER     STAT VSZ  RSS   COMMAND
    1     0 root     S    1234 0:00 /sbin/init
   42     1 nobody   R     900 0:07 sh -c  echo two words

`;

function running(stdout: string, stderr: string, code: number): Pick<Instance, 'exec'> {
  const stream = (text: string) => new Response(text).body as ReadableStream<Uint8Array<ArrayBuffer>>;
  const process = {
    stdin: new WritableStream(),
    stdout: stream(stdout),
    stderr: stream(stderr),
    exited: Promise.resolve(code),
  } as Partial<Process> as Process;
  return { exec: async () => process };
}

describe('the processes of a machine', () => {
  it('are the lines of ps, with the command as one', () => {
    expect(parseProcesses(output)).toEqual({
      titles: ['PID', 'PPID', 'USER', 'STAT', 'VSZ', 'RSS', 'COMMAND'],
      rows: [
        ['1', '0', 'root', 'S', '1234', '0:00', '/sbin/init'],
        ['42', '1', 'nobody', 'R', '900', '0:07', 'sh -c echo two words'],
      ],
    });
    expect(parseProcesses('')).toEqual({ titles: [''], rows: [] });
  });

  it('are asked for in the machine, which may say why not', async () => {
    expect((await listProcesses(running(output, '', 0))).rows).toHaveLength(2);
    await expect(listProcesses(running('', 'ps: not found\n', 127))).rejects.toThrow('ps: not found');
    await expect(listProcesses(running('', '', 1))).rejects.toThrow('ps ended with 1');
  });
});
