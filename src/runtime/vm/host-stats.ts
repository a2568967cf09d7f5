import type { StatSample } from '../../api/stats';
import type { Machine } from './machine';

/** What the host can tell of a guest that has no agent. Its memory counts as used: nobody but the guest knows better. */
export function hostStats(machine: Machine, at: number): StatSample {
  const network = { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 };
  for (const { counters } of machine.nics) {
    network.rxBytes += counters.rxBytes;
    network.txBytes += counters.txBytes;
    network.rxPackets += counters.rxFrames;
    network.txPackets += counters.txFrames;
  }
  const memory = machine.config.memoryMiB * 1024 * 1024;
  return {
    at,
    cpuMicros: Math.round(machine.cpuMs * 1000),
    memory: { total: memory, used: memory },
    network,
    disk: machine.pc?.diskBytes ?? { readBytes: 0, writtenBytes: 0 },
    processes: 0,
  };
}
