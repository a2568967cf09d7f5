import type { Clock } from '../base/clock';
import { createDeferred, type Deferred } from '../base/deferred';
import { SandboxError, toSandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import { withTimeout } from '../base/timeout';
import {
  type Answer,
  type Call,
  type CallName,
  type Calls,
  type EventMessage,
  fileLimit,
  type MemoryAnswer,
  type MemoryWish,
  messageLimit,
  messageRate,
} from '../sdk/protocol';

/** How long the page may take to say whether there is memory, milliseconds. */
const memoryMs = 5000;

/** Bytes that are counted for any part of a message. */
const partWeight = 8;

/** Calls have three levels. */
const depthLimit = 4;

const tooMuch = `a message of more than ${messageLimit} bytes: a file has ${fileLimit} at most`;

/** Of a message that is made of what no call has, what is left. */
const foreign = Number.NEGATIVE_INFINITY;

/** Reasons that are told; who finds more has told enough. */
const reasonLimit = 100;

/** What answers each call. It is given what came, which may be anything. */
export type CallHandlers = {
  readonly [Name in CallName]: (given: Readonly<Record<string, unknown>>) => Promise<Calls[Name][1]>;
};

export interface CallGateOptions {
  readonly port: MessagePort;
  readonly handlers: CallHandlers;
  readonly clock: Clock;
  /** Told once for each reason. */
  readonly refused: (reason: string) => void;
}

/**
 * The port of an embedding page: what comes is counted, weighed and looked at before anything is done. What is no call is
 * dropped; a call that cannot be is answered with why.
 */
export class CallGate implements Disposable {
  readonly #options: CallGateOptions;
  readonly #told = new Set<string>();
  /** The last wish; a late answer to one before is no answer. */
  #memory: Deferred<MemoryAnswer> | undefined;
  #second = 0;
  #heard = 0;

  constructor(options: CallGateOptions) {
    this.#options = options;
    options.port.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(data);
  }

  tell(message: EventMessage): void {
    this.#options.port.postMessage(message);
  }

  /** Asks the page for memory, MiB. Undefined when it does not answer: it has closed the lab, or does not know how. */
  async wantMemory(wants: number): Promise<MemoryAnswer | undefined> {
    const answered = createDeferred<MemoryAnswer>();
    this.#memory = answered;
    this.#options.port.postMessage({ wants } satisfies MemoryWish);
    const late = 'The page does not answer';
    return withTimeout(this.#options.clock, memoryMs, late, answered.promise).catch(() => undefined);
  }

  dispose(): void {
    this.#options.port.close();
  }

  #hear(message: unknown): void {
    const reason = this.#objection(message);
    if (reason !== undefined) this.#refuse(reason, message);
    else if (isMemoryAnswer(message)) this.#memory?.resolve(message);
    else void this.#answer(message as Call);
  }

  #objection(message: unknown): string | undefined {
    if (!this.#inTime()) return `more than ${messageRate} messages a second`;
    if (!isObject(message)) return 'a message that is no object';
    const left = weigh(message, messageLimit);
    if (left < 0) return left === foreign ? 'a message of parts that no call has' : tooMuch;
    if (isMemoryAnswer(message)) return undefined;
    const { id, call, given } = message;
    if (typeof id !== 'number' || typeof call !== 'string' || !isObject(given)) return 'a message that is no call';
    if (!Object.hasOwn(this.#options.handlers, call)) return `the call "${call.slice(0, 40)}", which there is not`;
    return undefined;
  }

  async #answer({ id, call, given }: Call): Promise<void> {
    const { port, handlers } = this.#options;
    try {
      const gives = await handlers[call]({ ...given });
      port.postMessage({ id, gives } satisfies Answer);
    } catch (thrown) {
      const { code, message } = toSandboxError(thrown);
      port.postMessage({ id, error: { code, message } } satisfies Answer);
    }
  }

  #refuse(reason: string, message: unknown): void {
    if (isObject(message) && typeof message['id'] === 'number' && this.#heard <= messageRate) {
      const kind = reason === tooMuch ? 'ResourceExhausted' : 'InvalidArgument';
      const { code, message: told } = new SandboxError(kind, `The lab refused ${reason}`);
      this.#options.port.postMessage({ id: message['id'], error: { code, message: told } } satisfies Answer);
    }
    if (this.#told.has(reason) || this.#told.size >= reasonLimit) return;
    this.#told.add(reason);
    this.#options.refused(reason);
  }

  #inTime(): boolean {
    const second = Math.floor(this.#options.clock.monotonic() / 1000);
    if (second !== this.#second) [this.#second, this.#heard] = [second, 0];
    this.#heard += 1;
    return this.#heard <= messageRate;
  }
}

function isMemoryAnswer(message: unknown): message is MemoryAnswer {
  return isObject(message) && typeof message['granted'] === 'boolean' && typeof message['left'] === 'number';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * What is left of `room` when all of a message is in it; negative: it does not go in, or is {@link foreign}. Every part
 * weighs something, since one that stands in many places of a message is looked at in each.
 */
function weigh(value: unknown, room: number, depth = 0): number {
  if (typeof value === 'string') return room - value.length;
  if (value instanceof Uint8Array) return room - value.byteLength;
  if (typeof value !== 'object' || value === null) return room - partWeight;
  if (depth > depthLimit || !(Array.isArray(value) || isObject(value))) return foreign;
  // Before its parts are made a list of: an array may be long and hold nothing.
  let left = room - partWeight * (Array.isArray(value) ? value.length + 1 : 1);
  if (left < 0) return left;
  for (const [name, part] of Object.entries(value)) {
    left = weigh(part, left - name.length, depth + 1);
    if (left < 0) return left;
  }
  return left;
}
