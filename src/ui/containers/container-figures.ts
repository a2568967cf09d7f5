import type { ContainerStats } from '../../api/container-stats';

/** What a container uses now. */
export interface ContainerFigures {
  /** When it was so, milliseconds since the epoch. */
  readonly at: number;
  /** CPUs in use: 0.25 is a quarter of one. */
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly pids: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly throttledPeriods: number;
}

/** As `docker stats` reckons: file pages that nobody needs are no use of memory. */
export function containerFigures(stats: ContainerStats): ContainerFigures {
  const memory = 'usage' in stats.memory_stats ? stats.memory_stats : { usage: 0, limit: 0, stats: {} };
  const idleFile = (memory.stats as Readonly<Record<string, number>>)['inactive_file'] ?? 0;
  const networks = Object.values(stats.networks ?? {});
  return {
    at: Date.parse(stats.read),
    cpu: cpuShare(stats),
    memoryBytes: Math.max(0, memory.usage - idleFile),
    memoryLimitBytes: memory.limit,
    pids: stats.pids_stats.current ?? 0,
    receivedBytes: networks.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sentBytes: networks.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
    readBytes: moved(stats, 'read'),
    writtenBytes: moved(stats, 'write'),
    throttledPeriods: stats.cpu_stats.throttling_data.throttled_periods,
  };
}

/** Its CPU time in that of the host between two readings. */
function cpuShare({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  if (before.system_cpu_usage === undefined || used <= 0 || passed <= 0) return 0;
  return (used / passed) * (now.online_cpus ?? 1);
}

function moved({ blkio_stats }: ContainerStats, op: string): number {
  const parts = blkio_stats.io_service_bytes_recursive ?? [];
  return parts.reduce((sum, part) => (part.op.toLowerCase() === op ? sum + part.value : sum), 0);
}
