import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { eventually } from '../base/eventually-fixture';
import type { Lab } from '../engine/lab';
import { openTestLab } from '../engine/lab-fixture';
import { planScenario, type ScenarioPlan } from '../engine/scenarios/plan-scenario';
import { readScenario } from '../formats/scenario/read-scenario';
import type { Scenario } from '../formats/scenario/scenario';
import type { MemoryAnswer } from '../sdk/protocol';
import { embedText } from '../ui/text/embed';
import { EmbedHome, type EmbedHomeOptions, type LabOffer } from './embed-home';

const harmless = 'strata: 1\nname: Harmless\ninstances:\n  - kind: vm\n    name: alice\n';
const asking = `strata: 1
name: Asking
networks:
  - name: out
    subnet: 10.5.0.0/24
    egress: { hosts: [example.com] }
instances:
  - kind: vm
    name: spy
    nics: [{ network: out }]
`;

/** What asks for something, as the page finds it. */
async function factsOf({ egress }: ScenarioPlan) {
  return egress.map(({ network, hosts }) => ({ term: network, details: hosts, asks: true }));
}

function scenarioOf(text: string): Scenario {
  const read = readScenario(text);
  if ('value' in read) return read.value;
  throw new Error('It is no scenario');
}

describe('an embedded lab', () => {
  const labs: Lab[] = [];
  afterEach(async () => {
    for (const lab of labs.splice(0)) await lab.close();
  });

  /** `lesson`: the text of the lab of a lesson that is run in the place of a scenario. */
  const open = async ({ lesson, ...more }: Partial<EmbedHomeOptions> = {}) => {
    const { lab } = await openTestLab();
    labs.push(lab);
    const begun: string[] = [];
    const work = (scenario: Scenario) => {
      const plan = planScenario(scenario, { names: new Set(), networks: lab.networks() });
      const begin = async () => {
        begun.push(scenario.name);
        return [];
      };
      return { memoryMiB: plan.memoryMiB, plan, begin };
    };
    const start = async () => ({
      lab,
      scenario: async (scenario: Scenario) => {
        const { plan: _, ...rest } = work(scenario);
        return rest;
      },
      lesson: async (text: string) => work(scenarioOf(text)),
      show() {},
    });
    const home = new EmbedHome({
      words: embedText.home,
      machine: embedText.machine,
      start,
      facts: factsOf,
      memory: [],
      lesson,
      ...more,
    });
    const phases: string[] = [];
    const offers: LabOffer[] = [];
    home.told((message) => {
      if (message.event === 'phase') phases.push(message.tells.phase);
    });
    home.offered((offer) => offers.push(offer));
    return { home, begun, phases, offers };
  };

  it('runs what keeps to itself when the page says so', async () => {
    const { home, begun, phases } = await open();
    await home.offer(harmless);
    await home.run();
    expect(begun).toEqual(['Harmless']);
    expect(phases).toEqual(['starting', 'ready']);
  });

  it('runs what asks for more only when a person says so, who has seen it', async () => {
    const { home, begun, phases, offers } = await open();
    await home.offer(asking);
    expect(offers).toMatchObject([{ title: 'Asking', facts: [{ term: 'out', details: ['example.com'], asks: true }] }]);
    const running = home.run();
    await eventually(() => expect(phases).toEqual(['waiting']));
    expect(begun).toEqual([]);
    await home.click();
    await running;
    expect(begun).toEqual(['Asking']);
  });

  it('takes no click on one thing for a click on another', async () => {
    const { home, begun, phases } = await open({
      memory: [{ of: 'page', want: async () => ({ granted: false, left: 0 }) }],
    });
    await home.offer(harmless);
    await expect(home.click()).rejects.toMatchObject({ code: 'ResourceExhausted' });
    await home.offer(asking);
    void home.run().catch(() => {});
    await eventually(() => expect(phases.at(-1)).toBe('waiting'));
    expect(begun).toEqual([]);
  });

  it('shows a lesson that asks for more before it runs, whatever was clicked before', async () => {
    const { home, begun, phases, offers } = await open({ lesson: asking });
    void home.click();
    await eventually(() => expect(phases.at(-1)).toBe('waiting'));
    expect(offers).toMatchObject([{ title: 'Asking', facts: [{ asks: true }] }]);
    expect(begun).toEqual([]);
    await home.click();
    expect(begun).toEqual(['Asking']);
  });

  it('asks no second time for what a lesson has shown before', async () => {
    const { home, begun, phases } = await open({ lesson: asking });
    const facts = await factsOf(planScenario(scenarioOf(asking), { names: new Set(), networks: [] }));
    await home.offerUsual(Promise.resolve({ title: 'A lesson', about: '', facts }));
    const running = home.run();
    await eventually(() => expect(phases).toEqual(['waiting']));
    expect(begun).toEqual([]);
    void home.click();
    await running;
    expect(begun).toEqual(['Asking']);
    expect(phases).toEqual(['waiting', 'starting', 'ready']);
  });

  it('takes no scenario beside a lesson: what is shown would not be what is run', async () => {
    const { home, begun, offers } = await open({ lesson: harmless });
    await home.offerUsual(Promise.resolve({ title: 'A lesson', about: '', facts: [] }));
    const refused = { code: 'InvalidArgument', message: expect.stringContaining('a scenario or a lesson, not both') };
    await expect(home.offer(asking)).rejects.toMatchObject(refused);
    await expect(home.run()).rejects.toMatchObject(refused);
    expect(offers.map(({ title }) => title)).toEqual(['A lesson']);
    expect([home.broken, begun]).toEqual([true, []]);
  });

  it('runs nothing in the place of what is damaged, and goes on when a sound one comes', async () => {
    const { home, begun, phases } = await open();
    const damaged = new SandboxError('DataLoss', 'The link is damaged');
    await expect(home.offer(Promise.reject(damaged))).rejects.toBe(damaged);
    expect(home.broken).toBe(true);
    await expect(home.run()).rejects.toBe(damaged);
    await expect(home.click()).rejects.toBe(damaged);
    expect(begun).toEqual([]);
    expect(phases).toEqual(['failed']);
    await home.offer(harmless);
    expect(home.broken).toBe(false);
    await home.run();
    expect(begun).toEqual(['Harmless']);
  });

  it('says when it is known whether what the address names can be run', async () => {
    const { home } = await open({ lesson: harmless });
    const list = createDeferred<LabOffer>();
    void home.offerUsual(list.promise).catch(() => {});
    const settled = home.settled();
    const none = new SandboxError('NotFound', 'There is no lesson "99-none"');
    list.reject(none);
    await expect(settled).rejects.toBe(none);
    expect(home.broken).toBe(true);
  });

  it('runs nothing that is offered where the address is wrong', async () => {
    const { home, begun, phases } = await open({ wrong: 'There is no view "zz"' });
    const refused = { code: 'InvalidArgument', message: 'There is no view "zz"' };
    await expect(home.offerUsual()).rejects.toMatchObject(refused);
    await expect(home.settled()).rejects.toMatchObject(refused);
    await expect(home.offer(harmless)).rejects.toMatchObject(refused);
    await expect(home.run()).rejects.toMatchObject(refused);
    expect([begun, phases]).toEqual([[], ['failed']]);
  });

  it('waits for a scenario that is on its way', async () => {
    const { home, begun } = await open();
    const text = createDeferred<string>();
    const offered = home.offer(text.promise);
    const running = home.run();
    text.resolve(harmless);
    await Promise.all([offered, running]);
    expect(begun).toEqual(['Harmless']);
  });

  it('gives back what memory it got where it does not get all, and says who has it', async () => {
    const wishes: number[] = [];
    const want = async (wants: number): Promise<MemoryAnswer> => {
      wishes.push(wants);
      return { granted: true, left: 1000 };
    };
    const { home } = await open({
      memory: [
        { of: 'site', want },
        { of: 'page', want: async () => ({ granted: false, left: 20 }) },
      ],
    });
    await expect(home.run()).rejects.toThrow('This lab needs 64 MiB of memory, and the others of this page leave 20');
    expect(wishes).toEqual([64, 0]);
  });
});
