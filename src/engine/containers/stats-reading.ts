import type { ContainerCounters } from '../../api/container-host';
import type { ContainerStats, CpuStats, NetworkStats } from '../../api/container-stats';
import { nanoTime } from './log-text';

/** Counters of a container at one instant. */
export interface StatsReading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly counters: ContainerCounters;
}

const nanosecondsPerMs = 1e6;
const never = '0001-01-01T00:00:00Z';
const noThrottling = { periods: 0, throttled_periods: 0, throttled_time: 0 };
const noCpu: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: noThrottling,
};

export interface StatsContainer {
  readonly id: string;
  readonly name: string;
  /** Bytes that its host has. */
  readonly hostMemory: number;
}

/** A reading and the one before it, as docker tells them. Without any: a container that does not run. */
export function dockerStats(
  { id, name, hostMemory }: StatsContainer,
  now: StatsReading | undefined,
  before: StatsReading | undefined,
): ContainerStats {
  const counters = now?.counters;
  return {
    read: now ? nanoTime(now.at) : never,
    preread: before ? nanoTime(before.at) : never,
    pids_stats: counters ? { current: counters.pids, limit: counters.pidsLimit ?? 0 } : {},
    blkio_stats: {
      io_service_bytes_recursive: counters ? serviceBytes(counters) : null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: now ? cpuOf(now) : noCpu,
    precpu_stats: before ? cpuOf(before) : noCpu,
    memory_stats: counters
      ? {
          usage: counters.memoryBytes,
          limit: counters.memoryLimitBytes ?? hostMemory,
          // Clients take this away from the usage: it is cache that can go.
          stats: { inactive_file: counters.memoryFileBytes, file: counters.memoryFileBytes },
        }
      : {},
    name: `/${name}`,
    id,
    ...(counters && { networks: networksOf(counters) }),
  };
}

/** A host has one CPU, whose time is the wall clock's. */
function cpuOf({ at, counters }: StatsReading): CpuStats {
  const { cpuNanoseconds, cpuUserNanoseconds, cpuSystemNanoseconds, throttledPeriods } = counters;
  return {
    cpu_usage: {
      total_usage: cpuNanoseconds,
      usage_in_kernelmode: cpuSystemNanoseconds,
      usage_in_usermode: cpuUserNanoseconds,
    },
    system_cpu_usage: at * nanosecondsPerMs,
    online_cpus: 1,
    throttling_data: { ...noThrottling, throttled_periods: throttledPeriods },
  };
}

function serviceBytes({ readBytes, writtenBytes }: ContainerCounters) {
  const device = { major: 254, minor: 0 };
  return [
    { ...device, op: 'read', value: readBytes },
    { ...device, op: 'write', value: writtenBytes },
  ];
}

function networksOf({ networks }: ContainerCounters): Readonly<Record<string, NetworkStats>> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, nic]) => [
      name,
      {
        rx_bytes: nic.rxBytes,
        rx_packets: nic.rxPackets,
        rx_errors: nic.rxErrors,
        rx_dropped: nic.rxDropped,
        tx_bytes: nic.txBytes,
        tx_packets: nic.txPackets,
        tx_errors: nic.txErrors,
        tx_dropped: nic.txDropped,
      },
    ]),
  );
}
