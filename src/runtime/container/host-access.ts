import type { Instance } from '../../api/instance';
import { SandboxError } from '../../base/errors';
import type { HostRuntime } from './host-runtime';
import type { RuntimeCall } from './runtime-protocol';

/** The way to a host: it can be asked for something until its end, but not while it is paused. */
export class HostAccess {
  readonly #instance: Pick<Instance, 'spec' | 'state'>;
  readonly #runtime: Pick<HostRuntime, 'call'>;
  #ended: SandboxError | undefined;

  constructor(instance: Pick<Instance, 'spec' | 'state'>, runtime: Pick<HostRuntime, 'call'>) {
    this.#instance = instance;
    this.#runtime = runtime;
  }

  get over(): boolean {
    return this.#ended !== undefined;
  }

  /** What whoever asks is told from now on: the first end counts. */
  end(message: string): SandboxError {
    this.#ended ??= new SandboxError('Unavailable', message);
    return this.#ended;
  }

  assertOpen(): void {
    if (this.#ended) throw this.#ended;
    const { spec, state } = this.#instance;
    if (state.phase === 'paused') {
      throw new SandboxError('FailedPrecondition', `The host ${spec.name} is paused: resume it first`);
    }
  }

  /** Asks the runtime, if there is anything to ask. */
  async call(call: RuntimeCall, parameters: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.assertOpen();
    return this.#runtime.call(call, parameters);
  }
}
