import type { ContainerCounters, ContainerProcessInfo, NicCounters } from '../../api/container-host';
import { SandboxError } from '../../base/errors';

/** What `strata-oci serve` speaks (docs/RUNTIME.md). Values from a guest are checked before they are believed. */

export const runtimeProtocol = 1;

/** Longest line either way, bytes. */
export const maxLineBytes = 1024 * 1024;

export type RuntimeCall =
  | 'hello'
  | 'list'
  | 'state'
  | 'mount'
  | 'unmount'
  | 'bundle'
  | 'remove'
  | 'seccomp'
  | 'kill'
  | 'pause'
  | 'resume'
  | 'update'
  | 'delete'
  | 'stats'
  | 'top'
  | 'inspect'
  | 'usage'
  | 'netlink';

export type RuntimeEvent =
  | { readonly event: 'started'; readonly container: string; readonly pid: number }
  /** A program that joined the container, by the name that it was given. */
  | { readonly event: 'executed'; readonly container: string; readonly exec: string; readonly pid: number }
  | {
      readonly event: 'failed';
      readonly container: string;
      readonly code: number;
      readonly message: string;
      readonly exec?: string;
    }
  | {
      readonly event: 'exited';
      readonly container: string;
      /** Undefined: nobody knows. */
      readonly code: number | undefined;
      readonly oomKilled: boolean;
      readonly at: number;
    }
  | { readonly event: 'oom'; readonly container: string };

/** What of a container's state is used here. */
export interface RuntimeState {
  readonly id: string;
  readonly status: 'created' | 'running' | 'paused' | 'stopped';
  readonly pid: number;
}

type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for events that mean nothing here. */
export function parseRuntimeEvent(line: Fields): RuntimeEvent | undefined {
  const { event } = line;
  const container = text(line, 'container');
  switch (event) {
    case 'started':
      return { event, container, pid: number(line, 'pid') };
    case 'executed':
      return { event, container, exec: text(line, 'exec'), pid: number(line, 'pid') };
    case 'failed': {
      const { exec } = line;
      const failed = { event, container, code: number(line, 'code'), message: text(line, 'message') } as const;
      return typeof exec === 'string' ? { ...failed, exec } : failed;
    }
    case 'exited': {
      const { code } = line;
      const at = number(line, 'at');
      return {
        event,
        container,
        code: typeof code === 'number' ? code : undefined,
        oomKilled: line['oomKilled'] === true,
        at,
      };
    }
    case 'oom':
      return { event, container };
    default:
      return undefined;
  }
}

export function parseStates(result: unknown): readonly RuntimeState[] {
  return list(fields(result), 'containers').map((each) => {
    const status = text(each, 'status');
    if (status !== 'created' && status !== 'running' && status !== 'paused' && status !== 'stopped')
      throw odd('status');
    return { id: text(each, 'id'), status, pid: number(each, 'pid') };
  });
}

export function parseCounters(result: unknown): ContainerCounters {
  const stats = fields(result);
  const cpu = fields(stats['cpu']);
  const memory = fields(stats['memory']);
  const pids = fields(stats['pids']);
  const io = list(stats, 'io');
  const limit = limitOf(memory);
  const pidsLimit = limitOf(pids);
  const networks = list(stats, 'interfaces').map((nic): [string, NicCounters] => [
    text(nic, 'name'),
    {
      rxBytes: number(nic, 'receivedBytes'),
      rxPackets: number(nic, 'receivedPackets'),
      rxErrors: number(nic, 'receivedErrors'),
      rxDropped: number(nic, 'receivedDropped'),
      txBytes: number(nic, 'sentBytes'),
      txPackets: number(nic, 'sentPackets'),
      txErrors: number(nic, 'sentErrors'),
      txDropped: number(nic, 'sentDropped'),
    },
  ]);
  return {
    cpuNanoseconds: number(cpu, 'usage') * 1000,
    cpuUserNanoseconds: number(cpu, 'user') * 1000,
    cpuSystemNanoseconds: number(cpu, 'system') * 1000,
    throttledPeriods: number(cpu, 'throttledPeriods'),
    memoryBytes: number(memory, 'current'),
    memoryFileBytes: number(memory, 'inactiveFile'),
    ...(limit !== undefined && { memoryLimitBytes: limit }),
    pids: number(pids, 'current'),
    ...(pidsLimit !== undefined && { pidsLimit }),
    readBytes: io.reduce((sum, device) => sum + number(device, 'readBytes'), 0),
    writtenBytes: io.reduce((sum, device) => sum + number(device, 'writtenBytes'), 0),
    networks: Object.fromEntries(networks),
  };
}

export function parseProcesses(result: unknown): readonly ContainerProcessInfo[] {
  return list(fields(result), 'processes').map((each) => ({
    pid: number(each, 'pid'),
    innerPid: number(each, 'pidInside'),
    parent: number(each, 'ppid'),
    uid: number(each, 'uid'),
    user: text(each, 'user'),
    startedAt: number(each, 'started'),
    cpuSeconds: number(each, 'cpu') / 1_000_000,
    tty: text(each, 'tty'),
    command: text(each, 'command'),
  }));
}

export function parseUsage(result: unknown): number {
  return number(fields(result), 'bytes');
}

export function fields(value: unknown): Fields {
  if (isFields(value)) return value;
  throw odd('an object');
}

function limitOf(of: Fields): number | undefined {
  const { limit } = of;
  return typeof limit === 'number' ? limit : undefined;
}

export function list(of: Fields, name: string): readonly Fields[] {
  const value = of[name];
  if (Array.isArray(value) && value.every(isFields)) return value;
  throw odd(name);
}

export function number(of: Fields, name: string): number {
  const value = of[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw odd(name);
}

export function text(of: Fields, name: string): string {
  const value = of[name];
  if (typeof value === 'string') return value;
  throw odd(name);
}

export function odd(name: string): SandboxError {
  return new SandboxError('DataLoss', `The container runtime's answer has no proper "${name}"`);
}
