import { createDeferred } from '../base/deferred';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import type { Lab } from '../engine/lab';
import type { ScenarioPlan } from '../engine/scenarios/plan-scenario';
import type { TaskRecord } from '../engine/tasks';
import type { Scenario } from '../formats/scenario/scenario';
import type { CheckState, EventMessage, LabPhase, MemoryAnswer } from '../sdk/protocol';
import { describeInstance, type EmbeddedLabHome } from './lab-calls';
import type { PosterFact } from './poster';
import { type ReadPlanWords, readPlan } from './read-plan';

/** What is to be run, and what it takes. */
export interface EmbeddedWork {
  readonly memoryMiB: number;
  /** Of a lesson that has a lab: what it would do. Of a scenario it is known before, and of a lesson mostly. */
  readonly plan?: ScenarioPlan;
  /** Resolves with what did not start while the rest did. */
  readonly begin: () => Promise<readonly { readonly name: string; readonly message: string }[]>;
  /** Of a lesson: how far somebody is, now and whenever that changes. */
  readonly follow?: (tell: (checks: readonly CheckState[]) => void) => void;
}

/** The lab of the frame, once it is wanted. */
export interface StartedLab {
  readonly lab: Lab;
  readonly scenario: (scenario: Scenario) => Promise<EmbeddedWork>;
  /** `NotFound` when there is no such lesson. */
  readonly lesson: (id: string) => Promise<EmbeddedWork>;
  /** Shows what the frame is for. */
  readonly show: () => void;
}

/** What the button would run, as a person sees it before. */
export interface LabOffer {
  readonly title: string;
  readonly about: string;
  readonly facts: readonly PosterFact[];
}

/** What is told to people, in the words of the page. */
export interface EmbedHomeWords extends ReadPlanWords {
  readonly runsAlready: string;
  /** A scenario came, and the address has a lesson. */
  readonly notBoth: (lesson: string) => string;
  /** It asks for what only a person may grant. */
  readonly asks: string;
  readonly fetching: string;
  /** MiB, of the labs of the page, or of all labs that this browser has below the same site. */
  readonly noMemory: Readonly<Record<MemoryKeeper['of'], (needs: number, left: number) => string>>;
  readonly notStarted: (name: string, message: string) => string;
  /** `share` of the phase is done, percent. */
  readonly progress: (subject: string, phase: string, share: number | undefined) => string;
}

/** Who shares memory out among labs that know of each other. */
export interface MemoryKeeper {
  readonly of: 'page' | 'site';
  /** MiB. Undefined: nobody keeps it. */
  readonly want: (wants: number) => Promise<MemoryAnswer | undefined>;
}

export interface EmbedHomeOptions {
  readonly words: EmbedHomeWords;
  /** What the machine is called that is run where nobody has said anything, and said of it. */
  readonly machine: Pick<Scenario, 'name' | 'description'>;
  /** Fetches the page and puts its parts together. */
  readonly start: () => Promise<StartedLab>;
  /** The lesson that is run in the place of a scenario. */
  readonly lesson?: string | undefined;
  /** What is wrong with the address: nothing can be run here, whatever is offered. */
  readonly wrong?: string | undefined;
  /** What a person is told of a plan before it is begun. */
  readonly facts: (plan: ScenarioPlan) => Promise<readonly PosterFact[]>;
  /** All of them have to grant what is wanted. */
  readonly memory: readonly MemoryKeeper[];
}

/** A lab that is on offer. */
interface Offered {
  readonly scenario: Scenario;
  readonly shown: LabOffer;
}

/** What is run where nobody has said anything. */
const oneMachine = {
  networks: [],
  instances: [{ kind: 'vm', name: 'vm-1' }],
  containers: [],
  publish: [],
} satisfies Partial<Scenario>;

/** An embedded lab from its poster to its end. */
export class EmbedHome implements EmbeddedLabHome, Disposable {
  readonly #options: EmbedHomeOptions;
  readonly #told = new Emitter<EventMessage>();
  readonly #offered = new Emitter<LabOffer>();
  /** The last one counts, and one that came to nothing is not replaced by what was before. */
  #offer: Promise<Offered>;
  #broken = false;
  #started: StartedLab | undefined;
  #running: Promise<void> | undefined;
  /** Of a person, on what has been shown since. */
  #click = createDeferred<void>();
  #clicked = false;
  #checks: readonly CheckState[] = [];
  #phase: LabPhase = 'waiting';
  /** What was told last, which is not told twice. */
  #said = '';

  readonly told: Event<EventMessage> = this.#told.event;
  /** What the button would run. */
  readonly offered: Event<LabOffer> = this.#offered.event;

  constructor(options: EmbedHomeOptions) {
    this.#options = options;
    this.#offer = Promise.resolve(this.#machine());
  }

  /** What is on offer cannot be run. */
  get broken(): boolean {
    return this.#broken;
  }

  get lab(): Lab | undefined {
    return this.#started?.lab;
  }

  /** A scenario, of which the text may come later: whatever is run waits for it. `InvalidArgument` where there is a lesson. */
  offer(text: string | Promise<string>): Promise<void> {
    return this.#put(() => this.#read(text));
  }

  /** The lesson of the address, as it is shown, or the machine where nobody has said anything. */
  offerUsual(shown?: Promise<LabOffer>): Promise<void> {
    return this.#put(async () => ({ ...this.#machine(), ...(shown && { shown: await shown }) }));
  }

