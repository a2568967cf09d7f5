import { afterEach, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../api/container';
import { FakeClock } from '../../base/fake-clock';
import { readScenario } from '../../formats/scenario/read-scenario';
import type { Scenario } from '../../formats/scenario/scenario';
import { serializeScenario } from '../../formats/scenario/serialize-scenario';
import type { LabContainers } from '../containers/engine';
import { scriptedEngines } from '../containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../containers/scripted-host';
import { openTestLab } from '../lab-fixture';
import { createStores } from '../stores-fixture';
import { LabScenarios } from './lab-scenarios';

const engines: LabContainers[] = [];
/** The image that every container of a scripted engine has. */
const pinned = `busybox@sha256:${'a'.repeat(64)}`;

const plainVm = { kind: 'vm', memoryMiB: 32, devices: 'virtio', containerHost: false } as const;

async function setUp() {
  const { lab } = await openTestLab();
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('one'));
  const engine = await scriptedEngines({ clock: new FakeClock(1000), stores: await createStores(), hosts })();
  engines.push(engine);
  const names: string[] = [];
  const scenarios = new LabScenarios({
    lab,
    engine: async () => engine,
    pull: async () => {
      throw new Error('Nothing is opened here');
    },
    config: async () => ({ Cmd: ['sleep', '60'] }),
    names: async () => names,
  });
  const create = (name: string | undefined, more: Partial<ContainerCreateBody> = {}) =>
    engine.containers.create({ Image: 'busybox', ...more }, name === undefined ? {} : { name });
  return { lab, engine, scenarios, create, names };
}

afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

