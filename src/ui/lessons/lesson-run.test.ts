import { describe, expect, it } from 'vitest';
import { createDeferred, type Deferred } from '../../base/deferred';
import { settle } from '../../base/fake-clock';
import { openTestLab, type TestStorage } from '../../engine/lab-fixture';
import { LabScenarios } from '../../engine/scenarios/lab-scenarios';
import { createLessonLab } from '../../lessons/lab-probes';
import type { Dialog } from '../dialog';
import { formatRoute, type Route } from '../route';
import { createSettings } from '../settings';
import type { LessonRun } from './lesson-run';
import { LessonShelf, type LessonShelfOptions, previewId } from './lesson-shelf';

const head = (id: string, lab: boolean) =>
  `---\nlesson: 1\ntitle: ${id}\nsummary: x\nminutes: 5\n${lab ? 'lab: lab.yaml\n' : ''}steps: [1.md, 2.md]\n---\nx\n`;
const quiz = '---\ntitle: Q\nquiz:\n  - question: a\n    choices: [{ text: b, right: true }, { text: c }]\n---\nx\n';
const work =
  '---\ntitle: W\nchecks: [{ kind: instance, name: x, instance: other, phase: running }]\n---\n```sh @lab\nls\n```\n';
const machine = 'strata: 1\nname: x\ninstances: [{ kind: vm, name: box, memory: 64 }]\n';

const stopping =
  '---\ntitle: S\nchecks: [{ kind: instance, name: x, instance: box, phase: stopped }]\n---\n```sh @lab\nls\n```\n';
const prepared = machine.replace('memory: 64', 'memory: 64, setup: touch /made');

interface EarlierPage {
  readonly storage: TestStorage;
  readonly kept: Map<string, string>;
}

