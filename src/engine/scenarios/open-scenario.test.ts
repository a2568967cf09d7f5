import { describe, expect, it } from 'vitest';
import type { ContainerConfig } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { mediaTypes } from '../../formats/oci';
import { readScenario } from '../../formats/scenario/read-scenario';
import type { Scenario, ScenarioUnikernel } from '../../formats/scenario/scenario';
import { serializeScenario } from '../../formats/scenario/serialize-scenario';
import { openShares } from '../archive/lab-archive-fixture';
import { hostDraft } from '../host-draft';
import type { InstanceRecord } from '../instance-record';
import { openTestLab, type TestLabOptions } from '../lab-fixture';
import type { ArtifactLoader } from '../store-client';
import { UnikernelLibrary } from '../unikernel-library';
import { labScenario } from './lab-scenario';
import { openScenario } from './open-scenario';
import { planScenario } from './plan-scenario';

const scenario: Scenario = {
  name: 'Two machines',
  networks: [{ name: 'back', subnet: '10.2.0.0/24', mtu: 1500 }],
  volumes: [
    { name: 'data', size: 16 },
    { name: 'spare', size: 32 },
  ],
  instances: [
    { kind: 'vm', name: 'one', memory: 32, nics: [{ network: 'back', address: '10.2.0.9' }] },
    {
      kind: 'vm',
      name: 'two',
      memory: 64,
      disks: [{ volume: 'data' }, { size: 16 }],
      shares: [{ folder: 'notes', tag: 'n', at: '/mnt' }, { folder: 'shared' }],
      setup: 'echo ready > /root/note',
      start: false,
    },
    {
      kind: 'unikernel',
      name: 'web',
      image: 'strata/unikernel-httpd:1',
      idle: 500,
      files: { '/www/index.html': 'hi' },
    },
  ],
  containers: [],
  publish: [{ instance: 'web', port: 80 }],
  layout: { one: { x: 10, y: 20 }, 'network/back': { x: 30, y: 40 }, 'network/default': { x: 50, y: 60 } },
};

/** What the registry has under the only name that it has. */
const httpd = `sha256:${'a'.repeat(64)}` as const;

const registry: ArtifactLoader = {
  async resolve(reference) {
    if (reference !== 'strata/unikernel-httpd:1') throw new SandboxError('NotFound', `No such artifact: ${reference}`);
    const config = { mediaType: mediaTypes.emptyConfig, digest: httpd, size: 2 };
    return {
      reference,
      descriptor: config,
      manifest: { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] },
    };
  },
  load: () => Promise.reject(new SandboxError('NotFound', 'No such artifact')),
};

const openLab = () => {
  const library: TestLabOptions['library'] = ({ blobs }) => new UnikernelLibrary(registry, blobs);
  return openTestLab(undefined, undefined, { shares: openShares(), library });
};

const pull = async (image: string): Promise<void> => {
  throw new SandboxError('NotFound', `No such image: ${image}`);
};

type TestLab = Awaited<ReturnType<typeof openTestLab>>['lab'];

const planFor = (lab: TestLab, wanted: Scenario) =>
  planScenario(wanted, { names: new Set(lab.list().map(({ name }) => name)), networks: lab.networks() });

const describeLab = async (lab: TestLab) =>
  labScenario(lab, 'Saved', {
    volumes: await (await lab.volumes()).list(),
    withVolumes: true,
    layout: (await lab.layout()).layout,
  });

/** All that there is of machines, volumes and folders, by names instead of ids. */
async function shapeOf(lab: TestLab) {
  const volumes = await (await lab.volumes()).list();
  const nameOf = (id: string | undefined) => volumes.find((each) => each.id === id)?.name;
  return {
    instances: lab.list().map(({ name, state, nics, ports, spec }) => ({
      ...{ name, phase: state.phase, addresses: nics.map(({ address }) => address), ports },
      spec: {
        ...spec,
        nics: [],
        disks: spec.disks?.map((disk) => ({ ...disk, ...('volume' in disk && { volume: nameOf(disk.volume) }) })),
      },
    })),
    volumes: volumes.map(({ name, sizeMiB, attachedTo }) => [name, sizeMiB, attachedTo?.name]),
    folders: (await (await lab.folders()).list()).map(({ name }) => name),
  };
}

