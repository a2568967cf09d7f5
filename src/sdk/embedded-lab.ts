import type { LabMemory } from './lab-memory';
import type {
  Answer,
  CallName,
  Calls,
  CheckState,
  EventMessage,
  Events,
  ExecResult,
  FromFrame,
  InstanceInfo,
  MemoryAnswer,
} from './protocol';

/** Why a lab did not do what it was asked. Codes: docs/EMBED.md. */
export class LabError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'LabError';
    this.code = code;
  }
}

export type LabListener<Name extends keyof Events> = (tells: Events[Name]) => void;

const eventNames: readonly (keyof Events)[] = ['phase', 'instances', 'checks'];

/** A lab in a frame, as the page that embeds it speaks with it. */
export class EmbeddedLab {
  readonly #port: MessagePort;
  readonly #memory: LabMemory;
  readonly #waiting = new Map<number, { resolve(gives: unknown): void; reject(error: LabError): void }>();
  readonly #listeners = new Map<keyof Events, Set<(tells: never) => void>>();
  #calls = 0;
  #closed = false;

  constructor(port: MessagePort, memory: LabMemory) {
    this.#port = port;
    this.#memory = memory;
    port.onmessage = ({ data }: MessageEvent<FromFrame>) => this.#hear(data);
  }

  /** Says what is to be run: a scenario's text. `InvalidArgument` says what is wrong with it, and where. */
  async offer(scenario: string): Promise<void> {
    await this.#call('offer', { scenario });
  }

  /** Resolves when it is known that the frame can run what its address says: a lesson or view that there is not is `NotFound` or `InvalidArgument`. */
  async settled(): Promise<void> {
    await this.#call('settled', {});
  }

  /** Begins, as the click on its button does. Resolves when everything runs. */
  run(): Promise<readonly InstanceInfo[]> {
    return this.#call('run', {});
  }

  instances(): Promise<readonly InstanceInfo[]> {
    return this.#call('instances', {});
  }

  /** Runs a program in an instance to its end. A text is a line for its shell. */
  exec(instance: string, command: string | readonly string[], stdin?: string): Promise<ExecResult> {
    const argv = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
    return this.#call('exec', { instance, argv, ...(stdin !== undefined && { stdin }) });
  }

  /** A file of an instance. */
  read(instance: string, path: string): Promise<Uint8Array> {
    return this.#call('read', { instance, path });
  }

  /** Writes a file in an instance, in the place of what was there. */
  async write(instance: string, path: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    await this.#call('write', { instance, path, content: bytes });
  }

  async start(instance: string): Promise<void> {
    await this.#call('start', { instance });
  }

  async stop(instance: string): Promise<void> {
    await this.#call('stop', { instance });
  }

  /** The checks of the lesson that it shows; none, where it shows none. */
  checks(): Promise<readonly CheckState[]> {
    return this.#call('checks', {});
  }

  /** Calls `listener` whenever that happens; returns what ends it. Throws `InvalidArgument` for what never happens. */
  on<Name extends keyof Events>(name: Name, listener: LabListener<Name>): () => void {
    if (!eventNames.includes(name))
      throw new LabError('InvalidArgument', `A lab does not tell "${name}". It tells: ${eventNames.join(', ')}`);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Ends the connection: what waits is rejected with `Canceled`. The frame goes on until it is removed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    this.#memory.giveBack(this);
    for (const { reject } of this.#waiting.values()) reject(new LabError('Canceled', 'The lab was closed'));
    this.#waiting.clear();
    this.#listeners.clear();
  }

  #call<Name extends CallName>(call: Name, given: Calls[Name][0]): Promise<Calls[Name][1]> {
    if (this.#closed) return Promise.reject(new LabError('Canceled', 'The lab was closed'));
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (gives) => resolve(gives as Calls[Name][1]), reject });
      this.#port.postMessage({ id, call, given });
    });
  }

  #hear(message: FromFrame): void {
    if ('event' in message) this.#tell(message);
    else if ('wants' in message) this.#answerMemory(message.wants);
    else this.#settle(message);
  }

  #tell({ event, tells }: EventMessage): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as (told: typeof tells) => void)(tells);
  }

  #answerMemory(wants: number): void {
    const granted = this.#memory.take(this, wants);
    this.#port.postMessage({ granted, left: this.#memory.leftMiB } satisfies MemoryAnswer);
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new LabError(answer.error.code, answer.error.message));
    else waiting?.resolve(answer.gives);
  }
}
