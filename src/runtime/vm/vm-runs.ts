import type { Exit } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { SandboxError, serializeError, throwIfAborted, toSandboxError } from '../../base/errors';
import type { InstanceStateMachine } from '../instance-state';
import { canceled, killed } from './vm-exits';
import type { VmRun, VmWorkerHandle } from './vm-run';

export interface VmRunsOptions {
  /** A run with a new worker. */
  readonly open: () => VmRun;
  /** The instance's name. */
  readonly name: () => string;
  /** What showed the run shows no more. */
  readonly ended: () => void;
}

/** The runs of an instance, one after the other: how each begins and ends, and the phase that the instance is in by that. */
export class VmRuns {
  readonly #state: InstanceStateMachine;
  readonly #options: VmRunsOptions;
  #current: VmRun | undefined;
  /** Counts starts of any kind: one that was overtaken by another must not touch that one's state. */
  #attempt = 0;

  constructor(state: InstanceStateMachine, options: VmRunsOptions) {
    this.#state = state;
    this.#options = options;
  }

  get current(): VmRun | undefined {
    return this.#current;
  }

  require(): VmRun {
    if (!this.#current) throw new SandboxError('Internal', 'A running instance without a worker');
    return this.#current;
  }

  /** Takes a worker, lets `launch` start a machine in it, and leaves the instance running, stopped or failed. */
  async begin({ signal }: Operation, launch: (run: VmRun) => Promise<void>): Promise<void> {
    this.#state.enter('starting');
    this.#attempt += 1;
    const attempt = this.#attempt;
    const isCurrent = (): boolean => attempt === this.#attempt && this.#state.current.phase === 'starting';
    const cancel = (): void => {
      if (isCurrent()) this.end(canceled);
    };
    signal?.addEventListener('abort', cancel);
    try {
      throwIfAborted(signal);
      await launch(this.#open());
      if (!isCurrent()) throw new SandboxError('Aborted', 'The machine was ended while it started');
      this.require().worker.watch();
      this.#state.enter('running');
    } catch (thrown) {
      const error = signal?.aborted ? new SandboxError('Canceled', 'Canceled while starting') : toSandboxError(thrown);
      if (isCurrent()) this.fail(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Another run in the place of one that could not start. */
  beginAgain(reason: string): VmRun {
    this.endRun(reason);
    this.#state.require('boot', 'starting');
    return this.#open();
  }

  /** A worker that is lost takes the machine with it, if it has it. */
  watchFor(run: VmRun, worker: VmWorkerHandle): void {
    worker.lost.addEventListener('abort', () => {
      if (this.#current === run && run.worker === worker) this.fail(toSandboxError(worker.lost.reason));
    });
  }

  /** Ends whatever runs, so that something else can begin. */
  makeWay(reason: string): void {
    const { phase } = this.#state.current;
    if (phase === 'starting' || phase === 'stopping') this.end(killed(reason));
    else this.endRun(reason);
  }

  end(exit: Exit): void {
    if (this.#hasEnded) return;
    this.endRun(exit.reason);
    this.#state.enter('stopped', { exit });
  }

  fail(error: SandboxError): void {
    if (this.#hasEnded) return;
    this.endRun(error.message);
    this.#state.enter('failed', { exit: killed(error.message), error: serializeError(error) });
  }

  /** The run alone: the phase is the caller's to change. */
  endRun(reason: string): void {
    const run = this.#current;
    this.#current = undefined;
    this.#options.ended();
    run?.end(new SandboxError('Aborted', `The instance ${this.#options.name()} has ended: ${reason}`));
  }

  get #hasEnded(): boolean {
    const { phase } = this.#state.current;
    return phase === 'stopped' || phase === 'failed';
  }

  #open(): VmRun {
    const run = this.#options.open();
    this.#current = run;
    this.watchFor(run, run.worker);
    return run;
  }
}
