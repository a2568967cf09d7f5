import type { ContainerTop } from '../../api/container';
import type { ContainerProcessInfo } from '../../api/container-host';
import { SandboxError } from '../../base/errors';

type Column = (process: ContainerProcessInfo, now: number) => string;

/** What `ps` can show of what is known. */
const columns: Readonly<Record<string, readonly [title: string, show: Column]>> = {
  user: ['USER', ({ user, uid }) => user || String(uid)],
  uid: ['UID', ({ uid }) => String(uid)],
  pid: ['PID', ({ pid }) => String(pid)],
  ppid: ['PPID', ({ parent }) => String(parent)],
  pcpu: ['%CPU', shareOf],
  '%cpu': ['%CPU', shareOf],
  c: ['C', () => '0'],
  stime: ['STIME', ({ startedAt }) => clockText(startedAt)],
  start: ['START', ({ startedAt }) => clockText(startedAt)],
  tty: ['TTY', ({ tty }) => tty],
  time: ['TIME', ({ cpuSeconds }) => cpuText(cpuSeconds)],
  etime: ['ELAPSED', ({ startedAt }, now) => cpuText((now - startedAt) / 1000)],
  cmd: ['CMD', ({ command }) => command],
  args: ['COMMAND', ({ command }) => command],
  command: ['COMMAND', ({ command }) => command],
  comm: ['COMMAND', ({ command }) => command.split(' ')[0]?.split('/').at(-1) ?? ''],
};

const full = ['uid', 'pid', 'ppid', 'c', 'stime', 'tty', 'time', 'cmd'];
const short = ['pid', 'tty', 'time', 'comm'];
/** Without its columns of memory and state, which hosts do not tell. */
const bsd = ['user', 'pid', 'pcpu', 'tty', 'start', 'time', 'command'];

/** `docker top`: the processes of a container as ps on its host would show them. `InvalidArgument` for what ps has not. */
export function topTable(processes: readonly ContainerProcessInfo[], args: string, now: number): ContainerTop {
  const chosen = columnsOf(args.trim()).map((name) => {
    const [key = '', title] = name.split('=');
    const column = columns[key];
    if (!column) throw new SandboxError('InvalidArgument', `ps: error: unknown user-defined format specifier "${key}"`);
    return [title ?? column[0], column[1]] as const;
  });
  return {
    Titles: chosen.map(([title]) => title),
    Processes: processes.map((process) => chosen.map(([, show]) => show(process, now))),
  };
}

function columnsOf(args: string): readonly string[] {
  const [, list] = /(?:^|\s)-?[eA]*o\s*(\S+)/.exec(args) ?? [];
  if (list !== undefined) return list.split(',');
  if (args === '' || /^-[eAfFl]*f[eAfFl]*$/.test(args)) return full;
  if (/^[aux]+$/.test(args)) return bsd;
  if (/^-?[eAax]*$/.test(args)) return short;
  throw new SandboxError('InvalidArgument', `ps: error: unsupported option "${args}"; use -ef, aux or -o with columns`);
}

/** Of one CPU, since it began, as ps has it. */
function shareOf({ cpuSeconds, startedAt }: ContainerProcessInfo, now: number): string {
  const seconds = (now - startedAt) / 1000;
  return (seconds < 1 ? 0 : (100 * cpuSeconds) / seconds).toFixed(1);
}

function clockText(time: number): string {
  return new Date(time).toISOString().slice(11, 16);
}

function cpuText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${part(Math.floor(whole / 3600))}:${part(Math.floor(whole / 60) % 60)}:${part(whole % 60)}`;
}
