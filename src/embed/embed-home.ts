import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import type { Lab } from '../engine/lab';
import type { Scenario } from '../formats/scenario/scenario';
import type { CheckState, EventMessage, MemoryAnswer } from '../sdk/protocol';
import { describeInstance, type EmbeddedLabHome } from './lab-calls';

/** What is to be run, and what it takes. */
export interface EmbeddedWork {
  readonly memoryMiB: number;
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

/** What is told to people, in the words of the page. */
export interface EmbedHomeWords {
  readonly runsAlready: string;
  readonly wrong: (where: string) => string;
  readonly place: (line: number, column: number, message: string) => string;
  readonly unreadable: string;
  /** MiB. */
  readonly noMemory: (needs: number, left: number) => string;
  readonly notStarted: (name: string, message: string) => string;
}

export interface EmbedHomeOptions {
  readonly words: EmbedHomeWords;
  /** What the machine is called that is run where nobody has said anything, and said of it. */
  readonly machine: Pick<Scenario, 'name' | 'description'>;
  /** Fetches the page and puts its parts together. */
  readonly start: () => Promise<StartedLab>;
  /** The lesson that is run in the place of a scenario. */
  readonly lesson?: string | undefined;
  /** Asks the embedding page for memory, MiB. Undefined: it has not connected, or does not know how. */
  readonly wantMemory: (wants: number) => Promise<MemoryAnswer | undefined>;
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
  readonly #offered = new Emitter<Scenario>();
  #scenario: Scenario;
  #started: StartedLab | undefined;
  #running: Promise<void> | undefined;
  #checks: readonly CheckState[] = [];

  readonly told: Event<EventMessage> = this.#told.event;
  /** What the button would run. */
  readonly offered: Event<Scenario> = this.#offered.event;

  constructor(options: EmbedHomeOptions) {
    this.#options = options;
    this.#scenario = { ...options.machine, ...oneMachine };
  }

  get scenario(): Scenario {
    return this.#scenario;
  }

  get lab(): Lab | undefined {
    return this.#started?.lab;
  }

  async offer(text: string): Promise<void> {
    const { words } = this.#options;
    if (this.#running) throw new SandboxError('FailedPrecondition', words.runsAlready);
    // Its reader is fetched when there is something to read.
    const { readScenario } = await import('../formats/scenario/read-scenario');
    const read = readScenario(text);
    if (!('value' in read)) {
      const [first] = read.problems;
      const where = first ? words.place(first.line, first.column, first.message) : words.unreadable;
      throw new SandboxError('InvalidArgument', words.wrong(where));
    }
    this.#scenario = read.value;
    this.#offered.fire(read.value);
  }

  run(): Promise<void> {
    this.#running ??= this.#run().catch((error: unknown) => {
      this.#running = undefined;
      this.#told.fire({ event: 'phase', tells: { phase: 'failed', message: toSandboxError(error).message } });
      throw error;
    });
    return this.#running;
  }

  checks(): readonly CheckState[] {
    return this.#checks;
  }

  dispose(): void {
    this.#told.dispose();
    this.#offered.dispose();
  }

  async #run(): Promise<void> {
    this.#told.fire({ event: 'phase', tells: { phase: 'starting' } });
    this.#started ??= await this.#start();
    const { lesson, wantMemory, words } = this.#options;
    const { show } = this.#started;
    const work = await (lesson === undefined ? this.#started.scenario(this.#scenario) : this.#started.lesson(lesson));
    const memory = await wantMemory(work.memoryMiB);
    if (memory && !memory.granted) {
      throw new SandboxError('ResourceExhausted', words.noMemory(work.memoryMiB, Math.floor(memory.left)));
    }
    const failures = await work.begin();
    show();
    work.follow?.((checks) => {
      this.#checks = checks;
      this.#told.fire({ event: 'checks', tells: checks });
    });
    // What did run is there to be used: a second attempt would find it in its way.
    const message = failures.map((each) => words.notStarted(each.name, each.message)).join('. ');
    this.#told.fire({ event: 'phase', tells: { phase: 'ready', ...(message !== '' && { message }) } });
  }

  async #start(): Promise<StartedLab> {
    const started = await this.#options.start();
    started.lab.changes((records) => this.#told.fire({ event: 'instances', tells: records.map(describeInstance) }));
    return started;
  }
}