/** Lessons `a` and `b` with a machine `box` each, `d` whose `box` is set up, and `c` that starts nothing. */
async function setUp({ storage: given, kept = new Map() }: Partial<EarlierPage> = {}) {
  const { lab, clock, driver, storage: store } = await openTestLab(given, undefined, { firstRandom: given ? 1000 : 0 });
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
    terminals: {
      showShell: () => ({ start: () => {}, type: () => {}, said: '', heard: () => ({ dispose: () => {} }) }),
    },
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
        list: async () => ['a', 'b', 'c', 'd'].map((id) => ({ id, title: id, summary: 'x', minutes: 5, files: [] })),
        files: async ({ id }) =>
          new Map([
            ['lesson.md', head(id, id !== 'c')],
            ['1.md', quiz],
            ['2.md', id === 'b' ? stopping : work],
            ...(id === 'c' ? [] : ([['lab.yaml', id === 'd' ? prepared : machine]] as const)),
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
  /** Makes the start of the first machine wait. */
  const holdStart = (): Deferred<void> => {
    const held = createDeferred<void>();
    const following = lab.changes(() => {
      const [machine] = driver.made;
      if (!machine) return;
      machine.gate = held;
      following.dispose();
    });
    return held;
  };
  return { holdStart, lab, clock, driver, reports, open, reset, start, went, asked, page: { storage: store, kept } };
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

it('the machine of another lesson is not the lab of this one, and goes before that starts', async () => {
  const { lab, clock, open, start, asked } = await setUp();
  const shelf = await open();
  const first = await shelf.lesson('a');
  await start(first);
  const [box] = lab.list();
  shelf.setProgress('a', { passed: [1], step: 1 });
  const other = await shelf.lesson('b');
  expect(other.labState.value).toBe('absent');
  expect([other.plan()?.conflicts, other.inTheWay()]).toEqual([[], [{ id: 'a', title: 'a' }]]);
  await other.replace();
  const dialog = asked.pop();
  if (dialog?.kind !== 'confirm') throw new Error('Nothing was asked');
  expect(dialog.body).toContain('is removed: box.');
  dialog.run();
  await expect.poll(() => clock.advance(0).then(() => other.labState.value)).toBe('ready');
  expect([first.labState.value, shelf.progressOf('a')]).toEqual(['absent', { passed: [1], step: 1 }]);
  expect(lab.list().map(({ name, id }) => [name, id === box?.id])).toEqual([['box', false]]);
});

it('a machine of somebody’s own is in the way of a lab, and stays', async () => {
  const { lab, open } = await setUp();
  await lab.create({ kind: 'vm', name: 'box', memoryMiB: 64 } as never);
  const run = await (await open()).lesson('a');
  expect([run.plan()?.conflicts, run.inTheWay()]).toEqual([['"box" is there already'], []]);
});

describe('a folder that is brought again', () => {
  const folder = (lab: string) =>
    new Map([
      ['lesson.md', head('p', true)],
      ['1.md', quiz],
      ['2.md', work],
      ['lab.yaml', lab],
    ]);

  it('finds its lab as it was, and may be reset', async () => {
    const { lab, open, start, reset } = await setUp();
    const shelf = await open();
    await shelf.bring('mine', folder(machine));
    await start(await shelf.lesson(previewId));
    (await shelf.lesson(previewId)).show(1);
    await shelf.bring('mine', folder(machine));
    const again = await shelf.lesson(previewId);
    expect([again.labState.value, shelf.progressOf(previewId).passed]).toEqual(['ready', []]);
    await reset(again);
    await expect.poll(() => lab.list()).toEqual([]);
  });

  it('with another lab, or in a page that does not know the first, has it made anew', async () => {
    const { lab, open, start } = await setUp();
    const shelf = await open();
    await shelf.bring('mine', folder(machine));
    await start(await shelf.lesson(previewId));
    await shelf.bring('mine', folder(machine.replace('64', '128')));
    const other = await shelf.lesson(previewId);
    expect([other.labState.value, other.parts(), other.plan()?.conflicts]).toEqual(['partial', ['box'], []]);
    await start(other);
    expect(lab.list().map(({ name }) => name)).toEqual(['box']);
    const reloaded = await open();
    await reloaded.bring('mine', folder(machine));
    const later = await reloaded.lesson(previewId);
    expect([later.labState.value, later.plan()?.conflicts]).toEqual(['partial', []]);
  });
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

describe('a lab', () => {
  const idle = (run: LessonRun) => run.idle.value.map(({ name, phase }) => `${name} ${phase}`);

  it('of which something does not run says so, and is started again', async () => {
    const { lab, open, start } = await setUp();
    const run = await (await open()).lesson('a');
    await start(run);
    run.show(2);
    await lab.stop(lab.list()[0]!.id).finished;
    expect([run.labState.value, ...idle(run)]).toEqual(['idle', 'box stopped']);
    // They are looked at all the same: it may be they that want it so.
    expect(run.checks.value).toHaveLength(1);
    await start(run);
    expect([run.labState.value, ...idle(run)]).toEqual(['ready']);
    await lab.pause(lab.list()[0]!.id).finished;
    expect([run.labState.value, ...idle(run)]).toEqual(['idle', 'box paused']);
    await start(run);
    expect(run.labState.value).toBe('ready');
  });

  it('of which something could not be started is tried again', async () => {
    const { lab, driver, open, start, holdStart } = await setUp();
    const run = await (await open()).lesson('a');
    const held = holdStart();
    const starting = start(run);
    held.reject(new Error('There is no network'));
    await starting;
    expect([run.labState.value, ...idle(run)]).toEqual(['idle', 'box failed']);
    expect(run.failures.value).toEqual([{ name: 'box', message: 'There is no network' }]);
    driver.at(0).gate = undefined;
    await start(run);
    expect(run.labState.value).toBe('ready');
    expect([run.failures.value, lab.list().length]).toEqual([[], 1]);
  });

  it('that a check wants as it is was brought there by whoever reads', async () => {
    const { lab, open, start } = await setUp();
    const shelf = await open();
    const run = await shelf.lesson('b');
    await start(run);
    run.show(1);
    await lab.stop(lab.list()[0]!.id).finished;
    expect(run.labState.value).toBe('idle');
    run.show(2);
    expect(run.labState.value).toBe('ready');
    await expect.poll(() => shelf.progressOf('b').passed).toEqual([1, 2]);
    run.show(0);
    expect(run.labState.value).toBe('ready');
  });

  it('that was being opened when the page went is not taken for whole, and is made anew', async () => {
    const first = await setUp();
    first.holdStart();
    void (await (await first.open()).lesson('a')).start();
    await expect.poll(() => first.lab.list()[0]?.state.phase).toBe('starting');
    const kept = new Map(first.page.kept);
    const second = await setUp({ ...first.page, kept });
    const shelf = await second.open();
    const run = await shelf.lesson('a');
    const [left] = second.lab.list();
    expect(left?.state.phase).toBe('created');
    expect([run.labState.value, run.parts()]).toEqual(['partial', ['box']]);
    expect(run.plan()?.conflicts).toEqual([]);
    await second.start(run);
    expect(run.labState.value).toBe('ready');
    expect(second.lab.list().map(({ name }) => name)).toEqual(['box']);
    expect(second.lab.list()[0]?.id).not.toBe(left?.id);
    await second.reset(run);
    await expect.poll(() => second.lab.list()).toEqual([]);
  });

  it('that lacks its setup is not taken for whole, now and after a reload', async () => {
    const { open, start } = await setUp();
    const run = await (await open()).lesson('d');
    await start(run);
    // There are no programs in these machines.
    expect(run.failures.value).toMatchObject([{ name: 'box' }]);
    expect(run.labState.value).toBe('partial');
    expect((await (await open()).lesson('d')).labState.value).toBe('partial');
  });
});

describe('what came about while a lesson was shown', () => {
  const names = (asked: readonly Dialog[]): string => {
    const dialog = asked.at(-1);
    return dialog?.kind === 'confirm' ? dialog.body : '';
  };

  it('is that lesson’s, and stays when another is reset', async () => {
    const { lab, open, start, asked } = await setUp();
    const shelf = await open();
    const [a, c] = [await shelf.lesson('a'), await shelf.lesson('c')];
    await start(a);
    const reading = a.show(1);
    await lab.create({ kind: 'vm', name: 'of-a', memoryMiB: 64 } as never);
    reading.dispose();
    c.show(1);
    await lab.create({ kind: 'vm', name: 'of-c', memoryMiB: 64 } as never);
    await a.reset();
    expect(names(asked)).toContain('is removed: box, of-a.');
    await c.reset();
    expect(names(asked)).toContain('is removed: of-c.');
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