describe('a scenario that is opened', () => {
  it('is there with its networks, addresses and ports, and what shall run runs', async () => {
    const { lab } = await openLab();
    expect(await openScenario(planFor(lab, scenario), { lab, pull })).toEqual({ failures: [] });
    const shown = lab.list().map(({ name, state, nics, ports }) => [name, state.phase, nics[0]?.address, ports]);
    expect(shown).toEqual([
      ['one', 'running', '10.2.0.9', []],
      ['two', 'created', expect.any(String), []],
      ['web', 'running', expect.any(String), [80]],
    ]);
  });

  it('takes back all that it made when a part of it cannot be made', async () => {
    const { lab } = await openLab();
    const twice = { ...scenario.instances[0]!, name: 'other' };
    const broken = { ...scenario, instances: [...scenario.instances, twice] };
    await expect(openScenario(planFor(lab, broken), { lab, pull })).rejects.toThrow('10.2.0.9');
    expect(lab.list()).toEqual([]);
    expect(lab.networks().map(({ name }) => name)).toEqual(['default']);
    expect(await (await lab.volumes()).list()).toEqual([]);
    expect(await (await lab.folders()).list()).toEqual([]);
    expect((await lab.layout()).layout).toEqual({});
  });

  it('leaves what somebody has placed where it stands', async () => {
    const { lab } = await openLab();
    const book = await lab.layout();
    await book.place('network/default', { x: 7, y: 7 });
    await openScenario(planFor(lab, scenario), { lab, pull });
    const one = lab.list().find(({ name }) => name === 'one')!;
    expect(book.layout).toEqual({
      'network/default': { x: 7, y: 7 },
      'network/back': { x: 30, y: 40 },
      [one.id]: { x: 10, y: 20 },
    });
  });

  it('has hosts of containers as the page makes them', async () => {
    const { lab } = await openLab();
    const instances = [{ kind: 'vm' as const, name: 'host', containerHost: true, disks: [{ size: 16 }], start: false }];
    await openScenario(planFor(lab, { ...scenario, instances, publish: [], layout: {} }), { lab, pull });
    const [host] = lab.list();
    const { name: _, ...spec } = { ...host!.spec };
    // A file system is not to be had here.
    expect(spec).toMatchObject({ ...hostDraft(), disks: [{ sizeMiB: 16 }] });
    const { scenario: saved, left } = labScenario(lab, 'x', { withVolumes: true });
    expect(left).toEqual([]);
    expect(saved.instances).toMatchObject([{ containerHost: true, memory: 128 }]);
    expect(saved.instances[0]).not.toHaveProperty('shares');
  });

  it('is refused beside what has its names, and nothing is made', async () => {
    const { lab } = await openLab();
    await openScenario(planFor(lab, scenario), { lab, pull });
    await expect(openScenario(planFor(lab, scenario), { lab, pull })).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: 'Two machines cannot be opened beside what is here: "one" is there already',
    });
    expect(lab.list()).toHaveLength(3);
  });

  it('tells what did not start while the rest did', async () => {
    const { lab } = await openLab();
    const container = { name: 'cache', image: 'redis' };
    const run = () => Promise.reject(new SandboxError('NotFound', 'No such image: redis'));
    const opened = await openScenario(planFor(lab, { ...scenario, containers: [container] }), { lab, pull, run });
    expect(opened.failures).toEqual([{ name: 'cache', message: 'No such image: redis' }]);
    expect(lab.list().filter(({ state }) => state.phase === 'running')).toHaveLength(2);
  });
});

