import { describe, expect, it } from 'vitest';
import { hiddenAt, shownTrees } from './shown-files';

const mounts = [
  ['/', 'overlay'],
  ['/proc', 'proc'],
  ['/dev', 'tmpfs'],
  ['/dev/pts', 'devpts'],
  ['/sys', 'sysfs'],
  ['/sys/fs/cgroup', 'cgroup2'],
  ['/dev/shm', 'tmpfs'],
  ['/dev/console', 'devpts'],
  ['/tmp', 'tmpfs'],
  ['/etc/hosts', 'tmpfs'],
  ['/data', 'ext4'],
  ['/data/inner', 'ext4'],
  ['/proc/acpi', 'tmpfs'],
  ['/processes', 'ext4'],
].map(([target = '', type = '']) => ({ source: 'x', target, type, options: 'rw' }));

describe('files of a running container', () => {
  it.each([
    ['/', 'no'],
    ['/etc/hosts', 'no'],
    ['/tmp/x', 'no'],
    ['/data/inner/x', 'no'],
    ['/processes', 'no'],
    ['/dev/shm', 'no'],
    ['/dev/shm/x', 'no'],
    ['/proc', 'itself'],
    ['/dev', 'itself'],
    ['/sys', 'itself'],
    ['/proc/version', 'inside'],
    ['/proc/acpi', 'inside'],
    ['/sys/fs/cgroup', 'inside'],
    ['/dev/null', 'inside'],
    ['/dev/pts/0', 'inside'],
    ['/dev/pts', 'inside'],
    ['/dev/console', 'inside'],
  ])('at %s are hidden: %s', (path, hidden) => {
    expect(hiddenAt(mounts, path)).toBe(hidden);
  });

  it('are packed in one where nothing in them is hidden, else apart from what is', () => {
    expect(shownTrees(mounts, '/data')).toEqual([{ path: '/data', apart: false }]);
    expect(shownTrees(mounts, '/etc')).toEqual([{ path: '/etc', apart: false }]);
    expect(shownTrees(mounts, '/')).toEqual([
      { path: '/', apart: true },
      { path: '/data', apart: false },
      { path: '/dev/shm', apart: false },
      { path: '/etc/hosts', apart: false },
      { path: '/processes', apart: false },
      { path: '/tmp', apart: false },
    ]);
  });
});
