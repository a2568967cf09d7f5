import { afterEach, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../api/container';
import { FakeClock } from '../../base/fake-clock';
import { readScenario } from '../../formats/scenario/read-scenario';
import { serializeScenario } from '../../formats/scenario/serialize-scenario';
import type { LabContainers } from '../containers/engine';
import { scriptedEngines } from '../containers/engine-fixture';
import { ScriptedHost, ScriptedHosts } from '../containers/scripted-host';
import { openTestLab } from '../lab-fixture';
import { createStores } from '../stores-fixture';
import { LabScenarios } from './lab-scenarios';

const engines: LabContainers[] = [];

async function setUp() {
  const { lab } = await openTestLab();
  const hosts = new ScriptedHosts();
  hosts.add(new ScriptedHost('one'));
  const engine = await scriptedEngines({ clock: new FakeClock(1000), stores: await createStores(), hosts })();
  engines.push(engine);
  const scenarios = new LabScenarios({
    lab,
    engine: async () => engine,
    pull: async () => {
      throw new Error('Nothing is opened here');
    },
    config: async () => ({ Cmd: ['sleep', '60'] }),
  });
  const create = (name: string | undefined, more: Partial<ContainerCreateBody> = {}) =>
    engine.containers.create({ Image: 'busybox', ...more }, name === undefined ? {} : { name });
  return { lab, engine, scenarios, create };
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
        { name, image: 'busybox', command: ['sleep', '7'], environment: { A: 'b' }, restart: 'always', memory: 32 },
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
      { NetworkingConfig: { EndpointsConfig: { bridge: { IPAMConfig: { IPv4Address: '10.0.0.77' } } } } },
    ],
  ])('leaves out a container with %s, and says so', async (_, body) => {
    const { engine, scenarios, create } = await setUp();
    await engine.networks.create({ Name: 'My_Net' });
    await create('plain');
    await create('odd', body);
    const { scenario, left } = await scenarios.describe('x');
    expect(left).toEqual(['odd']);
    expect(scenario.containers).toEqual([{ name: 'plain', image: 'busybox' }]);
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
});
