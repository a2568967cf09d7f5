import { readdirSync, readFileSync } from 'node:fs';
import type { ConsoleOutput } from '../../src/api/instance';
import { systemClock } from '../../src/base/clock';
import { openNodeLab } from '../../src/bridge/node-lab-node';
import { createLabBuilder } from '../../src/engine/builds/lab-builder';
import { createEngineApi } from '../../src/engine/http/create-engine-api';
import { openScenario } from '../../src/engine/scenarios/open-scenario';
import { planScenario } from '../../src/engine/scenarios/plan-scenario';
import { type Lesson, labTerminal, type TerminalAddress } from '../../src/formats/lesson/lesson';
import { readLesson } from '../../src/formats/lesson/read-lesson';
import { CheckWatch } from '../../src/lessons/check-watch';
import { createLessonLab } from '../../src/lessons/lab-probes';
import { madeSince, removeMade } from '../../src/lessons/made-since';
import { solveStep } from '../../src/lessons/solve-step';
import { createSettings } from '../../src/ui/settings';
import { LabShellSource } from '../../src/ui/terminals/lab-shell-source';
import { openLabShell } from '../../src/ui/terminals/open-lab-shell';
import { ShellSource } from '../../src/ui/terminals/shell-source';
import { TypedSource } from '../../src/ui/terminals/typed-source';

export const lessonsDirectory = new URL('../../public/lessons/', import.meta.url);
const registry = new URL('../../public/registry/', import.meta.url);

/** A line of a solution may boot a machine, and many tests run at once. */
const lineLimitMs = 240_000;

export function lessonIds(): readonly string[] {
  return readdirSync(lessonsDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export function loadLesson(id: string): Lesson {
  const folder = new URL(`${id}/`, lessonsDirectory);
  const read = readLesson(
    new Map(readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')])),
  );
  if ('lesson' in read) return read.lesson;
  throw new Error(`${id}: ${JSON.stringify(read.problems)}`);
}

const words = {
  ended: (code: number) => `ended with ${code}`,
  failed: (why: string) => `failed: ${why}`,
  lost: (why: string) => `lost: ${why}`,
  off: () => 'off',
  gone: () => 'gone',
};

/** Types the solution of every step in a lab of its own, and waits for its checks. `heard` gets all that the terminals say. */
export async function runLesson(lesson: Lesson, heard: (text: string) => void = () => {}): Promise<void> {
  const clock = systemClock;
  await using made = await openNodeLab({ registry, memoryBudgetMiB: 4096 });
  const { lab, images, registries } = made;
  const settings = createSettings(undefined);
  const engine = async () => {
    const containers = await lab.containers();
    const builder = createLabBuilder({
      ...made,
      engine: containers,
      clock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      fetch: (...asked) => fetch(...asked),
    });
    return createEngineApi({ engine: containers, images, registries, builder, clock });
  };
  let api: ReturnType<typeof engine> | undefined;
  const openShell = (show: Parameters<typeof openLabShell>[1], size: Parameters<typeof openLabShell>[2]) =>
    openLabShell({ lab, settings, clock, greeting: '', engine: () => (api ??= engine()) }, show, size);
  const open = (at: TerminalAddress): TypedSource => {
    const host = () => {
      const record = lab.list().find(({ name }) => name === at.instance);
      return record && lab.instance(record.id);
    };
    return new TypedSource(
      at.instance === labTerminal
        ? new LabShellSource(openShell, { ended: () => 'ended', failed: words.failed })
        : new ShellSource({ host, words }),
    );
  };
  const terminals = new Map<string, TypedSource>();
  const attached: { dispose(): void }[] = [];
  const terminal = async (at: TerminalAddress): Promise<TypedSource> => {
    const key = `${at.instance}:${at.shell}`;
    const known = terminals.get(key) ?? open(at);
    if (!terminals.has(key)) {
      terminals.set(key, known);
      known.heard((text) => heard(text));
      const output = ({ bytes }: ConsoleOutput) => queueMicrotask(() => attachment.acknowledge(bytes.length));
      const attachment = known.attachConsole(output);
      attached.push(attachment);
      attachment.resize({ columns: 120, rows: 30 });
    }
    return known;
  };

  const pull = async (image: string) => void (await registries.pull(image));
  if (lesson.lab) {
    const plan = planScenario(lesson.lab, { names: new Set(), networks: lab.networks() });
    const { failures } = await openScenario(plan, { lab, pull });
    if (failures.length > 0) throw new Error(`The lab did not start: ${JSON.stringify(failures)}`);
  }
  const seen = createLessonLab({
    lab,
    clock,
    hasImage: async (name) =>
      images.inspect(name).then(
        () => true,
        () => false,
      ),
  });
  for (const [at, step] of lesson.steps.entries()) {
    const watch = new CheckWatch(step.checks, { lab: seen, clock });
    await solveStep(step, terminal, { clock, limitMs: lineLimitMs });
    await allPassed(watch, `${lesson.title}, step ${at + 1}`);
    watch.dispose();
  }
  for (const each of attached) each.dispose();
  // What a reset does: nothing of the lesson is left.
  await removeMade(lab, await madeSince(lab, { passed: [], step: 0, startedAt: 0, before: [] }), lesson.lab);
  if (lab.list().length > 0) throw new Error(`Left over: ${lab.list().map(({ name }) => name)}`);
}

/** Fails with what is still missing when the checks do not pass. */
function allPassed(watch: CheckWatch, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (watch.passed) end(resolve);
    };
    const end = (settle: () => void): void => {
      following.dispose();
      timer.dispose();
      settle();
    };
    const following = watch.changed(look);
    const timer = systemClock.after(lineLimitMs, () =>
      end(() => reject(new Error(`${what}: ${JSON.stringify(watch.states)}`))),
    );
    look();
  });
}
