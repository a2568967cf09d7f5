import { expect, it } from 'vitest';
import { planMounts } from './container-mounts';
import { unikernelMounts } from './unikernel-disks';

const devices = [
  { name: 'service', type: 'NET_BASIC' },
  { name: 'log', type: 'BLOCK_BASIC' },
  { name: 'index', type: 'BLOCK_BASIC' },
] as const;

function mountsOf(...Binds: readonly string[]) {
  const newName = () => 'nameless';
  const mounts = planMounts({ host: { Binds }, volumes: [], inherited: [], newName });
  return unikernelMounts({ image: 'db', mounts, devices, newName });
}

it('has the volumes of a unikernel in the order of its manifest, after its files', () => {
  const planned = mountsOf('b1:/dev/index', '/etc/db:/etc/db', 'a1:/log:ro');
  expect(planned).toMatchObject([
    { kind: 'bind', target: '/etc/db' },
    { kind: 'volume', volume: 'a1', readOnly: true, anonymous: false },
    { kind: 'volume', volume: 'b1', readOnly: false, anonymous: false },
  ]);
});

it('makes an anonymous volume for a device that nothing was given for', () => {
  expect(mountsOf('a1:/index')).toMatchObject([
    { volume: 'nameless', target: '/dev/log', anonymous: true },
    { volume: 'a1', target: '/index', anonymous: false },
  ]);
});

it('refuses a volume that no device asks for, with those that there are', () => {
  expect(() => mountsOf('a1:/service')).toThrow(
    'db is a unikernel: it has no block device "service": a volume of it belongs to /dev/log and /dev/index',
  );
});
