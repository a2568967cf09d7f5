import { ByteReader } from './byte-reader';
import { ByteWriter } from './byte-writer';

/** Counters of the guest; those that only grow start with its boot. Bytes, unless named otherwise. */
export interface AgentStats {
  readonly cpuMicros: number;
  readonly memoryTotal: number;
  readonly memoryAvailable: number;
  /** Summed over all interfaces but lo. */
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly processes: number;
  /** Of the cgroup that was asked for. */
  readonly cgroup?: CgroupStats;
}

/** Counters of one cgroup (Linux, admin-guide/cgroup-v2.rst). */
export interface CgroupStats {
  readonly cpuMicros: number;
  readonly memoryUsed: number;
  /** Infinity without a limit. */
  readonly memoryLimit: number;
  readonly processes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

const machineFields = [
  'cpuMicros',
  'memoryTotal',
  'memoryAvailable',
  'rxBytes',
  'txBytes',
  'rxPackets',
  'txPackets',
  'readBytes',
  'writtenBytes',
  'processes',
] as const;
const cgroupFields = ['cpuMicros', 'memoryUsed', 'memoryLimit', 'processes', 'readBytes', 'writtenBytes'] as const;

const unlimited = 0xffff_ffff_ffff_ffffn;

export function serializeStats(stats: AgentStats): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const field of machineFields) writer.u64(BigInt(stats[field]));
  if (stats.cgroup) for (const field of cgroupFields) writer.u64(toCount(stats.cgroup[field]));
  return writer.finish();
}

export function parseStats(payload: Uint8Array): AgentStats {
  const reader = new ByteReader(payload);
  const machine = readFields(reader, machineFields);
  const stats = reader.left === 0 ? machine : { ...machine, cgroup: readFields(reader, cgroupFields) };
  reader.end();
  return stats;
}

function readFields<Field extends string>(reader: ByteReader, fields: readonly Field[]): Record<Field, number> {
  const entries = fields.map((field) => [field, toNumber(reader.u64())] as const);
  return Object.fromEntries(entries) as Record<Field, number>;
}

function toCount(value: number): bigint {
  return value === Number.POSITIVE_INFINITY ? unlimited : BigInt(value);
}

function toNumber(value: bigint): number {
  return value === unlimited ? Number.POSITIVE_INFINITY : Number(value);
}
