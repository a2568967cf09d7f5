import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../api/container-host';
import { containerPaths } from './host-paths';
import { type HostParts, prepareContainer } from './prepare-container';

const web: ContainerSpec = {
  id: 'web',
  root: { layers: [], writable: 'tmpfs' },
  mounts: [],
  nics: [],
  config: { ociVersion: '1.0.2', process: { user: { uid: 0, gid: 0 }, args: ['true'], env: [], cwd: '/' } },
};

/** Parts of a host that say what they were told, in that order. */
function setUp() {
  const told: unknown[][] = [];
  const bridges = new Map<string, string>();
  const parts: HostParts = {
    access: { call: async (call, { path }) => void told.push([call, path]) },
    roots: {
      make: async (id) => void told.push(['make', id]),
      placeOf: async (id) => ({ paths: containerPaths(id, 'tmpfs'), layers: [], pid: undefined, firstId: undefined }),
      noteMountPoints: async (_, paths) => void told.push(['mounted', ...paths]),
    },
    volumes: {
      prepare: async ({ volume }) => void told.push(['volume', volume]),
      prepareMemory: async (path, anew) => void told.push(['memory', path, anew]),
      ensureThere: async (path) => void told.push(['there', path]),
    },
    networks: {
      bridges,
      join: async (network) => {
        told.push(['join', network]);
        bridges.set(network, `br${bridges.size}`);
      },
    },
    guard: { admit: async (ports) => void told.push(['admit', ...ports]) },
    seccomp: { pathOf: async () => undefined },
  };
  return { told, prepare: (changes: Partial<ContainerSpec>) => prepareContainer({ ...web, ...changes }, parts, {}) };
}

describe('what a container finds when it begins', () => {
  it('is its root, what is mounted there, and a bundle', async () => {
    const { told, prepare } = setUp();
    await prepare({
      mounts: [
        { kind: 'volume', volume: 'data', target: '/data', readOnly: false, seed: true },
        { kind: 'host', path: '/var/log', target: '/log', readOnly: true },
        { kind: 'shared', path: '/docs', target: '/docs', readOnly: true },
        { kind: 'shared', path: '/shared/site', target: '/site', readOnly: true },
        { kind: 'shared', path: '/shared', target: '/all', readOnly: true },
        { kind: 'file', text: 'web', target: '/etc/hostname' },
      ],
    });
    expect(told.slice(0, 6)).toEqual([
      ['make', 'web'],
      ['volume', 'data'],
      ['there', '/var/log'],
      ['there', '/shared/docs'],
      ['there', '/shared/site'],
      ['there', '/shared'],
    ]);
    expect(told).toContainEqual(['bundle', '/run/strata/bundles/web']);
    expect(
      told
        .find(([what]) => what === 'mounted')
        ?.slice(1)
        .sort(),
    ).toEqual(['/all', '/data', '/docs', '/etc/hostname', '/log', '/site']);
  });

  it.each([
    ['web', true],
    ['donor', false],
  ])('is the memory of %s in place of its own, which its owner begins anew: %s', async (of, anew) => {
    const { told, prepare } = setUp();
    await prepare({ mounts: [{ kind: 'memory', of, target: '/dev/shm', readOnly: false }] });
    expect(told).toContainEqual(['memory', `/run/strata/bundles/${of}/shm`, anew]);
    expect(told).toContainEqual(['mounted', '/dev/shm']);
  });

  it('is a port on each of its networks, which its host is on by then', async () => {
    const { told, prepare } = setUp();
    const nic = { name: 'eth0', mac: '02:00:00:00:00:07', address: '10.0.0.7', prefixLength: 24, mtu: 1500 };
    await prepare({ nics: [{ ...nic, network: 'back' }] });
    const joined = told.findIndex(([what]) => what === 'join');
    const admitted = told.findIndex(([what]) => what === 'admit');
    expect(told[admitted]?.slice(1)).toEqual([{ bridge: 'br0', mac: nic.mac, address: nic.address }]);
    expect(joined).toBeLessThan(admitted);
  });

  it('is no mark of a volatile mount before it, where it is mounted so', async () => {
    const { told, prepare } = setUp();
    await prepare({});
    expect(told.some(([what]) => what === 'remove')).toBe(false);
    await prepare({ volatile: true });
    expect(told).toContainEqual(['remove', '/run/strata/writes/web/work/work']);
  });
});
