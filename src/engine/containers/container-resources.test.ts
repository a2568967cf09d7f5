import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cgroupLimits, checkResources, resourceWarnings } from './container-resources';

const mib = 1024 ** 2;

describe('limits of a container', () => {
  it.each([
    [{}, {}],
    [{ Memory: 64 * mib }, { memory: { limit: 64 * mib, swap: 128 * mib } }],
    [{ Memory: 64 * mib, MemorySwap: 64 * mib }, { memory: { limit: 64 * mib, swap: 64 * mib } }],
    [{ Memory: 64 * mib, MemorySwap: -1 }, { memory: { limit: 64 * mib, swap: -1 } }],
    [{ NanoCpus: 5e8 }, { cpu: { quota: 50_000, period: 100_000 } }],
    [{ CpuQuota: 20_000, CpuPeriod: 40_000, CpuShares: 512 }, { cpu: { quota: 20_000, period: 40_000, shares: 512 } }],
    [{ CpuQuota: -1 }, { cpu: { quota: -1 } }],
    [{ PidsLimit: 20 }, { pids: { limit: 20 } }],
    [{ PidsLimit: -1 }, { pids: { limit: -1 } }],
    [{ CpusetCpus: '0' }, { cpu: { cpus: '0' } }],
    [
      { BlkioDeviceReadBps: [{ Path: '/dev/vdb', Rate: 7 }] },
      { blockIO: { throttleReadBpsDevice: [{ major: 254, minor: 16, rate: 7 }] } },
    ],
    [
      { BlkioDeviceWriteIOps: [{ Path: '/dev/vda', Rate: 9 }], BlkioWeight: 300 },
      { blockIO: { throttleWriteIOPSDevice: [{ major: 254, minor: 0, rate: 9 }] } },
    ],
  ])('%j are %j', (resources, limits) => {
    checkResources(resources);
    expect(cgroupLimits(resources)).toEqual(limits);
  });

  it.each([
    [{ Memory: 5 * mib }, 'Minimum memory limit allowed is 6MB'],
    [{ Memory: 64 * mib, MemorySwap: 32 * mib }, 'Minimum memoryswap limit should be larger than memory limit'],
    [{ MemorySwap: 32 * mib }, 'You should always set the Memory limit when using Memoryswap limit'],
    [{ Memory: 8 * mib, MemoryReservation: 9 * mib }, 'can not be less than memory reservation limit'],
    [{ NanoCpus: 2e9 }, 'range of CPUs is from 0.01 to 1.00, as there are only 1 CPUs available'],
    [{ NanoCpus: 1e8, CpuQuota: 5000 }, 'Nano CPUs and CPU Quota cannot both be set'],
    [{ CpuPeriod: 1 }, 'CPU cfs period can not be less than 1ms'],
    [{ CpusetCpus: 'x' }, 'Invalid value x for cpuset cpus'],
    [{ CpusetCpus: '0-3' }, 'Requested CPUs are not available - requested 0-3, available: 0'],
    [{ BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
    [{ CpuRealtimePeriod: 1000 }, 'Your kernel does not support CPU real-time scheduler'],
  ])('%j are refused', (resources, message) => {
    expect(() => checkResources(resources)).toThrow(message);
  });

  it.each([
    [{ Memory: 64 * mib }, 0],
    [{ Memory: 64 * mib, MemorySwap: 64 * mib }, 0],
    [{ Memory: 64 * mib, MemorySwap: 96 * mib }, 1],
  ])('%j are taken with %j warnings that no kernel here has swap', (resources, count) => {
    const warnings = resourceWarnings(resources);
    expect(warnings.filter((each) => each.endsWith('Memory limited without swap.'))).toHaveLength(count);
    expect(warnings).toHaveLength(count);
  });

  it('never let a container have more CPU time than was said', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1e7, max: 1e9 }), (NanoCpus) => {
        const { quota = 0, period = 1 } = cgroupLimits({ NanoCpus }).cpu ?? {};
        expect(quota / period).toBeLessThanOrEqual(NanoCpus / 1e9);
        expect(quota / period).toBeGreaterThan(NanoCpus / 1e9 - 0.0001);
      }),
    );
  });
});
