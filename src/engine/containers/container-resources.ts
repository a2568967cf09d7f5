import type { ContainerResources } from '../../api/container';
import type { OciResources } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';

/** What `--cpus` counts in, and the kernel's usual period, microseconds. */
const billion = 1e9;
const usualPeriod = 100_000;
const mebibyte = 1024 ** 2;

/** Docker's limits (moby, daemon/daemon_unix.go, verifyPlatformContainerResources). CPUs: those of a host. */
const lowestMemory = 6 * mebibyte;
const hostCpus = 1;

/** Throws `InvalidArgument` in docker's words for limits that contradict each other or cannot be. */
export function checkResources(resources: ContainerResources): void {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, MemorySwappiness = -1 } = resources;
  if (Memory < 0 || (Memory > 0 && Memory < lowestMemory)) throw invalid('Minimum memory limit allowed is 6MB');
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (Memory === 0 && MemorySwap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (MemoryReservation > 0 && MemoryReservation < lowestMemory) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  if (MemorySwappiness !== -1 && (MemorySwappiness < 0 || MemorySwappiness > 100)) {
    throw invalid(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  const { CpuShares = 0 } = resources;
  if (CpuShares < 0) throw invalid(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  checkCpu(resources);
  if (resources.CpuRealtimePeriod || resources.CpuRealtimeRuntime) {
    throw invalid('Your kernel does not support CPU real-time scheduler');
  }
  const { BlkioWeight = 0 } = resources;
  if (BlkioWeight !== 0 && (BlkioWeight < 10 || BlkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000');
  }
}

function checkCpu({ NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpusetCpus = '', CpusetMems = '' }: ContainerResources) {
  if (NanoCpus > 0 && CpuPeriod > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (NanoCpus > 0 && CpuQuota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (NanoCpus < 0 || NanoCpus > hostCpus * billion) {
    throw invalid(
      `range of CPUs is from 0.01 to ${hostCpus}.00, as there are only ${hostCpus} CPUs available; a host has one`,
    );
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  for (const [what, set] of [
    ['cpus', CpusetCpus],
    ['mems', CpusetMems],
  ] as const) {
    if (set === '') continue;
    if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(set)) throw invalid(`Invalid value ${set} for cpuset ${what}`);
    if (!/^0(-0)?(,0(-0)?)*$/.test(set)) {
      throw invalid(
        `Requested ${what === 'cpus' ? 'CPUs' : 'memory nodes'} are not available - requested ${set}, available: 0`,
      );
    }
  }
}

/**
 * What no kernel of a host has, in docker's words (moby, daemon/daemon_unix.go): it is taken, and has no effect. None of them
 * has swap, or a scheduler of block devices with weights. That there is none is what one without a wish for it may expect.
 */
export function resourceWarnings(resources: ContainerResources): readonly string[] {
  const {
    OomKillDisable = false,
    Memory = 0,
    MemorySwap = 0,
    MemorySwappiness = -1,
    BlkioWeight = 0,
    BlkioWeightDevice = [],
  } = resources;
  return [
    ...(OomKillDisable ? ['Your kernel does not support OomKillDisable. OomKillDisable discarded.'] : []),
    ...(OomKillDisable && Memory === 0
      ? [
          'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
        ]
      : []),
    ...(MemorySwap > Memory
      ? [
          'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
        ]
      : []),
    ...(MemorySwappiness >= 0
      ? [
          'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
        ]
      : []),
    ...(BlkioWeight > 0
      ? ['Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.']
      : []),
    ...(BlkioWeightDevice.length > 0
      ? ['Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.']
      : []),
  ];
}

/** The limits as the runtime writes them into a cgroup. */
export function cgroupLimits(resources: ContainerResources): OciResources {
  const { Memory = 0, MemoryReservation = 0, MemorySwap = 0, PidsLimit = 0 } = resources;
  const memory = {
    ...(Memory > 0 && { limit: Memory }),
    ...(MemoryReservation > 0 && { reservation: MemoryReservation }),
    // As docker has it: both together, twice the memory unless said, -1 without end.
    ...(Memory > 0 && { swap: MemorySwap === 0 ? 2 * Memory : MemorySwap }),
  };
  const cpu = cpuLimits(resources);
  const blockIO = {
    ...throttles('throttleReadBpsDevice', resources.BlkioDeviceReadBps),
    ...throttles('throttleWriteBpsDevice', resources.BlkioDeviceWriteBps),
    ...throttles('throttleReadIOPSDevice', resources.BlkioDeviceReadIOps),
    ...throttles('throttleWriteIOPSDevice', resources.BlkioDeviceWriteIOps),
  };
  return {
    ...(hasFields(memory) && { memory }),
    ...(hasFields(cpu) && { cpu }),
    // -1 takes away one that there was.
    ...(PidsLimit !== 0 && { pids: { limit: Math.max(-1, PidsLimit) } }),
    ...(hasFields(blockIO) && { blockIO }),
  };
}

function cpuLimits(resources: ContainerResources): NonNullable<OciResources['cpu']> {
  const { CpuShares = 0, NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpusetCpus = '', CpusetMems = '' } = resources;
  const quota = NanoCpus > 0 ? Math.trunc((NanoCpus * usualPeriod) / billion) : CpuQuota;
  const period = NanoCpus > 0 ? usualPeriod : CpuPeriod;
  return {
    ...(CpuShares > 0 && { shares: CpuShares }),
    ...(quota !== 0 && { quota }),
    ...(period !== 0 && { period }),
    ...(CpusetCpus !== '' && { cpus: CpusetCpus }),
    ...(CpusetMems !== '' && { mems: CpusetMems }),
  };
}

/** Disks of a host by their letters: virtio block devices have the major number that Linux gives them first. */
const virtioBlockMajor = 254;
const partsOfDisk = 16;

function throttles<Key extends string>(
  key: Key,
  devices: ContainerResources['BlkioDeviceReadBps'] = [],
): { readonly [K in Key]?: readonly { readonly major: number; readonly minor: number; readonly rate: number }[] } {
  if (devices.length === 0) return {};
  const list = devices.map(({ Path, Rate }) => {
    const [, letter = ''] = /^\/dev\/vd([a-d])$/.exec(Path) ?? [];
    if (letter === '') throw invalid(`stat ${Path}: no such file or directory`);
    return { major: virtioBlockMajor, minor: (letter.charCodeAt(0) - 'a'.charCodeAt(0)) * partsOfDisk, rate: Rate };
  });
  return { [key]: list } as { readonly [K in Key]: typeof list };
}

function hasFields(value: object): boolean {
  return Object.keys(value).length > 0;
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
