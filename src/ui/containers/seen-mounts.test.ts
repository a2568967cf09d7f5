import { expect, it } from 'vitest';
import { kernelMounts, mountLines, parseMountInfo, sortMounts } from './seen-mounts';

/** Of a container with a volume, a bind mount and a tmpfs. */
const mountInfo = String.raw`201 190 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b
202 201 0:41 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
203 201 0:42 / /dev rw,nosuid - tmpfs tmpfs rw,mode=755
204 203 0:43 / /dev/shm rw - tmpfs shm rw,size=65536k
205 201 254:0 /strata/volumes/data /data ro,relatime - ext4 /dev/vda rw
206 201 254:0 /strata/shared/a\040b /in\040here rw - ext4 /dev/vda rw
207 201 0:44 / /tmp rw - tmpfs tmpfs rw
208 202 0:5 /null /proc/kcore rw - devtmpfs devtmpfs rw
209 202 0:45 / /proc/acpi ro - tmpfs tmpfs ro
210 202 0:41 /sys /proc/sys ro - proc proc rw
not a line`;

it('tells what is mounted in a container from what its kernel shows and what it hides', () => {
  const sorted = sortMounts(parseMountInfo(mountInfo));
  expect(sorted.own.map(({ target }) => target)).toEqual(['/', '/dev/shm', '/data', '/in here', '/tmp']);
  expect(sorted.kernel.map(({ target }) => target)).toEqual(['/proc', '/dev']);
  expect(sorted.masked).toEqual(['/proc/kcore', '/proc/acpi']);
  expect(sorted.readOnly).toEqual(['/proc/sys']);
});

it('writes mounts in columns, each with its directory and whether it can be written to', () => {
  const [root, , , , data, here] = parseMountInfo(mountInfo);
  expect(mountLines([root!, data!, here!], (directory) => `is ${directory}`).split('\n')).toEqual([
    '/        overlay rw',
    '/data    ext4    ro is /strata/volumes/data',
    '/in here ext4    rw is /strata/shared/a b',
  ]);
});

it("names of the host's mounts those that docker knows", () => {
  const mount = { source: '/dev/vda', type: 'ext4', options: 'rw' };
  const mounts = ['/data', '/in', '/'].map((target) => ({ ...mount, target }));
  const named = [
    { Destination: '/data', Name: 'data', Source: '/var/lib/x' },
    { Destination: '/in', Source: '/shared' },
  ];
  expect(kernelMounts({ mounts }, named).map(({ directory }) => directory)).toEqual(['data', '/shared', undefined]);
});