describe('a lab', () => {
  it('is a scenario that makes the same lab again', async () => {
    const { lab } = await openLab();
    await openScenario(planFor(lab, scenario), { lab, pull });
    const saved = await describeLab(lab);
    expect(saved.left).toEqual([]);
    expect(saved.scenario.instances[1]).toMatchObject({ name: 'two', setup: 'echo ready > /root/note' });
    const read = readScenario(serializeScenario(saved.scenario));
    if (!('value' in read)) throw new Error('It cannot be read');
    const { lab: again } = await openLab();
    await openScenario(planFor(again, read.value), { lab: again, pull });
    expect(await shapeOf(again)).toEqual(await shapeOf(lab));
    expect(await describeLab(again)).toEqual(saved);
  });

  it('has neither volumes nor folders where they are not wanted, and names them', async () => {
    const { lab } = await openLab();
    await openScenario(planFor(lab, scenario), { lab, pull });
    const { scenario: saved, left } = labScenario(lab, 'x', { volumes: await (await lab.volumes()).list() });
    expect(left).toEqual([
      'the folder notes of two',
      'the folder shared of two',
      'the volume data',
      'the volume spare',
    ]);
    expect(saved.volumes).toBeUndefined();
    expect(saved.instances[1]).toMatchObject({ name: 'two', disks: [{ size: 16 }] });
    expect(saved.instances[1]).not.toHaveProperty('shares');
  });

  it('has a machine of an image by what that was, with the words that are its own', () => {
    const digest = `sha256:${'b'.repeat(64)}` as const;
    const image = {
      reference: 'debian:12',
      digest,
      layers: [],
      command: ['/start', 'a', 'b'],
      env: [],
      cwd: '/',
      user: '',
    };
    const disks = [{ sizeMiB: 512, format: 'ext4' as const }];
    const spec = {
      kind: 'vm',
      name: 'deb',
      memoryMiB: 64,
      devices: 'virtio',
      containerHost: false,
      disks,
      image,
    } as const;
    const record = { id: 'x', name: 'deb', spec, nics: [], ports: [], state: { phase: 'stopped', since: 0 } };
    const lab = { list: () => [record as unknown as InstanceRecord], networks: () => [] };
    const images = (config: Partial<ContainerConfig>) => ({ images: new Map([[digest, { config, names: [] }]]) });
    const entrypoint = ['/start'];
    expect(labScenario(lab, 'x', images({ Entrypoint: entrypoint, Cmd: ['a'] }))).toMatchObject({
      scenario: { instances: [{ image: `debian@${digest}`, command: ['a', 'b'] }] },
      left: ['that the disk of deb has 512 MiB'],
    });
    const [same] = labScenario(lab, 'x', images({ Entrypoint: entrypoint, Cmd: ['a', 'b'] })).scenario.instances;
    expect(same).not.toHaveProperty('command');
  });

  it('has unikernels by what they were, and none in the place of one that is gone', async () => {
    const { lab } = await openLab();
    await openScenario(planFor(lab, scenario), { lab, pull });
    const unikernels = new Map([['strata/unikernel-httpd:1', await lab.unikernelDigest('strata/unikernel-httpd:1')]]);
    const [, , web] = labScenario(lab, 'x', { unikernels }).scenario.instances;
    expect(web).toMatchObject({ name: 'web', image: `strata/unikernel-httpd:1@${httpd}` });
    if (!web) throw new Error('No unikernel');
    const alone = (image: string): Scenario => {
      const wanted = { ...scenario, instances: [{ ...web, image } as ScenarioUnikernel], layout: {} };
      const read = readScenario(serializeScenario(wanted));
      if ('problems' in read) throw new Error(JSON.stringify(read.problems));
      return read.value;
    };
    const { lab: other } = await openLab();
    const gone = openScenario(planFor(other, alone(`strata/unikernel-httpd:1@sha256:${'b'.repeat(64)}`)), {
      lab: other,
      pull,
    });
    await expect(gone).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('Write strata/unikernel-httpd:1 without the digest'),
    });
    expect([other.list(), other.networks().length]).toEqual([[], 1]);
    await openScenario(planFor(other, alone(web.kind === 'unikernel' ? web.image : '')), { lab: other, pull });
    expect(other.list()).toMatchObject([{ name: 'web', spec: { image: 'strata/unikernel-httpd:1' } }]);
  });

  it.each([
    ['sleeps is started again', { demand: { asleep: true, wakes: 1 } }, undefined],
    ['was stopped waits', {}, false],
  ])('has a unikernel on demand: one that %s', async (_, more, start) => {
    const { lab } = await openLab();
    await openScenario(planFor(lab, scenario), { lab, pull });
    const web = lab.list().find(({ name }) => name === 'web')!;
    const records = [{ ...web, demand: undefined, ...more, state: { phase: 'stopped', since: 0 } } as InstanceRecord];
    const { scenario: saved } = labScenario({ list: () => records, networks: () => [] }, 'x');
    expect(saved.instances[0]?.start).toBe(start);
  });

  it('says what no text can hold', async () => {
    const { lab } = await openLab();
    await lab.create({
      kind: 'vm',
      name: 'pc',
      memoryMiB: 64,
      devices: 'emulated',
      containerHost: false,
      firmware: { boot: ['disk'] },
    });
    expect(labScenario(lab, 'x')).toMatchObject({ left: ['pc'], scenario: { instances: [] } });
  });
});
