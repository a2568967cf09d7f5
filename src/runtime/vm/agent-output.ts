import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { type ChannelId, serializeMessage } from '../../formats/agent';
import type { AgentOutbox, MessageSource } from './agent-outbox';

type Bytes = Uint8Array<ArrayBuffer>;

/** Output of one program: a readable stream that holds the program back while nobody reads. */
export class AgentOutput implements MessageSource {
  readonly readable: ReadableStream<Bytes>;
  readonly #stream: number;
  readonly #channel: ChannelId;
  readonly #outbox: AgentOutbox;
  readonly #window: number;
  readonly #queue: Bytes[] = [];
  #controller: ReadableStreamDefaultController<Bytes> | undefined;
  #arrival: Deferred<void> | undefined;
  /** Bytes read that the agent has not been told of. */
  #consumed = 0;
  /** Bytes that came and that the agent has not been told were read: never more than the window. */
  #outstanding = 0;
  #state: 'open' | 'ended' | 'canceling' | 'over' = 'open';

  constructor(stream: number, channel: ChannelId, outbox: AgentOutbox, window: number) {
    this.#stream = stream;
    this.#channel = channel;
    this.#outbox = outbox;
    this.#window = window;
    this.readable = new ReadableStream<Bytes>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  /** `DataLoss` when the agent sends more than it was granted. */
  take(bytes: Bytes): void {
    if (this.#state !== 'open') return;
    this.#outstanding += bytes.length;
    if (this.#outstanding > this.#window) {
      throw new SandboxError('DataLoss', `The agent sent ${this.#outstanding - this.#window} bytes more than it may`);
    }
    this.#queue.push(bytes);
    this.#arrive();
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#arrive();
  }

  /** What came is lost to the reader too: it was cut off. */
  fail(error: SandboxError): void {
    if (this.#state === 'over') return;
    // An output that ended is whole, and may be read to its end.
    if (this.#state === 'ended') return;
    this.#state = 'over';
    this.#queue.length = 0;
    this.#controller?.error(error);
    this.#arrive();
  }

  nextMessage(): Uint8Array | undefined {
    if (this.#state === 'canceling') {
      this.#state = 'over';
      return serializeMessage({ kind: 'close', stream: this.#stream, channel: this.#channel });
    }
    // In large steps: fewer messages, and the program never runs dry.
    if (this.#state !== 'open' || this.#consumed < this.#window / 4) return undefined;
    const count = this.#consumed;
    this.#consumed = 0;
    this.#outstanding -= count;
    return serializeMessage({ kind: 'credit', stream: this.#stream, channel: this.#channel, count });
  }

  async #pull(): Promise<void> {
    while (this.#queue.length === 0 && this.#state === 'open') {
      this.#arrival = createDeferred();
      await this.#arrival.promise;
    }
    const bytes = this.#queue.shift();
    if (bytes) {
      this.#controller?.enqueue(bytes);
      this.#consumed += bytes.length;
      if (this.#consumed >= this.#window / 4) this.#outbox.ready(this);
    } else if (this.#state === 'ended') {
      this.#state = 'over';
      this.#controller?.close();
    }
  }

  #cancel(): void {
    const open = this.#state === 'open';
    this.#state = open ? 'canceling' : 'over';
    this.#queue.length = 0;
    this.#arrive();
    if (open) this.#outbox.ready(this);
  }

  #arrive(): void {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}
