import { segment } from '../../engine/engine-client';
import { bytes, decimal, int, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';
import { parseRestartPolicy } from './restart-policy';

export const update = docker({
  spellings: ['container update', 'update'],
  summary: 'Update configuration of one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['container'],
  flags: {
    'blkio-weight': int('Block IO (relative weight), between 10 and 1000, or 0 to disable', {
      valueName: 'uint16',
      shownDefault: '0',
    }),
    'cpu-period': int('Limit CPU CFS (Completely Fair Scheduler) period'),
    'cpu-quota': int('Limit CPU CFS (Completely Fair Scheduler) quota'),
    'cpu-rt-period': int('Limit the CPU real-time period in microseconds'),
    'cpu-rt-runtime': int('Limit the CPU real-time runtime in microseconds'),
    'cpu-shares': int('CPU shares (relative weight)', { short: 'c' }),
    cpus: decimal('Number of CPUs'),
    'cpuset-cpus': text('CPUs in which to allow execution (0-3, 0,1)'),
    'cpuset-mems': text('MEMs in which to allow execution (0-3, 0,1)'),
    memory: bytes('Memory limit', { short: 'm' }),
    'memory-reservation': bytes('Memory soft limit'),
    'memory-swap': bytes('Swap limit equal to memory plus swap: -1 to enable unlimited swap'),
    'pids-limit': int('Tune container pids limit (set -1 for unlimited)'),
    restart: text('Restart policy to apply when a container exits'),
  },
  async run({ args, flags, given }, { engine, io }) {
    if (given.size === 0) throw new Error('you must provide one or more flags when using this command');
    const json = {
      BlkioWeight: flags['blkio-weight'],
      CpuPeriod: flags['cpu-period'],
      CpuQuota: flags['cpu-quota'],
      CpuRealtimePeriod: flags['cpu-rt-period'],
      CpuRealtimeRuntime: flags['cpu-rt-runtime'],
      CpuShares: flags['cpu-shares'],
      NanoCpus: flags.cpus,
      CpusetCpus: flags['cpuset-cpus'] || undefined,
      CpusetMems: flags['cpuset-mems'] || undefined,
      Memory: flags.memory,
      MemoryReservation: flags['memory-reservation'],
      MemorySwap: flags['memory-swap'],
      PidsLimit: flags['pids-limit'],
      RestartPolicy: flags.restart === '' ? undefined : parseRestartPolicy(flags.restart),
    };
    const warnings: string[] = [];
    const code = await eachNamed(io, args, async (name) => {
      const path = `/containers/${segment(name)}/update`;
      const answer = await engine.json<{ readonly Warnings?: readonly string[] | null }>('POST', path, { json });
      warnings.push(...(answer.Warnings ?? []));
      return name;
    });
    if (warnings.length > 0) await io.stdout.write(`${warnings.join('\n')}\n`);
    return code;
  },
});
