/** What `GET /containers/{id}/stats` answers (moby, api/types/container/stats.go): nanoseconds and bytes. */
export interface ContainerStats {
  readonly read: string;
  readonly preread: string;
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly blkio_stats: BlkioStats;
  readonly num_procs: number;
  readonly storage_stats: Readonly<Record<string, never>>;
  readonly cpu_stats: CpuStats;
  readonly precpu_stats: CpuStats;
  /** Empty when it does not run. */
  readonly memory_stats: MemoryStats | Readonly<Record<string, never>>;
  readonly name: string;
  readonly id: string;
  readonly networks?: Readonly<Record<string, NetworkStats>>;
}

export interface CpuStats {
  readonly cpu_usage: {
    readonly total_usage: number;
    readonly usage_in_kernelmode: number;
    readonly usage_in_usermode: number;
  };
  /** CPU time of the host since the container's first reading. Absent when it does not run. */
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
  readonly throttling_data: {
    readonly periods: number;
    readonly throttled_periods: number;
    readonly throttled_time: number;
  };
}

export interface MemoryStats {
  readonly usage: number;
  readonly limit: number;
  readonly stats: Readonly<Record<string, number>>;
}

export interface BlkioStats {
  readonly io_service_bytes_recursive:
    | readonly { readonly major: number; readonly minor: number; readonly op: string; readonly value: number }[]
    | null;
  readonly io_serviced_recursive: null;
  readonly io_queue_recursive: null;
  readonly io_service_time_recursive: null;
  readonly io_wait_time_recursive: null;
  readonly io_merged_recursive: null;
  readonly io_time_recursive: null;
  readonly sectors_recursive: null;
}

export interface NetworkStats {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}
