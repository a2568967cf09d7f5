import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { readScenario } from '../../formats/scenario/read-scenario';
import type { Scenario } from '../../formats/scenario/scenario';
import { serializeScenario } from '../../formats/scenario/serialize-scenario';
import { openTestLab } from '../lab-fixture';
import { labScenario } from './lab-scenario';
import { openScenario } from './open-scenario';
import { planScenario } from './plan-scenario';

const scenario: Scenario = {
  name: 'Two machines',
  networks: [{ name: 'back', subnet: '10.2.0.0/24', mtu: 1500 }],
  instances: [
    { kind: 'vm', name: 'one', memory: 32, nics: [{ network: 'back', address: '10.2.0.9' }] },
    { kind: 'vm', name: 'two', memory: 64, disks: [{ size: 16 }], start: false },
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
};

const pull = async (image: string): Promise<void> => {
  throw new SandboxError('NotFound', `No such image: ${image}`);
};

type TestLab = Awaited<ReturnType<typeof openTestLab>>['lab'];

const planFor = (lab: TestLab, wanted: Scenario) =>
  planScenario(wanted, { names: new Set(lab.list().map(({ name }) => name)), networks: lab.networks() });

describe('a scenario that is opened', () => {
  it('is there with its networks, addresses and ports, and what shall run runs', async () => {
    const { lab } = await openTestLab();
    expect(await openScenario(planFor(lab, scenario), { lab, pull })).toEqual({ failures: [] });
    const shown = lab.list().map(({ name, state, nics, ports }) => [name, state.phase, nics[0]?.address, ports]);
    expect(shown).toEqual([
      ['one', 'running', '10.2.0.9', []],
      ['two', 'created', expect.any(String), []],
      ['web', 'running', expect.any(String), [80]],
    ]);
  });

  it('takes back all that it made when a part of it cannot be made', async () => {
    const { lab } = await openTestLab();
    const twice = { ...scenario.instances[0]!, name: 'other' };
    const broken = { ...scenario, instances: [...scenario.instances, twice] };
    await expect(openScenario(planFor(lab, broken), { lab, pull })).rejects.toThrow('10.2.0.9');
    expect(lab.list()).toEqual([]);
    expect(lab.networks().map(({ name }) => name)).toEqual(['default']);
  });

  it('is refused beside what has its names, and nothing is made', async () => {
    const { lab } = await openTestLab();
    await openScenario(planFor(lab, scenario), { lab, pull });
    await expect(openScenario(planFor(lab, scenario), { lab, pull })).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: 'Two machines cannot be opened beside what is here: "one" is there already',
    });
    expect(lab.list()).toHaveLength(3);
  });

  it('tells what did not start while the rest did', async () => {
    const { lab } = await openTestLab();
    const container = { name: 'cache', image: 'redis' };
    const run = () => Promise.reject(new SandboxError('NotFound', 'No such image: redis'));
    const opened = await openScenario(planFor(lab, { ...scenario, containers: [container] }), { lab, pull, run });
    expect(opened.failures).toEqual([{ name: 'cache', message: 'No such image: redis' }]);
    expect(lab.list().filter(({ state }) => state.phase === 'running')).toHaveLength(2);
  });
});

describe('a lab', () => {
  it('is a scenario that makes the same lab again', async () => {
    const { lab } = await openTestLab();
    await openScenario(planFor(lab, scenario), { lab, pull });
    const { scenario: saved, left } = labScenario(lab, 'Saved');
    expect(left).toEqual([]);
    const read = readScenario(serializeScenario(saved));
    if (!('value' in read)) throw new Error('It cannot be read');
    const { lab: again } = await openTestLab();
    await openScenario(planFor(again, read.value), { lab: again, pull });
    const shape = (each: TestLab) =>
      each
        .list()
        .map(({ name, state, nics, ports, spec }) => [
          name,
          state.phase,
          nics.map(({ address }) => address),
          ports,
          { ...spec, nics: [] },
        ]);
    expect(shape(again)).toEqual(shape(lab));
  });

  it('says what no text can hold', async () => {
    const { lab } = await openTestLab();
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
