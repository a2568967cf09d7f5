import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../api/container-host';
import { containerBundle } from './container-bundle';
import { containerPaths } from './host-paths';
import { portName } from './port-guard';

const spec: ContainerSpec = {
  id: 'web',
  root: { layers: [], writable: 'disk' },
  mounts: [],
  nics: [],
  config: {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['sh'], cwd: '/' },
    root: { path: '', readonly: true },
    mounts: [{ destination: '/proc', type: 'proc' }],
    annotations: { mine: 'kept' },
  },
};
const bridges = new Map([
  ['default', 'br0'],
  ['blue', 'br1'],
]);

const bundle = (more: Partial<ContainerSpec> = {}, layers: readonly string[] = ['low', 'high']) => {
  const whole = { ...spec, ...more };
  return containerBundle(whole, { paths: containerPaths('web', whole.root.writable), layers, bridges });
};

const json = (text: string | undefined): unknown => JSON.parse(text ?? '');

describe('the bundle of a container', () => {
  it('has its root as an overlay of its layers and of what it writes', () => {
    const { path, config } = bundle();
    expect(path).toBe('/run/strata/bundles/web');
    expect(config.root).toEqual({ path: '/run/strata/bundles/web/root', readonly: true });
    expect(json(config.annotations?.['org.strata.rootfs'])).toEqual({
      lower: ['/run/strata/base', '/layers/low', '/layers/high'],
      upper: '/var/lib/strata/containers/web/upper',
      work: '/var/lib/strata/containers/web/work',
    });
    expect(config.annotations).toMatchObject({ mine: 'kept' });
    expect(config.annotations).not.toHaveProperty('org.strata.network');
  });

  it('writes to memory where that is wished, and has an empty directory in the place of no layers', () => {
    const { config } = bundle({ root: { layers: [], writable: 'tmpfs' } }, []);
    expect(json(config.annotations?.['org.strata.rootfs'])).toEqual({
      lower: ['/run/strata/base'],
      upper: '/run/strata/writes/web/upper',
      work: '/run/strata/writes/web/work',
    });
  });

  it('is not synced where it goes with the end of the container', () => {
    const { config } = bundle({ volatile: true });
    expect(json(config.annotations?.['org.strata.rootfs'])).toMatchObject({ volatile: true });
  });

  it('has the owners of a user namespace in a layer of the host’s own, above what they belong to', () => {
    const root = { layers: [], writable: 'disk', firstId: 100_000 } as const;
    const { config } = bundle({ root }, ['low', '/var/lib/strata/shifted/a/upper']);
    expect(json(config.annotations?.['org.strata.rootfs'])).toMatchObject({
      lower: ['/run/strata/base', '/layers/low', '/var/lib/strata/shifted/a/upper'],
      metacopy: true,
    });
  });

  it('mounts what is deeper later, behind what the engine names itself', () => {
    const { config, files } = bundle({
      mounts: [
        { kind: 'file', text: 'hosts\n', target: '/etc/hosts' },
        { kind: 'volume', volume: 'data', target: '/etc', readOnly: true, seed: false },
        { kind: 'host', path: '/srv', target: '/srv/a/b', readOnly: false },
      ],
    });
    expect(config.mounts?.map(({ destination, source, options }) => [destination, source, options?.at(-1)])).toEqual([
      ['/proc', undefined, undefined],
      ['/etc', '/var/lib/strata/volumes/data/_data', 'ro'],
      ['/etc/hosts', '/run/strata/bundles/web/file-0', 'rw'],
      ['/srv/a/b', '/srv', 'rw'],
    ]);
    expect(files).toEqual({ 'file-0': 'hosts\n' });
  });

  it('puts each interface on the bridge of its network', () => {
    const nic = { name: 'eth0', mac: '02:5e:00:00:00:01', address: '10.0.0.7', prefixLength: 16, mtu: 1500 };
    const { config } = bundle({
      nics: [
        { ...nic, network: 'blue', gateway: '10.0.0.1' },
        { ...nic, network: 'default', name: 'eth1' },
      ],
    });
    expect(json(config.annotations?.['org.strata.network'])).toEqual([
      {
        name: 'eth0',
        bridge: 'br1',
        host: portName({ ...nic, bridge: 'br1' }),
        mac: '02:5e:00:00:00:01',
        mtu: 1500,
        addresses: ['10.0.0.7/16'],
        routes: [{ to: 'default', via: '10.0.0.1' }],
      },
      {
        name: 'eth1',
        bridge: 'br0',
        host: portName({ ...nic, bridge: 'br0' }),
        mac: '02:5e:00:00:00:01',
        mtu: 1500,
        addresses: ['10.0.0.7/16'],
        routes: [],
      },
    ]);
  });

  it('says which networks the host is on when it is not on that of an interface', () => {
    const nic = { name: 'eth0', network: 'red', mac: '', address: '10.2.0.7', prefixLength: 16, mtu: 1500 };
    expect(() => bundle({ nics: [nic] })).toThrow('The host is not on the network "red"; it is on: default, blue');
  });

  it('names the compiled program in the place of a seccomp profile', () => {
    const linux = { cgroupsPath: '/docker/web', seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } };
    const filtered = { ...spec, config: { ...spec.config, linux } };
    const parts = { paths: containerPaths('web'), layers: [], bridges };
    const { config } = containerBundle(filtered, { ...parts, seccomp: '/run/program' });
    expect(config.linux).toEqual({ cgroupsPath: '/docker/web' });
    expect(config.annotations).toMatchObject({ mine: 'kept', 'org.strata.seccomp': '/run/program' });
    expect(containerBundle(filtered, parts).config.linux).toEqual(linux);
  });
});
