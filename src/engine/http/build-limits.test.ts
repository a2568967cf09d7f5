import { expect, test } from 'vitest';
import { buildLimits } from './build-limits';
import { Query } from './query';

const limits = (text: string) => buildLimits(new Query(new URLSearchParams(text)));

test('what a client sends that asks for nothing is nothing', () => {
  expect(limits('memory=0&memswap=0&cpushares=0&shmsize=0&ulimits=null&securityopt=&isolation=')).toBeUndefined();
});

test('limits are those of a container', () => {
  const ulimits = encodeURIComponent('[{"Name":"nofile","Soft":32,"Hard":64}]');
  expect(
    limits(`memory=8388608&cpuquota=5000&shmsize=1048576&extrahosts=a:1.2.3.4&extrahosts=b:::1&ulimits=${ulimits}`),
  ).toEqual({
    resources: { Memory: 8_388_608, CpuQuota: 5000, Ulimits: [{ Name: 'nofile', Soft: 32, Hard: 64 }] },
    extraHosts: ['a:1.2.3.4', 'b:::1'],
    shmSize: 1_048_576,
  });
});

test.each([
  ['isolation=hyperv', 'unsupported isolation: "hyperv"'],
  ['securityopt=label%3Ddisable', 'security options are not supported on linux'],
  ['cgroupparent=/x', 'Builds have cgroups of their own here'],
  ['memory=1024', 'Minimum memory limit allowed is 6MB'],
  ['cpusetcpus=1', 'Requested CPUs are not available'],
  ['ulimits=%5B1%5D', 'error reading ulimit settings'],
  ['shmsize=-1', 'SHM size can not be less than 0'],
])('%s is refused', (query, message) => {
  expect(() => limits(query)).toThrow(message);
});
