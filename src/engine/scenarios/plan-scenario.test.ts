import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../formats/scenario/scenario';
import { defaultNetwork } from '../networks';
import { planScenario } from './plan-scenario';

const scenario: Scenario = {
  name: 'A shop',
  networks: [{ name: 'back', subnet: '10.2.0.0/24', mtu: 1500, egress: { hosts: ['example.com'] } }],
  instances: [
    { kind: 'vm', name: 'client', setup: 'echo hello' },
    { kind: 'vm', name: 'web', image: 'debian', memory: 128 },
    { kind: 'unikernel', name: 'kv', image: 'strata/unikernel-kv:1' },
  ],
  containers: [{ name: 'cache', image: 'debian', memory: 32 }],
  publish: [],
};

describe('what a scenario would do', () => {
  it('is told before it does: images, memory, commands and who is asked outside', () => {
    expect(planScenario(scenario, { names: new Set(), networks: [defaultNetwork] })).toEqual({
      scenario,
      networks: scenario.networks,
      images: ['debian', 'strata/unikernel-kv:1'],
      memoryMiB: 64 + 128 + 16 + 128,
      egress: [{ network: 'back', hosts: ['example.com'] }],
      folders: [],
      setups: [{ instance: 'client', lines: 'echo hello' }],
      conflicts: [],
      isSolvedByNewLab: true,
    });
  });

  it('uses a network that is there as it is wanted, and asks for nothing again', () => {
    const plan = planScenario(scenario, { names: new Set(), networks: [defaultNetwork, ...scenario.networks] });
    expect(plan).toMatchObject({ networks: [], egress: [], conflicts: [] });
  });

  it('says what stands in its way', () => {
    const other = { name: 'back', subnet: '10.9.0.0/24', mtu: 1500 };
    const plan = planScenario(scenario, { names: new Set(['web', 'cache']), networks: [defaultNetwork, other] });
    expect(plan.conflicts).toEqual([
      '"web" is there already',
      '"cache" is there already',
      'The network "back" is there already, with 10.9.0.0/24 and other rules than this scenario\'s',
    ]);
  });

  it('gives nobody what is on volumes and in folders that are there', () => {
    const wanted: Scenario = {
      ...scenario,
      volumes: [
        { name: 'data', size: 16 },
        { name: 'fresh', size: 16 },
        { name: 'kept', of: 'containers' },
      ],
      instances: [{ kind: 'vm', name: 'client', shares: [{ folder: 'notes' }, { folder: 'empty' }] }],
      containers: [
        { name: 'web', image: 'x', volumes: ['data:/data', '/shared/www:/www:ro', '/tmp:/tmp', '/anonymous'] },
        { name: 'sly', image: 'x', volumes: ['/proc/../shared:/s'] },
        { name: 'short', image: 'x', volumes: ['/www:/www'] },
      ],
    };
    const there = { names: new Set<string>(), networks: [defaultNetwork] };
    const on = (host: string) => ({ ...scenario, containers: [{ name: 'web', image: 'busybox', host }] });
    expect(planScenario(on('host-9'), there).conflicts).toEqual([
      'web is to run on "host-9", and there is no such container host',
    ]);
    expect(planScenario(on('host-9'), { ...there, hosts: new Set(['host-9']) }).conflicts).toEqual([]);
    expect(planScenario(wanted, there)).toMatchObject({
      folders: [
        { folder: 'notes', by: 'client' },
        { folder: 'empty', by: 'client' },
        { folder: 'shared', by: 'web' },
        { folder: 'shared', by: 'sly' },
        { folder: 'shared', by: 'short' },
      ],
      conflicts: [],
    });
    const folders = new Set(['notes', 'shared']);
    expect(planScenario(wanted, { ...there, folders })).toMatchObject({
      conflicts: ['notes", which client', 'shared", which web', 'shared", which sly', 'shared", which short'].map(
        (each) => expect.stringContaining(each.replace('", which', '" with something in it, which')),
      ),
      isSolvedByNewLab: true,
    });
    const volumes = new Set(['data']);
    const containerVolumes = new Set(['kept', 'data']);
    expect(planScenario(wanted, { ...there, volumes, containerVolumes })).toMatchObject({
      conflicts: [
        'There is a volume "data" already; rename or remove it',
        'There is a volume "kept" of containers already; remove it',
        'There is a volume "data" of containers already; remove it',
      ],
      isSolvedByNewLab: false,
    });
  });
});