  async settled(): Promise<void> {
    await this.#offer;
  }

  /** Begins because the page says so. What asks for more than to run in here waits for a person. */
  run(): Promise<void> {
    this.#running ??= this.#run().catch(async (error: unknown) => {
      await Promise.all(this.#options.memory.map(({ want }) => want(0)));
      this.#running = undefined;
      this.#tell('failed', toSandboxError(error).message);
      throw error;
    });
    return this.#running;
  }

  /** Begins because a person has said so, who has seen what is on offer. */
  click(): Promise<void> {
    this.#clicked = true;
    this.#click.resolve();
    return this.run();
  }

  checks(): readonly CheckState[] {
    return this.#checks;
  }

  dispose(): void {
    this.#told.dispose();
    this.#offered.dispose();
  }

  async #run(): Promise<void> {
    const { scenario, shown } = await this.#offer;
    const { lesson, words } = this.#options;
    await this.#allowed(shown.facts);
    this.#tell('starting', words.fetching);
    this.#started ??= await this.#start();
    const started = this.#started;
    const work = await (lesson === undefined ? started.scenario(scenario) : started.lesson(lesson));
    if (work.plan) await this.#allowedPlan(work.plan, shown.facts);
    await this.#takeMemory(work.memoryMiB);
    const failures = await work.begin();
    started.show();
    work.follow?.((checks) => {
      this.#checks = checks;
      this.#told.fire({ event: 'checks', tells: checks });
    });
    // What did run is there to be used: a second attempt would find it in its way.
    const message = failures.map((each) => words.notStarted(each.name, each.message)).join('. ');
    this.#tell('ready', message);
  }

  #machine(): Offered {
    const { machine } = this.#options;
    const shown = { title: machine.name, about: machine.description ?? '', facts: [] };
    return { scenario: { ...machine, ...oneMachine }, shown };
  }

  async #put(make: () => Promise<Offered>): Promise<void> {
    if (this.#running) throw new SandboxError('FailedPrecondition', this.#options.words.runsAlready);
    const { wrong } = this.#options;
    const offer = wrong === undefined ? make() : Promise.reject(new SandboxError('InvalidArgument', wrong));
    this.#offer = offer;
    try {
      const { shown } = await offer;
      if (this.#offer === offer) this.#show(shown);
    } catch (error) {
      if (this.#offer === offer) this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    this.#broken = true;
    this.#tell('failed', toSandboxError(error).message);
  }

  async #read(text: string | Promise<string>): Promise<Offered> {
    const { lesson, words, facts } = this.#options;
    const plan = await readPlan(text, words);
    // What is shown is what is run: there is one of the two.
    if (lesson !== undefined) throw new SandboxError('InvalidArgument', words.notBoth(lesson));
    const { scenario } = plan;
    return { scenario, shown: { title: scenario.name, about: scenario.description ?? '', facts: await facts(plan) } };
  }

  /** Resolves at once where nothing is asked for that only a person may grant. */
  async #allowed(facts: readonly PosterFact[]): Promise<void> {
    if (this.#clicked || !facts.some(({ asks }) => asks)) return;
    this.#tell('waiting', this.#options.words.asks);
    await this.#click.promise;
  }

  /** Of a lesson: where it asks for what has not been shown, a click from before was for less. */
  async #allowedPlan(plan: ScenarioPlan, shown: readonly PosterFact[]): Promise<void> {
    const facts = await this.#options.facts(plan);
    const known = new Set(shown.map((each) => JSON.stringify(each)));
    if (!facts.some((each) => each.asks && !known.has(JSON.stringify(each)))) return;
    this.#show({ title: plan.scenario.name, about: plan.scenario.description ?? '', facts });
    await this.#allowed(facts);
    this.#tell('starting', this.#options.words.fetching);
  }

  async #takeMemory(needs: number): Promise<void> {
    const { memory, words } = this.#options;
    for (const { of, want } of memory) {
      const answer = await want(needs);
      if (answer && !answer.granted) {
        throw new SandboxError('ResourceExhausted', words.noMemory[of](needs, Math.floor(answer.left)));
      }
    }
  }

  async #start(): Promise<StartedLab> {
    const started = await this.#options.start();
    started.lab.changes((records) => this.#told.fire({ event: 'instances', tells: records.map(describeInstance) }));
    started.lab.tasks.changes((task) => this.#tellProgress(task));
    return started;
  }

  /** What is under way until everything runs, one line of it. */
  #tellProgress({ state, subject, phases }: TaskRecord): void {
    const phase = phases.at(-1);
    if (this.#phase !== 'starting' || state !== 'running' || !phase) return;
    const { done, total } = phase;
    const share = done !== undefined && total ? Math.floor((done / total) * 10) * 10 : undefined;
    this.#tell('starting', this.#options.words.progress(subject, phase.name, share));
  }

  #tell(phase: LabPhase, message: string): void {
    const said = `${phase} ${message}`;
    if (said === this.#said) return;
    this.#said = said;
    this.#phase = phase;
    this.#told.fire({ event: 'phase', tells: { phase, ...(message !== '' && { message }) } });
  }

  /** A click from before was for something else. */
  #show(offer: LabOffer): void {
    this.#broken = false;
    this.#clicked = false;
    this.#click = createDeferred();
    this.#offered.fire(offer);
  }
}
