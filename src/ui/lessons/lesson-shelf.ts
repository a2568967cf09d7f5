import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { Lab } from '../../engine/lab';
import type { LabScenarios } from '../../engine/scenarios/lab-scenarios';
import type { Lesson } from '../../formats/lesson/lesson';
import { type LessonFiles, readLesson } from '../../formats/lesson/read-lesson';
import type { LessonLab } from '../../lessons/lesson-lab';
import { MadeWatch } from '../../lessons/made-watch';
import { type LessonProgress, noProgress, parseProgress, serializeProgress } from '../../lessons/progress';
import { type BroughtLesson, readBrought } from '../../lessons/read-brought';
import type { Settings } from '../settings';
import type { Store } from '../store';
import { lessonText } from '../text/lessons';
import { LessonRun } from './lesson-run';
import type { LessonEntry, LessonSource } from './lesson-source';

export interface LessonShelfOptions {
  readonly lab: Lab;
  readonly seen: LessonLab;
  readonly scenarios: LabScenarios;
  readonly source: LessonSource;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly page: Pick<Store, 'report' | 'announce' | 'ask' | 'terminals' | 'go'>;
}

/** A folder that an author brought, by its name. */
export interface Preview extends BroughtLesson {
  readonly name: string;
}

/** A lesson that something belongs to. */
export interface LessonOwner {
  readonly id: string;
  readonly title: string;
}

/** Under which a folder that was brought is opened. */
export const previewId = 'preview';

const kept = 'lessons';

/** Things that are remembered of one lesson; what is older has been removed by then. */
const madeLimit = 512;

/** The lessons that there are, how far somebody is in each, and the one that is open. */
export class LessonShelf implements Disposable {
  readonly #options: LessonShelfOptions;
  readonly #entries = signal<readonly LessonEntry[]>([]);
  readonly #progress = signal<ReadonlyMap<string, LessonProgress>>(new Map());
  readonly #preview = signal<Preview | undefined>(undefined);
  /** What the last folder that could be read starts, as JSON. */
  #previewLab: string | undefined;
  readonly #runs = new Map<string, Promise<LessonRun>>();
  /** Sees for which lesson things come about. */
  readonly watch: MadeWatch;

  constructor(options: LessonShelfOptions) {
    const { lab, clock, settings } = options;
    this.#options = options;
    this.#progress.value = parseProgress(settings.recall(kept));
    this.watch = new MadeWatch({ lab, clock, made: (id, ids) => this.#made(id, ids) });
  }

  dispose(): void {
    this.watch.dispose();
  }

  get entries(): ReadonlySignal<readonly LessonEntry[]> {
    return this.#entries;
  }
  /** How far somebody is, by lesson. */
  get progress(): ReadonlySignal<ReadonlyMap<string, LessonProgress>> {
    return this.#progress;
  }
  get preview(): ReadonlySignal<Preview | undefined> {
    return this.#preview;
  }

  async open(): Promise<void> {
    this.#entries.value = await this.#options.source.list();
  }

  progressOf(id: string): LessonProgress {
    return this.#progress.value.get(id) ?? noProgress;
  }

  /** Ids of what is other lessons': the instances of their labs, and what came about while they were shown. */
  ownedBeside(id: string): readonly string[] {
    return [...this.#progress.value].flatMap(([each, { own = [], made = [] }]) =>
      each === id ? [] : [...own, ...made],
    );
  }

  /** The lessons that own some of these instances or containers. */
  ownersOf(ids: readonly string[]): readonly LessonOwner[] {
    const owners = [...this.#progress.value].filter(([, { own = [], made = [] }]) =>
      [...own, ...made].some((each) => ids.includes(each)),
    );
    return owners.map(([id]) => ({ id, title: this.#titleOf(id) }));
  }

  setProgress(id: string, change: Partial<LessonProgress>): void {
    this.#progress.value = new Map(this.#progress.value).set(id, { ...this.progressOf(id), ...change });
    this.#keep();
  }

  forgetProgress(id: string): void {
    const progress = new Map(this.#progress.value);
    progress.delete(id);
    this.#progress.value = progress;
    this.#keep();
  }

  /** Its lab is not there any more; its steps stay done. */
  forgetLab(id: string): void {
    const { passed, step } = this.progressOf(id);
    this.forgetProgress(id);
    this.setProgress(id, { passed, step });
  }

  /** `NotFound` when there is no such lesson, `InvalidArgument` when it cannot be read. */
  lesson(id: string): Promise<LessonRun> {
    const known = this.#runs.get(id) ?? this.#load(id);
    this.#runs.set(id, known);
    known.catch(() => this.#runs.delete(id));
    return known;
  }

  /** Shows a folder as a lesson, or what is wrong with it. A lab that an earlier one has started stays, if it is the same. */
  async bring(name: string, files: LessonFiles): Promise<void> {
    const { page } = this.#options;
    const found = await readBrought(files);
    this.#preview.value = { name, ...found };
    this.#runs.get(previewId)?.then(
      (run) => run.dispose(),
      () => {},
    );
    this.#runs.delete(previewId);
    const { passed: _, step: __, ...begun } = this.progressOf(previewId);
    this.forgetProgress(previewId);
    if (begun.before) this.setProgress(previewId, begun);
    const lab = JSON.stringify(found.lesson?.lab);
    if (found.lesson && lab !== this.#previewLab) {
      this.#previewLab = lab;
      if (begun.before) this.setProgress(previewId, { opening: true });
    }
    if (found.lesson) page.go({ view: 'lesson', id: previewId, step: 0 });
    else page.go({ view: 'lessons' });
  }

  #titleOf(id: string): string {
    const preview = id === previewId ? this.#preview.value?.lesson?.title : undefined;
    return preview ?? this.#entries.value.find((each) => each.id === id)?.title ?? id;
  }

  async #load(id: string): Promise<LessonRun> {
    const lesson = id === previewId ? this.#preview.value?.lesson : await this.#served(id);
    if (!lesson) throw new SandboxError('NotFound', lessonText.none(id));
    return new LessonRun({ ...this.#options, id, lesson, shelf: this });
  }

  async #served(id: string): Promise<Lesson | undefined> {
    const entry = this.#entries.value.find((each) => each.id === id);
    if (!entry) return undefined;
    const read = readLesson(await this.#options.source.files(entry));
    if ('lesson' in read) return read.lesson;
    const [first] = read.problems;
    throw new SandboxError('InvalidArgument', lessonText.damaged(id, first?.file ?? '', first?.message ?? ''));
  }

  /** One that was not begun has nothing to take away. */
  #made(id: string, ids: readonly string[]): void {
    const { before, made = [] } = this.progressOf(id);
    if (before) this.setProgress(id, { made: [...made, ...ids].slice(-madeLimit) });
  }

  #keep(): void {
    this.#options.settings.keep(kept, serializeProgress(this.#progress.value));
  }
}
