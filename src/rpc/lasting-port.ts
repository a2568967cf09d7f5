import { type Clock, systemClock } from '../base/clock';
import { type ErrorRecord, parseError, SandboxError, serializeError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';

/** A way to the store as it is handed over to another thread, or begins. */
export interface LastingPortState {
  /** Absent while the store is gone. */
  readonly port?: MessagePort;
  /** The last question that was asked through it: answers to that and earlier ones may still be on their way. */
  readonly lastId?: number;
  /** What it leads to is lost for good. */
  readonly failure?: ErrorRecord;
}

export interface LastingPortOptions {
  readonly clock?: Clock;
  /** How long a port may be known to be dead before what it leads to counts as lost, milliseconds. */
  readonly patienceMs?: number;
}

/** As for disks: the engine tries for half a minute, and says so when it gives up. */
const defaultPatienceMs = 60_000;

export interface LastingPortUse {
  /** What the port leads to, in words: "layer". */
  readonly what: string;
  /** What the next store has to know before anything is asked again. */
  readonly greeting?: () => object;
  /** Messages that are no answers. */
  readonly onNotice?: (notice: object) => void;
}

/** What goes to the store: a question, with the oldest that still waits for its answer. */
export type LastingQuestion<Question> = Question & { readonly id: number; readonly oldest: number };

export type LastingAnswer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: ErrorRecord });

interface Waiting<Question> {
  readonly question: Question;
  resolve(value: unknown): void;
  reject(error: SandboxError): void;
}

/**
 * A machine's end of a way to the store that outlives the store's worker: after {@link renew} what waits is asked once
 * more, in its order and by its old numbers. Errors of every question: what the store says, `Unavailable` when it has
 * gone for good or the port is closed.
 */
export class LastingPort<Question extends object> implements Disposable {
  readonly #use: LastingPortUse;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #waiting = new Map<number, Waiting<Question>>();
  #port: MessagePort | undefined;
  #lastId: number;
  #patience: Disposable | undefined;
  #ended: SandboxError | undefined;

  constructor(use: LastingPortUse, { port, lastId = 0, failure }: LastingPortState, options: LastingPortOptions = {}) {
    const { clock = systemClock, patienceMs = defaultPatienceMs } = options;
    this.#use = use;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#lastId = lastId;
    if (failure) this.#ended = parseError(failure);
    else if (port) this.#adopt(port);
    else this.#wait();
  }

  ask(question: Question): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { question, resolve, reject });
      if (this.#port) this.#post(this.#port, this.#lastId, question);
    });
  }

  /** Nobody answers; the next store is told by the greeting. */
  tell(message: object): void {
    this.#port?.postMessage(message);
  }

  /** Goes on over another port: the store was started again. */
  renew(port: MessagePort): void {
    if (this.#ended) {
      port.close();
      return;
    }
    this.#adopt(port);
    const { greeting } = this.#use;
    if (greeting) port.postMessage(greeting());
    for (const [id, { question }] of this.#waiting) this.#post(port, id, question);
  }

  /** What it leads to is lost for good. */
  fail(error: SandboxError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#patience?.dispose();
    this.#letGo()?.close();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /**
   * Gives the port away, to be transferred in this very turn of the event loop. Who waits for an answer still (what is
   * read ahead) is told that it will not come.
   */
  handOver(): LastingPortState {
    const failure = this.#ended && serializeError(this.#ended);
    const port = this.#letGo();
    this.fail(new SandboxError('Unavailable', `The ${this.#use.what} has moved to another thread`));
    return { ...(port && { port }), lastId: this.#lastId, ...(failure && { failure }) };
  }

  dispose(): void {
    this.#port?.postMessage({ type: 'close' });
    this.fail(new SandboxError('Unavailable', `The ${this.#use.what} was closed`));
  }

  #adopt(port: MessagePort): void {
    this.#letGo()?.close();
    this.#patience?.dispose();
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<LastingAnswer>) => this.#settle(data);
    // Told in Node; in browsers only a new port tells.
    port.addEventListener('close', this.#onDeath);
  }

  #post(port: MessagePort, id: number, question: Question): void {
    // Maps remember the order of insertion: the first that waits is the oldest.
    const [oldest = id] = this.#waiting.keys();
    port.postMessage({ ...question, id, oldest } satisfies LastingQuestion<Question>);
  }

  #settle(answer: LastingAnswer): void {
    if (!('id' in answer)) {
      this.#use.onNotice?.(answer);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return;
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting.reject(parseError(answer.error));
    else waiting.resolve(answer.value);
  }

  readonly #onDeath = (): void => {
    this.#letGo();
    this.#wait();
  };

  #wait(): void {
    this.#patience = this.#clock.after(this.#patienceMs, () =>
      this.fail(new SandboxError('Unavailable', `The store has gone, and the ${this.#use.what} with it`)),
    );
  }

  #letGo(): MessagePort | undefined {
    const port = this.#port;
    this.#port = undefined;
    if (port) port.onmessage = null;
    port?.removeEventListener('close', this.#onDeath);
    return port;
  }
}

/** What the store's end does with what comes. */
export interface LastingPortTarget {
  /** What is asked for, and what of it is transferred. */
  answer(
    question: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly value: unknown; readonly moves?: Transferable[] }>;
  /** Messages that want no answer, other than the last. */
  hear?(message: Readonly<Record<string, unknown>>): void;
  /** The client has gone, by its own will or not. */
  close(): void;
}

/** Questions a server works on at once: more than a client of ours ever has. */
const serverLimit = 256;

/** The store's end: answers until the client closes it, or is known to have died. */
export function serveLastingPort(port: MessagePort, what: string, target: LastingPortTarget): void {
  let working = 0;
  const end = (): void => {
    port.onmessage = null;
    port.removeEventListener('close', end);
    port.close();
    target.close();
  };
  const answer = async (id: number, question: Readonly<Record<string, unknown>>): Promise<void> => {
    try {
      if (working >= serverLimit) {
        throw new SandboxError('ResourceExhausted', `Too much is asked of a ${what} at once`);
      }
      working += 1;
      try {
        const { value, moves = [] } = await target.answer(question);
        port.postMessage({ id, value } satisfies LastingAnswer, moves);
      } finally {
        working -= 1;
      }
    } catch (error) {
      port.postMessage({ id, error: serializeError(error) } satisfies LastingAnswer);
    }
  };
  port.onmessage = ({ data }: MessageEvent<Readonly<Record<string, unknown>>>) => {
    const { id, type } = data;
    if (typeof id === 'number') void answer(id, data);
    else if (type === 'close') end();
    else target.hear?.(data);
  };
  // In Node; browsers do not tell.
  port.addEventListener('close', end);
}
