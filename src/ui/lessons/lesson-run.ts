import { type ReadonlySignal, signal } from '@preact/signals-core';
import { SandboxError, toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { InstanceRecord } from '../../engine/instance-record';
import type { ScenarioOpened } from '../../engine/scenarios/open-scenario';
import { planScenario, type ScenarioPlan } from '../../engine/scenarios/plan-scenario';
import {
  type Lesson,
  type LessonCheck,
  type LessonStep,
  labTerminal,
  type TerminalAddress,
} from '../../formats/lesson/lesson';
import type { Scenario } from '../../formats/scenario/scenario';
import { type CheckState, CheckWatch } from '../../lessons/check-watch';
import { type IdleMachine, idleMachines, machinesOf } from '../../lessons/lesson-machines';
import { type MadeSince, madeSince, ofItsLab, removeMade } from '../../lessons/made-since';
import { solveStep } from '../../lessons/solve-step';
import { keysOf } from '../../lessons/typed-terminal';
import type { TypedSource } from '../terminals/typed-source';
import { lessonText } from '../text/lessons';
import type { LessonOwner, LessonShelf, LessonShelfOptions } from './lesson-shelf';

export interface LessonRunOptions extends LessonShelfOptions {
  readonly id: string;
  readonly lesson: Lesson;
  readonly shelf: LessonShelf;
}

/**
 * `absent`: it has to be started. `none`: the lesson has none of its own. `resetting`: what was made is taken away. `idle`: all of
 * it is there, and not all of it runs. `partial`: some of it is there, or it was not opened to its end.
 */
export type LessonLabState = 'none' | 'absent' | 'starting' | 'ready' | 'resetting' | 'idle' | 'partial';

/** What a line of the solution may take: it may well boot a machine and pull an image. */
const lineLimitMs = 180_000;

/** A lesson that is open: its lab, the step that is shown with its checks, and what is typed for it. */
export class LessonRun implements Disposable {
  readonly id: string;
  readonly lesson: Lesson;
  readonly #options: LessonRunOptions;
  readonly #checks = signal<readonly CheckState[]>([]);
  readonly #labState = signal<LessonLabState>('none');
  readonly #idle = signal<readonly IdleMachine[]>([]);
  readonly #solving = signal(false);
  readonly #failures = signal<readonly { readonly name: string; readonly message: string }[]>([]);
  readonly #following: Disposable;
  #watch: CheckWatch | undefined;
  #step = 0;
  #shown = false;
  #watched = false;
  #starting = false;
  /** What is there already is started once more. */
  #waking = false;
  #resetting = false;
  #typing: AbortController | undefined;

  constructor(options: LessonRunOptions) {
    this.id = options.id;
    this.lesson = options.lesson;
    this.#options = options;
    this.#following = options.lab.changes(() => this.#look());
    this.#look();
  }

  /** In the order of the step's checks; empty before its lab is there. */
  get checks(): ReadonlySignal<readonly CheckState[]> {
    return this.#checks;
  }
  get labState(): ReadonlySignal<LessonLabState> {
    return this.#labState;
  }
  /** What of the lab is there and does not run. */
  get idle(): ReadonlySignal<readonly IdleMachine[]> {
    return this.#idle;
  }
  /** Whether the solution is being typed. */
  get solving(): ReadonlySignal<boolean> {
    return this.#solving;
  }
  /** What of the lab did not start. */
  get failures(): ReadonlySignal<readonly { readonly name: string; readonly message: string }[]> {
    return this.#failures;
  }

  /** What starting the lab would do. */
  plan(): ScenarioPlan | undefined {
    const { lab } = this.#options;
    if (!this.lesson.lab) return undefined;
    // What is there of it, and of lessons that are in its way, is taken away first.
    const gone = new Set([...this.#machines(), ...this.#strangers()].map(({ name }) => name));
    const names = new Set(lab.list().flatMap(({ name }) => (gone.has(name) ? [] : [name])));
    return planScenario(this.lesson.lab, { names, networks: lab.networks() });
  }

  /** What starting it anew takes away first. */
  parts(): readonly string[] {
    return this.#machines().map(({ name }) => name);
  }

  /** Other lessons whose machines have the names of its own. */
  inTheWay(): readonly LessonOwner[] {
    return this.#options.shelf.ownersOf(this.#strangers().map(({ id }) => id));
  }

  /** A step of the lesson by its number; undefined for the introduction. */
  stepAt(number: number): LessonStep | undefined {
    return this.lesson.steps[number - 1];
  }

  /** The nearest that there is: the lesson may have got shorter since its address was kept. */
  within(step: number): number {
    return Math.min(step, this.lesson.steps.length);
  }

  /** Its checks are looked at as long as the result lives, and what is typed for it is typed so long. */
  show(step: number): Disposable {
    const { shelf } = this.#options;
    this.#step = step;
    shelf.setProgress(this.id, { step });
    this.#look();
    this.#shown = true;
    if (step > 0 && this.#labState.value === 'none' && !shelf.progressOf(this.id).before) this.#begin();
    // There is nothing to be done where only questions are asked.
    if (this.stepAt(step)?.checks.length === 0) this.#pass(step);
    this.#rewatch();
    const making = shelf.watch.show(this.id);
    return {
      dispose: () => {
        making.dispose();
        this.#shown = false;
        this.#typing?.abort();
        this.#rewatch();
      },
    };
  }

  /** Starts the lab, or what of it does not run; one that is there in parts is made anew. What goes wrong is told. */
  async start(): Promise<void> {
    const { lab: scenario } = this.lesson;
    const state = this.#labState.value;
    if (this.#starting || this.#waking || this.#resetting || !scenario || state === 'ready') return;
    await (state === 'idle' ? this.#wake(scenario) : this.#open(scenario));
  }

  /** Asks, and then takes away what was made since the lesson was begun. */
  async reset(): Promise<void> {
    const { lab, page, shelf } = this.#options;
    const made = await madeSince(lab, shelf.progressOf(this.id), shelf.ownedBeside(this.id));
    const names = [...made.containers, ...made.instances].map(({ name }) => name);
    const kept = made.kept.map(({ name }) => name);
    page.ask({
      kind: 'confirm',
      title: lessonText.resetTitle(this.lesson.title),
      body: lessonText.resetBody(names, kept),
      action: lessonText.resetAction,
      run: () => void this.#takeAway(made),
    });
  }

  /** Asks, then takes away what the lessons in its way have made, and starts its lab. How far somebody is in them stays. */
  async replace(): Promise<void> {
    const { lab, page, shelf } = this.#options;
    const others = this.inTheWay();
    const made = await Promise.all(others.map(({ id }) => madeSince(lab, shelf.progressOf(id), shelf.ownedBeside(id))));
    const names = made.flatMap(({ containers, instances }) => [...containers, ...instances].map(({ name }) => name));
    const kept = made.flatMap((each) => each.kept.map(({ name }) => name));
    page.ask({
      kind: 'confirm',
      title: lessonText.replaceTitle(others.map(({ title }) => title)),
      body: lessonText.replaceBody(names, kept),
      action: lessonText.lab.replace,
      run: () => void this.#replace(others.map(({ id }, at) => [id, made[at]] as const)),
    });
  }

  /** Types code into the terminal that it is for, and shows that. Whether there is one; why not was told. */
  type(at: TerminalAddress, lines: string): boolean {
    const { page } = this.#options;
    try {
      this.#terminal(at).type(keysOf(lines));
      return true;
    } catch (error) {
      page.report(lessonText.run(lessonText.where(at.instance, at.shell)), error);
      return false;
    }
  }

  /** Types the solution of the step that is shown. */
  async solve(): Promise<void> {
    const { clock, page } = this.#options;
    const step = this.stepAt(this.#step);
    if (!step || this.#solving.value) return;
    this.#solving.value = true;
    const typing = new AbortController();
    this.#typing = typing;
    const { signal } = typing;
    try {
      await solveStep(step, async (at) => this.#terminal(at), { clock, limitMs: lineLimitMs, signal });
    } catch (error) {
      if (!signal.aborted) page.report(lessonText.solution.failed, error);
    } finally {
      this.#typing = undefined;
      this.#solving.value = false;
    }
  }

  dispose(): void {
    this.#typing?.abort();
    this.#watch?.dispose();
    this.#following.dispose();
  }

  async #open(scenario: Scenario): Promise<void> {
    const { scenarios, shelf } = this.#options;
    this.#starting = true;
    const { startedAt, before, own, opening } = shelf.progressOf(this.id);
    // Before anything is made: a page that is reloaded meanwhile knows what there was, and containers are not older than it.
    if (!before) this.#begin();
    this.#failures.value = [];
    const making = shelf.watch.open(this.id);
    this.#look();
    try {
      if (this.#machines().length > 0) await this.#takeBack(scenario);
      shelf.setProgress(this.id, { opening: true });
      const { opened } = scenarios.open(await scenarios.plan(scenario));
      this.#opened(scenario, (await opened).failures);
    } catch {
      // Told already, and taken back.
      const { startedAt: _, before: __, own: ___, opening: ____, ...rest } = shelf.progressOf(this.id);
      shelf.forgetProgress(this.id);
      const begun = startedAt !== undefined && before && { startedAt, before, ...(own && { own }) };
      shelf.setProgress(this.id, { ...rest, ...begun, ...(opening && { opening }) });
    } finally {
      making.dispose();
      this.#starting = false;
      this.#look();
    }
  }

  /** What is there of a lab that is opened anew. */
  async #takeBack(scenario: Scenario): Promise<void> {
    const { lab, page, shelf } = this.#options;
    try {
      const made = await madeSince(lab, shelf.progressOf(this.id), shelf.ownedBeside(this.id));
      await removeMade(lab, ofItsLab(made, scenario), scenario);
    } catch (error) {
      page.report(lessonText.notReset, error);
      throw error;
    }
  }

  /** Starts what is there and does not run. What has setup lines may lack them until they have run. */
  async #wake(scenario: Scenario): Promise<void> {
    const { lab, scenarios, shelf } = this.#options;
    this.#waking = true;
    this.#failures.value = [];
    this.#look();
    try {
      const idle = this.#idle.value.filter(({ coming }) => !coming);
      const off = new Map(idle.flatMap(({ name, id, phase }) => (phase === 'paused' ? [] : [[name, id] as const])));
      const setUp = scenario.instances.some(
        (each) => each.kind === 'vm' && each.setup !== undefined && off.has(each.name),
      );
      if (setUp) shelf.setProgress(this.id, { opening: true });
      const resumed = idle.map(async ({ name, id, phase }) => {
        try {
          if (phase === 'paused') await lab.resume(id).finished;
          return [];
        } catch (error) {
          return [{ name, message: toSandboxError(error).message }];
        }
      });
      const [{ failures }, ...others] = await Promise.all([scenarios.startAgain(scenario, off), ...resumed]);
      this.#opened(scenario, [...failures, ...others.flat()]);
    } finally {
      this.#waking = false;
      this.#look();
    }
  }

  /** Remembers what is the lab's. What runs and is not set up, and a container that does not run, have to be made anew. */
  #opened(scenario: Scenario, failures: ScenarioOpened['failures']): void {
    const { shelf } = this.#options;
    const named = this.#named();
    const failed = new Set(failures.map(({ name }) => name));
    const partial =
      named.some(({ name, state }) => failed.has(name) && state.phase === 'running') ||
      scenario.containers.some(({ name }) => failed.has(name));
    this.#failures.value = failures;
    const { opening: _, ...rest } = shelf.progressOf(this.id);
    shelf.forgetProgress(this.id);
    const own = named.map(({ id }) => id);
    shelf.setProgress(this.id, { ...rest, own, ...(partial && { opening: true }) });
  }

  async #takeAway(made: MadeSince): Promise<void> {
    const { lab, page, shelf } = this.#options;
    this.#typing?.abort();
    this.#resetting = true;
    this.#look();
    try {
      await removeMade(lab, made, this.lesson.lab);
      shelf.forgetProgress(this.id);
      this.#failures.value = [];
      page.announce(lessonText.wasReset);
      // Whoever has gone on to something else stays there.
      if (this.#shown) page.go({ view: 'lesson', id: this.id, step: 0 });
    } catch (error) {
      page.report(lessonText.notReset, error);
    } finally {
      this.#resetting = false;
      this.#look();
    }
  }

  async #replace(others: readonly (readonly [id: string, made: MadeSince | undefined])[]): Promise<void> {
    const { lab, page, shelf } = this.#options;
    this.#resetting = true;
    this.#look();
    try {
      for (const [id, made] of others) {
        const other = await shelf.lesson(id).catch(() => undefined);
        if (made) await removeMade(lab, made, other?.lesson.lab);
        shelf.forgetLab(id);
      }
    } catch (error) {
      page.report(lessonText.notReset, error);
      return;
    } finally {
      this.#resetting = false;
      this.#look();
    }
    await this.start();
  }

  /** What has the names of its lab's instances, and is other lessons'. */
  #strangers(): readonly InstanceRecord[] {
    const others = new Set(this.#options.shelf.ownedBeside(this.id));
    return this.#named().filter(({ id }) => others.has(id));
  }

  /** The instances of its lab that are there. */
  #machines(): readonly InstanceRecord[] {
    const { lab, shelf } = this.#options;
    return machinesOf(this.lesson.lab, shelf.progressOf(this.id), lab.list(), shelf.ownedBeside(this.id));
  }

  /** Checks that say which state something is meant to be in: of the step that is shown, and of those that are done. */
  #meant(): readonly LessonCheck[] {
    const { passed } = this.#options.shelf.progressOf(this.id);
    return [...new Set([...passed, this.#step])].flatMap((step) => this.stepAt(step)?.checks ?? []);
  }

  /** The instances that have the names of its lab's. */
  #named(): readonly InstanceRecord[] {
    const wanted = new Set(this.lesson.lab?.instances.map(({ name }) => name));
    return this.#options.lab.list().filter(({ name }) => wanted.has(name));
  }

  #terminal({ instance, shell }: TerminalAddress): TypedSource {
    const { lab, page } = this.#options;
    const record = lab.list().find(({ name }) => name === instance);
    if (instance !== labTerminal) {
      if (!record) throw new SandboxError('FailedPrecondition', lessonText.noInstance(instance));
      if (record.state.phase !== 'running') throw new SandboxError('FailedPrecondition', lessonText.off(instance));
    }
    const terminal = page.terminals.showShell(instance === labTerminal ? undefined : record?.id, shell);
    if (!terminal) throw new SandboxError('ResourceExhausted', lessonText.tooMany);
    return terminal;
  }

  /** Remembers what there is, so that it is not taken away with the lesson. */
  #begin(): void {
    const { lab, shelf, clock } = this.#options;
    shelf.setProgress(this.id, { startedAt: clock.now(), before: lab.list().map(({ id }) => id) });
  }

  #pass(step: number): void {
    const { shelf } = this.#options;
    const { passed } = shelf.progressOf(this.id);
    if (!passed.includes(step)) shelf.setProgress(this.id, { passed: [...passed, step] });
  }

  #look(): void {
    const machines = this.#machines();
    const idle = idleMachines(this.lesson.lab, machines, this.#meant());
    if (saidOf(idle) !== saidOf(this.#idle.value)) this.#idle.value = idle;
    this.#labState.value = this.#stateOfLab(machines, idle);
    // Whatever runs of it: a check tells what does not.
    const watched = this.#waking || (!this.#starting && !this.#resetting && this.#isWhole(machines));
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#rewatch();
  }

  #stateOfLab(machines: readonly InstanceRecord[], idle: readonly IdleMachine[]): LessonLabState {
    if (this.#starting || this.#waking) return 'starting';
    if (this.#resetting) return 'resetting';
    const wanted = this.lesson.lab?.instances.length ?? 0;
    if (wanted === 0) return 'none';
    if (machines.length === 0) return 'absent';
    if (!this.#isWhole(machines)) return 'partial';
    if (idle.length === 0) return 'ready';
    return idle.every(({ coming }) => coming) ? 'starting' : 'idle';
  }

  #isWhole(machines: readonly InstanceRecord[]): boolean {
    const wanted = this.lesson.lab?.instances.length ?? 0;
    return wanted === 0 || (machines.length === wanted && !this.#options.shelf.progressOf(this.id).opening);
  }

  /** Nobody looks at checks that nobody sees, or whose lab is not there. */
  #rewatch(): void {
    const { seen, clock, page } = this.#options;
    this.#watch?.dispose();
    this.#watch = undefined;
    const step = this.stepAt(this.#step);
    const number = this.#step;
    if (!step || !this.#shown || !this.#watched) {
      this.#checks.value = [];
      return;
    }
    const watch = new CheckWatch(step.checks, { lab: seen, clock });
    this.#watch = watch;
    this.#checks.value = watch.states;
    watch.changed((states) => {
      this.#checks.value = states;
      if (!watch.passed) return;
      this.#pass(number);
      page.announce(lessonText.checks.done(number));
    });
  }
}

/** What people are told of them. */
function saidOf(idle: readonly IdleMachine[]): string {
  return JSON.stringify(idle);
}
