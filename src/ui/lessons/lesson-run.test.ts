import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { settle } from '../../base/fake-clock';
import { openTestLab } from '../../engine/lab-fixture';
import { LabScenarios } from '../../engine/scenarios/lab-scenarios';
import { createLessonLab } from '../../lessons/lab-probes';
import type { Dialog } from '../dialog';
import { formatRoute, type Route } from '../route';
import { createSettings } from '../settings';
import type { LessonRun } from './lesson-run';
import { LessonShelf, type LessonShelfOptions } from './lesson-shelf';

const head = (id: string, lab: boolean) =>
  `---\nlesson: 1\ntitle: ${id}\nsummary: x\nminutes: 5\n${lab ? 'lab: lab.yaml\n' : ''}steps: [1.md, 2.md]\n---\nx\n`;
const quiz = '---\ntitle: Q\nquiz:\n  - question: a\n    choices: [{ text: b, right: true }, { text: c }]\n---\nx\n';
const work =
  '---\ntitle: W\nchecks: [{ kind: instance, name: x, instance: other, phase: running }]\n---\n```sh @lab\nls\n```\n';
const machine = 'strata: 1\nname: x\ninstances: [{ kind: vm, name: box, memory: 64 }]\n';

/** Lessons `a` and `b` with a machine `box` each, and `c` that starts nothing. */
async function setUp() {
  const { lab, clock, driver } = await openTestLab();
  const kept = new Map<string, string>();
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
  };
  const reports: string[] = [];
  const asked: Dialog[] = [];
  const went: string[] = [];
  const page = {
    report: (title: string) => void reports.push(title),
    announce: () => {},
    ask: (dialog: Dialog) => void asked.push(dialog),
    go: (route: Route) => void went.push(formatRoute(route)),
    // A shell that never has a prompt.
    terminals: { showShell: () => ({ type: () => {}, said: '', heard: () => ({ dispose: () => {} }) }) },
  } as unknown as LessonShelfOptions['page'];
  const open = async (): Promise<LessonShelf> => {
    const shelf = new LessonShelf({
      lab,
      clock,
      page,
      seen: createLessonLab({ lab, clock, hasImage: async () => false }),
      scenarios: new LabScenarios({
        lab,
        engine: () => lab.containers(),
        pull: async () => {},
        config: async () => ({}),
      }),
      source: {
        list: async () => ['a', 'b', 'c'].map((id) => ({ id, title: id, summary: 'x', minutes: 5, files: [] })),
        files: async ({ id }) =>
          new Map([
            ['lesson.md', head(id, id !== 'c')],
            ['1.md', quiz],
            ['2.md', work],
            ...(id === 'c' ? [] : ([['lab.yaml', machine]] as const)),
          ]),
      },
      settings: createSettings(storage),
    });
    await shelf.open();
    return shelf;
  };
  /** Asks for a reset, and says yes. */
  const reset = async (run: LessonRun): Promise<void> => {
    await run.reset();
    const dialog = asked.pop();
    if (dialog?.kind !== 'confirm') throw new Error('Nothing was asked');
    dialog.run();
  };
  const start = async (run: LessonRun): Promise<void> => {
    const starting = run.start();
    await clock.advance(0);
    await starting;
  };
  return { lab, clock, driver, reports, open, reset, start, went };
}

describe('what was there before a lesson', () => {
  it('is kept before anything of its lab is made, and is there after a reload meanwhile', async () => {
    const { lab, clock, open } = await setUp();
    const mine = await lab.create({ kind: 'vm', name: 'mine', memoryMiB: 64 } as never);
    const shelf = await open();
    const starting = (await shelf.lesson('a')).start();
    expect((await open()).progressOf('a')).toMatchObject({ startedAt: clock.now(), before: [mine.id] });
    await clock.advance(0);
    await starting;
    const run = await shelf.lesson('a');
    expect(run.labState.value).toBe('ready');
  });

  it('is forgotten when its lab cannot be made', async () => {
    const { driver, open } = await setUp();
    driver.problems = [{ field: 'memoryMiB', message: 'No memory' }];
    const shelf = await open();
    const run = await shelf.lesson('a');
    run.show(1);
    await run.start();
    expect(shelf.progressOf('a')).toEqual({ passed: [1], step: 1 });
    expect(run.labState.value).toBe('absent');
  });

  it('is kept with the first step of one that starts nothing by itself', async () => {
    const { lab, open } = await setUp();
    const shelf = await open();
    const run = await shelf.lesson('c');
    run.show(0);
    expect(shelf.progressOf('c').before).toBeUndefined();
    run.show(1);
    await lab.create({ kind: 'vm', name: 'later', memoryMiB: 64 } as never);
    run.show(2);
    expect(shelf.progressOf('c').before).toEqual([]);
  });
});

it('the machine of another lesson is not the lab of this one, and is named', async () => {
  const { clock, open } = await setUp();
  const shelf = await open();
  const starting = (await shelf.lesson('a')).start();
  await clock.advance(0);
  await starting;
  const other = await shelf.lesson('b');
  expect(other.labState.value).toBe('absent');
  expect(other.plan()?.conflicts).toEqual(['"box" is there already']);
});

it('a machine of the same name that came later is another lesson’s, and stays when this one is reset', async () => {
  const { lab, open, reset, start } = await setUp();
  const shelf = await open();
  const [a, b] = [await shelf.lesson('a'), await shelf.lesson('b')];
  await start(a);
  const [first] = lab.list();
  await lab.discard(first!.id);
  expect(a.labState.value).toBe('absent');
  await start(b);
  expect([a.labState.value, b.labState.value]).toEqual(['absent', 'ready']);
  await reset(a);
  await expect.poll(() => shelf.progressOf('a').before).toBeUndefined();
  expect(b.labState.value).toBe('ready');
});

describe('a reset', () => {
  it('says that it goes on, and leads to the beginning', async () => {
    const { lab, open, reset, start, went } = await setUp();
    const run = await (await open()).lesson('a');
    await start(run);
    run.show(2);
    await reset(run);
    expect(run.labState.value).toBe('resetting');
    await expect.poll(() => run.labState.value).toBe('absent');
    expect([lab.list(), went]).toEqual([[], ['#/lessons/a/0']]);
  });

  it('leads nobody away who has gone on to something else', async () => {
    const { open, reset, start, went } = await setUp();
    const run = await (await open()).lesson('a');
    await start(run);
    const showing = run.show(2);
    await reset(run);
    showing.dispose();
    await expect.poll(() => run.labState.value).toBe('absent');
    expect(went).toEqual([]);
  });
});

it('a step with questions only is done when it was shown, and no step is beyond the last', async () => {
  const { open } = await setUp();
  const shelf = await open();
  const run = await shelf.lesson('c');
  run.show(1);
  run.show(2);
  expect(shelf.progressOf('c').passed).toEqual([1]);
  expect(run.within(2)).toBe(2);
  expect(run.within(999)).toBe(2);
});

it('leaving a step ends what is typed for it, and that is no failure', async () => {
  const { reports, open } = await setUp();
  const run = await (await open()).lesson('c');
  const showing = run.show(2);
  const ended = createDeferred<void>();
  void run.solve().then(ended.resolve);
  await settle();
  expect(run.solving.value).toBe(true);
  showing.dispose();
  await ended.promise;
  expect(run.solving.value).toBe(false);
  expect(reports).toEqual([]);
});
