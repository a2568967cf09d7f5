import { describe, expect, it } from 'vitest';
import { containerDevices } from './container-devices';

describe('devices of a container', () => {
  it('are refused but for the harmless ones', () => {
    const { nodes, rules } = containerDevices({ devices: [], rules: [], privileged: false });
    expect(nodes).toEqual([]);
    expect(rules[0]).toEqual({ allow: false, access: 'rwm' });
    expect(rules.some(({ allow, type, major, access }) => allow && type === 'b' && access !== 'm' && !major)).toBe(
      false,
    );
  });

  it('are added by path, with what may be done with them', () => {
    const device = { PathOnHost: '/dev/net/tun', PathInContainer: '/dev/tun', CgroupPermissions: 'rw' };
    const { nodes, rules } = containerDevices({ devices: [device], rules: ['c 10:* r'], privileged: false });
    expect(nodes).toMatchObject([{ type: 'c', path: '/dev/tun', major: 10, minor: 200 }]);
    expect(rules.slice(-2)).toEqual([
      { allow: true, type: 'c', major: 10, minor: 200, access: 'rw' },
      { allow: true, type: 'c', major: 10, access: 'r' },
    ]);
  });

  it('are all there with --privileged', () => {
    const { nodes, rules } = containerDevices({ devices: [], rules: [], privileged: true });
    expect(nodes.map(({ path }) => path)).toContain('/dev/kmsg');
    expect(rules).toEqual([{ allow: true, access: 'rwm' }]);
  });

  it('that no host has are refused, and rules that are none', () => {
    const device = { PathOnHost: '/dev/kvm', PathInContainer: '', CgroupPermissions: '' };
    expect(() => containerDevices({ devices: [device], rules: [], privileged: false })).toThrow(
      'error gathering device information while adding custom device "/dev/kvm": no such file or directory',
    );
    expect(() => containerDevices({ devices: [], rules: ['x 1:1 r'], privileged: false })).toThrow(
      "invalid device cgroup rule format: 'x 1:1 r'",
    );
  });
});
