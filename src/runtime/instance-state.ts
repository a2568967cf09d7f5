import type { InstancePhase, InstanceState } from '../api/instance';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';

/** Which phase may follow which. `failed` is reached from every phase in which something runs. */
export const transitions: Readonly<Record<InstancePhase, readonly InstancePhase[]>> = {
  created: ['starting'],
  starting: ['running', 'stopped', 'failed'],
  running: ['paused', 'stopping', 'starting', 'stopped', 'failed'],
  paused: ['running', 'stopping', 'starting', 'stopped', 'failed'],
  stopping: ['stopped', 'failed'],
  stopped: ['starting'],
  failed: ['starting'],
};

/** Whether a machine is there in that phase: it takes memory, and can be killed. */
export function isLive(phase: InstancePhase): boolean {
  return transitions[phase].includes('stopped');
}

/** The phase of one instance; refuses what the table does not have. */
export class InstanceStateMachine {
  readonly #changed = new Emitter<InstanceState>();
  readonly #now: () => number;
  #state: InstanceState;
  readonly changed: Event<InstanceState> = this.#changed.event;

  constructor(now: () => number) {
    this.#now = now;
    this.#state = { phase: 'created', since: now() };
  }

  get current(): InstanceState {
    return this.#state;
  }

  /** Throws `FailedPrecondition` unless the instance is in one of the phases. */
  require(verb: string, ...phases: readonly InstancePhase[]): void {
    if (phases.includes(this.#state.phase)) return;
    throw new SandboxError(
      'FailedPrecondition',
      `Cannot ${verb}: the instance is ${this.#state.phase}, not ${phases.join(' or ')}`,
    );
  }

  enter(phase: InstancePhase, outcome: Pick<InstanceState, 'exit' | 'error'> = {}): void {
    if (!transitions[this.#state.phase].includes(phase)) {
      throw new SandboxError('FailedPrecondition', `An instance that is ${this.#state.phase} cannot become ${phase}`);
    }
    this.#state = { phase, since: this.#now(), ...outcome };
    this.#changed.fire(this.#state);
  }
}
