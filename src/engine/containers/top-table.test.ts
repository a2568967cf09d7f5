import { describe, expect, it } from 'vitest';
import { topTable } from './top-table';

const process = {
  pid: 120,
  innerPid: 1,
  parent: 100,
  uid: 0,
  user: 'root',
  startedAt: Date.UTC(2026, 0, 1, 12, 34),
  cpuSeconds: 3725,
  tty: '?',
  command: '/bin/sleep 60',
};
const table = (args: string) => topTable([process], args, process.startedAt + 61_000);

describe('docker top', () => {
  it.each([
    ['', ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']],
    ['-ef', ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']],
    ['aux', ['USER', 'PID', '%CPU', 'TTY', 'START', 'TIME', 'COMMAND']],
    ['-o pid,comm', ['PID', 'COMMAND']],
    ['-eo pid=P', ['P']],
  ])('"%s" has the columns %j', (args, titles) => {
    expect(table(args).Titles).toEqual(titles);
  });

  it('shows what is known', () => {
    expect(table('').Processes).toEqual([['0', '120', '100', '0', '12:34', '?', '01:02:05', '/bin/sleep 60']]);
    expect(table('-o comm,etime').Processes).toEqual([['sleep', '00:01:01']]);
    const busy = (cpuSeconds: number, ms: number) =>
      topTable([{ ...process, cpuSeconds }], '-o %cpu', process.startedAt + ms).Processes;
    expect([busy(15, 60_000), busy(0.5, 500)]).toEqual([[['25.0']], [['0.0']]]);
  });

  it('refuses what ps does not know', () => {
    expect(() => table('-o color')).toThrow('unknown user-defined format specifier "color"');
    expect(() => table('--forest')).toThrow('unsupported option');
  });
});
