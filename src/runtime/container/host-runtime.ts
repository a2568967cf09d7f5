import type { Process } from '../../api/instance';
import { type Clock, delay } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';
import { RuntimeClient } from './runtime-client';
import { parseStates, type RuntimeCall, type RuntimeEvent, type RuntimeState } from './runtime-protocol';

/** Between the death of a `serve` and the next one, milliseconds. */
const pauseMs = 250;

/** How often in a row it may die before it has answered. */
const maxFailures = 5;

/** The least version of the runtime: since 1.3 it sets a host up. */
const [leastMajor, leastMinor] = [1, 3];

export interface HostRuntimeOptions {
  /** Starts `strata-oci host`. */
  readonly serve: () => Promise<Omit<Process, 'id'>>;
  readonly clock: Clock;
}

/**
 * The runtime of a host, whose `serve` is started again when it dies. What happened meanwhile is not told as events:
 * {@link resumed} says what runs then.
 */
export class HostRuntime implements Disposable {
  readonly #options: HostRuntimeOptions;
  readonly #events = new Emitter<RuntimeEvent>();
  readonly #resumed = new Emitter<readonly RuntimeState[]>();
  readonly #disposed = new AbortController();
  #client: Promise<StartedClient>;

  private constructor(options: HostRuntimeOptions, first: StartedClient) {
    this.#options = options;
    this.#client = Promise.resolve(first);
    this.#adopt(first.client);
  }

  static async start(options: HostRuntimeOptions): Promise<HostRuntime> {
    const runtime = new HostRuntime(options, await startClient(options));
    return runtime;
  }

  get events(): Event<RuntimeEvent> {
    return this.#events.event;
  }

  /** Fires with what there is after the runtime had to be started again. */
  get resumed(): Event<readonly RuntimeState[]> {
    return this.#resumed.event;
  }

  /** Errors: what the runtime says; `Unavailable` when it died over it. */
  async call(call: RuntimeCall, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { client } = await this.#client;
    return client.call(call, parameters);
  }

  /** Whether it does all that is asked of one here: an earlier page may have brought an older one. */
  async isCurrent(): Promise<boolean> {
    const [major = 0, minor = 0] = (await this.#client).version.split('.').map(Number);
    return major > leastMajor || (major === leastMajor && minor >= leastMinor);
  }

  async list(): Promise<readonly RuntimeState[]> {
    return parseStates(await this.call('list'));
  }

  dispose(): void {
    this.#disposed.abort();
    this.#events.dispose();
    this.#resumed.dispose();
    this.#client.then(
      ({ client }) => client.dispose(),
      () => {},
    );
  }

  #adopt(client: RuntimeClient): void {
    client.events((event) => this.#events.fire(event));
    void client.ended.then(() => {
      if (!this.#disposed.signal.aborted) this.#restart();
    });
  }

  #restart(): void {
    const { signal } = this.#disposed;
    const restarting = this.#startAgain();
    this.#client = restarting;
    restarting.then(
      async ({ client }) => {
        if (signal.aborted) {
          client.dispose();
          return;
        }
        this.#adopt(client);
        // One that has died again is started again, and says it then.
        const states = await client
          .call('list')
          .then(parseStates)
          .catch(() => undefined);
        if (states && !signal.aborted) this.#resumed.fire(states);
      },
      // Everybody who calls is told.
      () => {},
    );
  }

  async #startAgain(): Promise<StartedClient> {
    const { clock } = this.#options;
    const { signal } = this.#disposed;
    for (let failures = 1; ; failures += 1) {
      await delay(clock, pauseMs, signal);
      if (signal.aborted) throw new SandboxError('Unavailable', 'The host of the containers has ended');
      try {
        return await startClient(this.#options);
      } catch (error) {
        if (failures >= maxFailures) throw toSandboxError(error);
      }
    }
  }
}

interface StartedClient {
  readonly client: RuntimeClient;
  /** Of the runtime. */
  readonly version: string;
}

async function startClient({ serve }: HostRuntimeOptions): Promise<StartedClient> {
  const client = new RuntimeClient(await serve());
  try {
    return { client, version: await client.hello() };
  } catch (error) {
    client.dispose();
    throw error;
  }
}
