import { SandboxError } from '../../base/errors';
import type { Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';

/** The byte stream to a guest's agent. Nothing is lost or reordered on it. */
export interface AgentTransport {
  /** False when it is full: nothing was taken, and `drained` fires once there is room. */
  send(bytes: Uint8Array): boolean;
  readonly drained: Event<void>;
  /** The array is the listener's to keep. */
  readonly received: Event<Uint8Array<ArrayBuffer>>;
  /** A copy of what was taken and is not in the guest yet. Absent: such a transport cannot be handed over. */
  readonly pendingInput?: Uint8Array;
}

/** Something that has messages to send when it is asked, such as a channel with data. */
export interface MessageSource {
  /** Its next message, or undefined when it has none now; it is asked again after `ready`. */
  nextMessage(): Uint8Array | undefined;
}

/** Messages that may wait without a source to make them; each is one request or command. */
const maxWaiting = 1024;

/**
 * Sends messages as the transport takes them: single ones in order and first, then one of each source in turn,
 * so that no source keeps the others waiting.
 */
export class AgentOutbox implements Disposable {
  readonly #transport: AgentTransport;
  readonly #drained: Disposable;
  readonly #waiting: Uint8Array[] = [];
  readonly #sources = new Set<MessageSource>();
  /** Made, but not taken by the transport yet. */
  #held: Uint8Array | undefined;
  #flushing = false;
  #paused = false;

  /** `first`: what another outbox could not send; it goes when there is something to send, or at `resume`. */
  constructor(transport: AgentTransport, first?: Uint8Array) {
    this.#transport = transport;
    if (first?.length) this.#held = first;
    this.#drained = transport.drained(() => this.#flush());
  }

  /** `ResourceExhausted` when a thousand messages wait already. */
  send(message: Uint8Array): void {
    if (this.#waiting.length >= maxWaiting) {
      throw new SandboxError(
        'ResourceExhausted',
        `${maxWaiting} messages to the agent are waiting: the guest does not take them`,
      );
    }
    this.#waiting.push(message);
    this.#flush();
  }

  /** The source has a message now. */
  ready(source: MessageSource): void {
    this.#sources.add(source);
    this.#flush();
  }

  /** Messages that the transport has not taken, in their order; those of the sources are not made yet. */
  get unsent(): readonly Uint8Array[] {
    return this.#held ? [this.#held, ...this.#waiting] : this.#waiting;
  }

  /** Sends nothing until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#flush();
  }

  dispose(): void {
    this.#drained.dispose();
    this.#waiting.length = 0;
    this.#sources.clear();
    this.#held = undefined;
  }

  #flush(): void {
    // A transport may hand bytes over, and get an answer, before `send` returns.
    if (this.#flushing || this.#paused) return;
    this.#flushing = true;
    try {
      for (let message = this.#next(); message; message = this.#next()) {
        if (this.#transport.send(message)) continue;
        this.#held = message;
        break;
      }
    } finally {
      this.#flushing = false;
    }
  }

  #next(): Uint8Array | undefined {
    const single = this.#held ?? this.#waiting.shift();
    this.#held = undefined;
    if (single) return single;
    for (const source of this.#sources) {
      // To the end of the line; a set keeps the order of insertion.
      this.#sources.delete(source);
      const message = source.nextMessage();
      if (!message) continue;
      this.#sources.add(source);
      return message;
    }
    return undefined;
  }
}
