import { type ReadonlySignal, signal } from '@preact/signals-core';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { InstanceRecord } from '../../engine/instance-record';
import { planScenario, type ScenarioPlan } from '../../engine/scenarios/plan-scenario';
import { type Lesson, type LessonStep, labTerminal, type TerminalAddress } from '../../formats/lesson/lesson';
import { type CheckState, CheckWatch } from '../../lessons/check-watch';
import { type MadeSince, madeSince, removeMade } from '../../lessons/made-since';
import { solveStep } from '../../lessons/solve-step';
import { keysOf } from '../../lessons/typed-terminal';
import type { TypedSource } from '../terminals/typed-source';
import { lessonText } from '../text/lessons';
import type { LessonShelf, LessonShelfOptions } from './lesson-shelf';

export interface LessonRunOptions extends LessonShelfOptions {
  readonly id: string;
  readonly lesson: Lesson;
  readonly shelf: LessonShelf;
}

/** `absent`: it has to be started. `none`: the lesson has none of its own. `resetting`: what was made is taken away. */
export type LessonLabState = 'none' | 'absent' | 'starting' | 'ready' | 'resetting';

/** What a line of the solution may take: it may well boot a machine and pull an image. */
const lineLimitMs = 180_000;

/** A lesson that is open: its lab, the step that is shown with its checks, and what is typed for it. */
export class LessonRun implements Disposable {
  readonly id: string;
  readonly lesson: Lesson;
  readonly #options: LessonRunOptions;
  readonly #checks = signal<readonly CheckState[]>([]);
  readonly #labState = signal<LessonLabState>('none');
  readonly #solving = signal(false);
  readonly #failures = signal<readonly { readonly name: string; readonly message: string }[]>([]);
  readonly #following: Disposable;
  #watch: CheckWatch | undefined;
  #step = 0;
  #shown = false;
  #starting = false;
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
    const names = new Set(lab.list().map(({ name }) => name));
    return planScenario(this.lesson.lab, { names, networks: lab.networks() });
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
    this.#shown = true;
    shelf.setProgress(this.id, { step });
    if (step > 0 && this.#labState.value === 'none' && !shelf.progressOf(this.id).before) this.#begin();
    // There is nothing to be done where only questions are asked.
    if (this.stepAt(step)?.checks.length === 0) this.#pass(step);
    this.#rewatch();
    return {
      dispose: () => {
        this.#shown = false;
        this.#typing?.abort();
        this.#rewatch();
      },
    };
  }

  /** Starts the lab. What goes wrong is told by the task that does. */
  async start(): Promise<void> {
    const { scenarios, shelf } = this.#options;
    if (this.#starting || this.#resetting || !this.lesson.lab) return;
    this.#starting = true;
    const { startedAt: earlier, before: known, own } = shelf.progressOf(this.id);
    // Before anything is made: a page that is reloaded meanwhile knows what there was, and containers are not older than it.
    this.#begin();
    this.#look();
    try {
      const { opened } = scenarios.open(await scenarios.plan(this.lesson.lab));
      this.#failures.value = (await opened).failures;
      shelf.setProgress(this.id, { own: this.#named().map(({ id }) => id) });
    } catch {
      // Told already, and taken back.
      const { startedAt: _, before: __, own: ___, ...rest } = shelf.progressOf(this.id);
      shelf.forgetProgress(this.id);
      const begun = earlier !== undefined && known && { startedAt: earlier, before: known, ...(own && { own }) };
      shelf.setProgress(this.id, { ...rest, ...begun });
    } finally {
      this.#starting = false;
      this.#look();
    }
  }

  /** Asks, and then takes away what was made since the lesson was begun. */
  async reset(): Promise<void> {
    const { lab, page, shelf } = this.#options;
    const made = await madeSince(lab, shelf.progressOf(this.id), shelf.labsBeside(this.id));
    const names = [...made.containers, ...made.instances].map(({ name }) => name);
    page.ask({
      kind: 'confirm',
      title: lessonText.resetTitle(this.lesson.title),
      body: lessonText.resetBody(names),
      action: lessonText.resetAction,
      run: () => void this.#takeAway(made),
    });
  }

  /** Types code into the terminal that it is for, and shows that. */
  type(at: TerminalAddress, lines: string): void {
    const { page } = this.#options;
    try {
      this.#terminal(at).type(keysOf(lines));
    } catch (error) {
      page.report(lessonText.run(lessonText.where(at.instance, at.shell)), error);
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
    const before = this.#labState.value;
    this.#labState.value = this.#stateOfLab();
    if (this.#labState.value !== before) this.#rewatch();
  }

  #stateOfLab(): LessonLabState {
    const { shelf } = this.#options;
    if (this.#starting) return 'starting';
    if (this.#resetting) return 'resetting';
    const wanted = this.lesson.lab?.instances.length ?? 0;
    if (wanted === 0) return 'none';
    const { before, own } = shelf.progressOf(this.id);
    if (!before) return 'absent';
    // Several lessons have a machine of the same name: another's is none of this one.
    const there = this.#named().filter(({ id }) => own?.includes(id) ?? true);
    return there.length === wanted ? 'ready' : 'absent';
  }

  /** Nobody looks at checks that nobody sees, or whose lab is not there. */
  #rewatch(): void {
    const { seen, clock, page } = this.#options;
    this.#watch?.dispose();
    this.#watch = undefined;
    const step = this.stepAt(this.#step);
    const number = this.#step;
    const state = this.#labState.value;
    if (!step || !this.#shown || (state !== 'ready' && state !== 'none')) {
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