describe('the lab as it is, as a scenario', () => {
  it('is read as it was described, with a container of a random name, and tells no other lab who drives its engine', async () => {
    const { lab, engine, scenarios, create } = await setUp();
    await lab.createNetwork({ name: 'back', subnet: '10.9.0.0/24', mtu: 1500 });
    await lab.setEngineApi('back', true);
    const { Id } = await create(undefined, {
      Cmd: ['sleep', '7'],
      Env: ['A=b'],
      HostConfig: { Memory: 32 * 1024 ** 2, RestartPolicy: { Name: 'always' } },
    });
    const name = (await engine.containers.inspect(Id)).Name.slice(1);
    expect(name).toMatch(/^[a-z]+_[a-z]+/);
    const { scenario, left } = await scenarios.describe('x');
    expect(left).toEqual([]);
    expect(scenario).toEqual({
      name: 'x',
      networks: [{ name: 'back', subnet: '10.9.0.0/24', mtu: 1500 }],
      instances: [],
      containers: [
        { name, image: pinned, command: ['sleep', '7'], environment: { A: 'b' }, restart: 'always', memory: 32 },
      ],
      publish: [],
    });
    expect(readScenario(serializeScenario(scenario))).toEqual({ value: scenario });
  });

  it.each<[string, Partial<ContainerCreateBody>]>([
    ['no network', { HostConfig: { NetworkMode: 'none' } }],
    ['the network of its host', { HostConfig: { NetworkMode: 'host' } }],
    ['the network of another', { HostConfig: { NetworkMode: 'container:plain' } }],
    ['a network that the lab does not call so', { HostConfig: { NetworkMode: 'My_Net' } }],
    ['all rights', { HostConfig: { Privileged: true } }],
    ['a root that nobody writes to', { HostConfig: { ReadonlyRootfs: true } }],
    ['one capability more', { HostConfig: { CapAdd: ['NET_ADMIN'] } }],
    ['an end that removes it', { HostConfig: { AutoRemove: true } }],
    ['swap of its own', { HostConfig: { Memory: 32 * 1024 ** 2, MemorySwap: 32 * 1024 ** 2 } }],
    ['so many restarts', { HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } } }],
    ['an init of its own', { HostConfig: { Runtime: 'system' } }],
    ['an entrypoint of its own', { Entrypoint: ['echo'] }],
    ['a terminal', { Tty: true, OpenStdin: true }],
    ['a name of its own', { Hostname: 'web' }],
    [
      'an address of its own',
      {
        HostConfig: { NetworkMode: 'own' },
        NetworkingConfig: { EndpointsConfig: { own: { IPAMConfig: { IPv4Address: '10.77.0.77' } } } },
      },
    ],
  ])('leaves out a container with %s, and says so', async (_, body) => {
    const { engine, scenarios, create } = await setUp();
    await engine.networks.create({ Name: 'My_Net' });
    await engine.networks.create({ Name: 'own', IPAM: { Config: [{ Subnet: '10.77.0.0/24' }] } });
    await create('plain');
    await create('odd', body);
    const { scenario, left } = await scenarios.describe('x');
    expect(left).toEqual(['odd']);
    expect(scenario.containers).toEqual([{ name: 'plain', image: pinned }]);
  });

  it('has what is usual for clients that name every setting', async () => {
    const { scenarios, create } = await setUp();
    await create('plain', {
      ...{ Hostname: '', Domainname: '', User: '', Tty: false, OpenStdin: false, WorkingDir: '' },
      HostConfig: {
        ...{
          NetworkMode: 'default',
          Privileged: false,
          CapAdd: [],
          OomScoreAdj: 0,
          MemorySwappiness: -1,
          PidsLimit: 0,
        },
        ...{ ConsoleSize: [24, 80], LogConfig: { Type: '', Config: {} }, ShmSize: 0, IpcMode: '' },
      },
    });
    expect(await scenarios.describe('x')).toMatchObject({ left: [], scenario: { containers: [{ name: 'plain' }] } });
  });

  it('leaves out a container whose name a machine has, too', async () => {
    const { lab, scenarios, create } = await setUp();
    await lab.create({ kind: 'vm', name: 'web', memoryMiB: 32, devices: 'virtio', containerHost: false });
    await create('web');
    const { scenario, left } = await scenarios.describe('x');
    expect(left).toEqual(['web']);
    expect(readScenario(serializeScenario(scenario))).toEqual({ value: scenario });
  });

  it('has the volumes of machines and containers, empty, and where things stand', async () => {
    const { lab, engine, scenarios, create } = await setUp();
    const volumes = await lab.volumes();
    const { id: data } = await volumes.create({ name: 'data', sizeMiB: 16 });
    await volumes.create({ name: 'spare', sizeMiB: 1.5 });
    const disks = [{ sizeMiB: 8 }, { volume: data }];
    const { id } = await lab.create({ ...plainVm, name: 'one', disks });
    await engine.volumes.create({ Name: 'pages' });
    await engine.volumes.create({ Name: 'kv', DriverOpts: { size: '16m' } });
    await engine.volumes.create({});
    await create('web', { HostConfig: { Binds: ['pages:/www:ro'] } });
    const book = await lab.layout();
    await book.placeAll({ [id]: { x: 10, y: 20 }, 'network/default': { x: 1, y: 2 }, gone: { x: 3, y: 4 } });

    const { scenario, left } = await scenarios.describe('x');
    expect(left).toEqual([]);
    expect(scenario).toMatchObject({
      volumes: [
        { name: 'data', size: 16 },
        { name: 'spare', size: 2 },
        { name: 'pages', of: 'containers' },
        { name: 'kv', of: 'containers', size: 16 },
      ],
      instances: [{ name: 'one', disks: [{ size: 8 }, { volume: 'data' }] }],
      containers: [{ name: 'web', volumes: ['pages:/www:ro'] }],
      layout: { one: { x: 10, y: 20 }, 'network/default': { x: 1, y: 2 } },
    });
    expect(readScenario(serializeScenario(scenario))).toEqual({ value: scenario });

    const without = await scenarios.describe('x', { withVolumes: false });
    expect(without.left).toEqual([
      'the volume data',
      'the volume spare',
      'the volumes of web',
      'the volume pages',
      'the volume kv',
    ]);
    expect(without.scenario.volumes).toBeUndefined();
    expect(without.scenario.instances).toMatchObject([{ name: 'one', disks: [{ size: 8 }] }]);
    expect(without.scenario.containers).toEqual([{ name: 'web', image: pinned }]);
  });

  it('has no image that is known by its id alone', async () => {
    const { scenarios, create, names } = await setUp();
    await create('odd', { Image: 'aaaaaaaaaaaa' });
    expect(await scenarios.describe('x')).toMatchObject({ left: ['odd'], scenario: { containers: [] } });
    names.push(pinned);
    expect(await scenarios.describe('x')).toMatchObject({ left: [], scenario: { containers: [{ image: pinned }] } });
  });
});

describe('a scenario of containers', () => {
  it('makes its volumes before them, and takes them back', async () => {
    const { engine, scenarios } = await setUp();
    const wanted: Scenario = {
      ...{ name: 'x', networks: [], instances: [], containers: [], publish: [] },
      volumes: [
        { name: 'pages', of: 'containers' },
        { name: 'kv', of: 'containers', size: 16 },
      ],
    };
    const all = async () => (await engine.volumes.list()).map(({ Name, Options }) => [Name, Options]);
    const twice = { kind: 'vm', name: 'one', nics: [{ network: 'default', address: '10.0.0.9' }] } as const;
    const broken: Scenario = { ...wanted, instances: [twice, { ...twice, name: 'two' }] };
    await expect(scenarios.open(await scenarios.plan(broken)).opened).rejects.toThrow('10.0.0.9');
    expect(await all()).toEqual([]);
    await scenarios.open(await scenarios.plan(wanted)).opened;
    expect(await all()).toEqual([
      ['pages', null],
      ['kv', { size: '16m' }],
    ]);
    expect((await scenarios.plan(wanted)).conflicts).toHaveLength(2);
  });
});
