import { describe, expect, it } from 'vitest';
import type { ContainerStats, CpuStats } from '../../api/container-stats';
import { containerFigures } from './container-figures';

const cpu = (total: number, system?: number): CpuStats => ({
  cpu_usage: { total_usage: total, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 9, throttled_periods: 3, throttled_time: 0 },
  ...(system !== undefined && { system_cpu_usage: system, online_cpus: 2 }),
});

const stats: ContainerStats = {
  read: '2026-01-01T00:00:01Z',
  preread: '2026-01-01T00:00:00Z',
  pids_stats: { current: 4 },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 254, minor: 0, op: 'read', value: 100 },
      { major: 254, minor: 0, op: 'write', value: 7 },
      { major: 254, minor: 16, op: 'Read', value: 11 },
    ],
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
  cpu_stats: cpu(3_000, 20_000),
  precpu_stats: cpu(1_000, 12_000),
  memory_stats: { usage: 5_000, limit: 64_000, stats: { inactive_file: 1_500 } },
  name: '/web',
  id: 'ab',
  networks: {
    eth0: {
      rx_bytes: 10,
      rx_packets: 1,
      rx_errors: 0,
      rx_dropped: 0,
      tx_bytes: 5,
      tx_packets: 1,
      tx_errors: 0,
      tx_dropped: 0,
    },
    eth1: {
      rx_bytes: 1,
      rx_packets: 1,
      rx_errors: 0,
      rx_dropped: 0,
      tx_bytes: 2,
      tx_packets: 1,
      tx_errors: 0,
      tx_dropped: 0,
    },
  },
};

describe('the figures of a container', () => {
  it('are what docker stats shows', () => {
    expect(containerFigures(stats)).toEqual({
      at: Date.UTC(2026, 0, 1, 0, 0, 1),
      cpu: 0.5,
      memoryBytes: 3_500,
      memoryLimitBytes: 64_000,
      pids: 4,
      receivedBytes: 11,
      sentBytes: 7,
      readBytes: 111,
      writtenBytes: 7,
      throttledPeriods: 3,
    });
  });

  it('are nothing where it does not run, or was read for the first time', () => {
    const { networks: _, ...rest } = stats;
    const ended = { ...rest, memory_stats: {}, cpu_stats: cpu(0), precpu_stats: cpu(0), pids_stats: {} };
    expect(containerFigures(ended)).toMatchObject({ cpu: 0, memoryBytes: 0, pids: 0, receivedBytes: 0 });
    expect(containerFigures({ ...stats, precpu_stats: cpu(0) }).cpu).toBe(0);
  });
});
