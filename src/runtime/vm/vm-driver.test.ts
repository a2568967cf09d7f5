import { describe, expect, it } from 'vitest';
import type { VmSpec } from '../../api/instance';
import { FakeClock } from '../../base/fake-clock';
import { Supervisor } from '../supervisor';
import { createVmDriver } from './vm-driver';

const unused = (): never => {
  throw new Error('Nothing is started here');
};

const clock = new FakeClock();
const driver = createVmDriver({
  images: {
    describeSnapshot: unused,
    describeBoot: unused,
    loadSnapshot: unused,
    loadBoot: unused,
    loadRootProgram: unused,
  },
  spawn: unused,
  supervisor: new Supervisor(clock),
  clock,
  randomBytes: (count) => new Uint8Array(count).fill(0xff),
  agentProtocol: 1,
  wasm: unused,
  memoryBudgetMiB: 512,
});
const spec: VmSpec = { kind: 'vm', name: 'vm-1', memoryMiB: 64, devices: 'virtio', containerHost: false };

describe('a vm spec', () => {
  it('is fine as the page makes it', () => {
    expect(driver.check(spec)).toEqual([]);
  });

  it.each<[string, Partial<VmSpec>, string, RegExp]>([
    ['no name', { name: '' }, 'name', /Not a host name: ""/],
    ['a name with a capital', { name: 'Vm' }, 'name', /Not a host name: "Vm"/],
    ['a name that ends in a hyphen', { name: 'a-' }, 'name', /Not a host name/],
    ['a name of 64 letters', { name: 'a'.repeat(64) }, 'name', /Not a host name/],
    ['markup in its name', { name: '<b>' }, 'name', /Not a host name/],
    ['too little memory', { memoryMiB: 16 }, 'memoryMiB', /from 32 to 1024: 16/],
    ['too much memory', { memoryMiB: 4096 }, 'memoryMiB', /from 32 to 1024: 4096/],
    ['half a MiB', { memoryMiB: 64.5 }, 'memoryMiB', /whole number/],
    ['no number', { memoryMiB: Number.NaN }, 'memoryMiB', /NaN/],
    ['a small container host', { containerHost: true }, 'memoryMiB', /at least 128 MiB of memory: 64/],
    ['five NICs', { nics: new Array(5).fill({ network: 'default' }) }, 'nics', /at most 4 network interfaces: 5/],
    ['five disks', { disks: new Array(5).fill({ sizeMiB: 1 }) }, 'disks', /at most 4 disks: 5/],
    ['more than the machine has', { memoryMiB: 512 }, 'memoryMiB', /needs 607 MiB, 512 of 512 MiB are free/],
  ])('is refused with %s', (_what, change, field, message) => {
    const [problem, ...others] = driver.check({ ...spec, ...change });
    expect(problem?.field).toBe(field);
    expect(problem?.message).toMatch(message);
    expect(others).toEqual([]);
    expect(() => driver.create({ ...spec, ...change })).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});
