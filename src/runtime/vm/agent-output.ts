import { concatBytes } from '../../base/bytes';
import { SandboxError, serializeError } from '../../base/errors';
import { type ChannelId, serializeMessage } from '../../formats/agent';
import type { ByteStreamToReader, ByteStreamToWriter } from '../../rpc/byte-stream';
import type { AgentOutbox, MessageSource } from './agent-outbox';
import { type MovedPort, RelayPort } from './relay-port';

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes that are not held back any longer while the reader has yet to take what it was sent before. */
const maxJoinedBytes = 128 * 1024;

/** An output as it is handed over to another session. */
export interface AgentOutputState {
  /** Sent to the reader, which has not said that it took them. */
  readonly inFlight: number;
  /** Taken by the reader; the agent was not told. */
  readonly consumed: number;
  /** Not sent to the reader yet. */
  readonly pending: Uint8Array;
  /** `ended`: nothing more comes. `canceling`: the agent is about to be told that nothing more is wanted. */
  readonly phase: 'open' | 'ended' | 'canceling' | 'over';
}

export const freshOutput: AgentOutputState = {
  inFlight: 0,
  consumed: 0,
  pending: new Uint8Array(0),
  phase: 'open',
};

/**
 * One output of a program: from the agent to a port. The agent is granted what the reader has taken, so a
 * program is never more than the window ahead of its reader.
 *
 * Pieces are joined as Nagle joined small segments (RFC 896): the first goes at once, what comes before the
 * reader has taken it goes in one message then. So a prompt answer is not late and a flood is few messages.
 */
export class AgentOutput implements MessageSource {
  readonly #stream: number;
  readonly #channel: ChannelId;
  readonly #outbox: AgentOutbox;
  readonly #window: number;
  readonly #onOver: () => void;
  #port: RelayPort<ByteStreamToWriter, ByteStreamToReader> | undefined;
  #inFlight: number;
  #consumed: number;
  #pending: Bytes[] = [];
  #pendingBytes = 0;
  #phase: AgentOutputState['phase'];
  #passing = false;

  constructor(
    stream: number,
    channel: ChannelId,
    outbox: AgentOutbox,
    window: number,
    onOver: () => void,
    state: AgentOutputState,
  ) {
    this.#stream = stream;
    this.#channel = channel;
    this.#outbox = outbox;
    this.#window = window;
    this.#onOver = onOver;
    this.#inFlight = state.inFlight;
    this.#consumed = state.consumed;
    this.#phase = state.phase;
    if (state.pending.length > 0) this.#enqueue(new Uint8Array(state.pending));
  }

  get state(): AgentOutputState {
    return {
      inFlight: this.#inFlight,
      consumed: this.#consumed,
      pending: concatBytes(this.#pending),
      phase: this.#phase,
    };
  }

  get over(): boolean {
    return this.#phase === 'over';
  }

  /** The reader of the port before goes on reading this one. */
  attach(moved: MovedPort<ByteStreamToWriter>): void {
    const port = new RelayPort<ByteStreamToWriter, ByteStreamToReader>(moved, (message) => this.#receive(message));
    this.#port = port;
    port.release();
    if (this.#phase === 'canceling' || this.#phase === 'over') this.#close({ end: true });
    // What is due, credit or CLOSE, may have been announced in another session only.
    this.#outbox.ready(this);
    this.#pass();
  }

  /** The reader before is gone, and what it was sent with it. */
  reattach(port: MessagePort): void {
    this.#port?.close();
    this.#consumed += this.#inFlight;
    this.#inFlight = 0;
    this.attach({ port, missed: [] });
  }

  /** Sends nothing to the reader and hears nothing from it until `release`. */
  hold(): void {
    this.#port?.hold();
  }

  release(): void {
    this.#port?.release();
    this.#pass();
  }

  detach(): MovedPort<ByteStreamToWriter> | undefined {
    const moved = this.#port?.detach();
    this.#port = undefined;
    return moved;
  }

  /** `DataLoss` when the agent sends more than it was granted. */
  take(bytes: Bytes): void {
    if (this.#phase !== 'open') return;
    this.#enqueue(bytes);
    const excess = this.#consumed + this.#inFlight + this.#pendingBytes - this.#window;
    if (excess > 0) throw new SandboxError('DataLoss', `The agent sent ${excess} bytes more than it may`);
    this.#passSoon();
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#phase === 'canceling') this.#finish();
    if (this.#phase !== 'open') return;
    this.#phase = 'ended';
    this.#pass();
  }

  /** What came is lost to the reader too: it was cut off. */
  fail(error: SandboxError): void {
    // An output that ended is whole, and may be read to its end.
    if (this.#phase === 'over' || this.#phase === 'ended') return;
    this.#finish(this.#phase === 'open' ? { error: serializeError(error) } : undefined);
  }

  nextMessage(): Uint8Array | undefined {
    if (this.#phase === 'canceling') {
      this.#finish();
      return serializeMessage({ kind: 'close', stream: this.#stream, channel: this.#channel });
    }
    // In large steps: fewer messages, and the program never runs dry.
    if (this.#phase !== 'open' || this.#consumed < this.#window / 4) return undefined;
    const count = this.#consumed;
    this.#consumed = 0;
    return serializeMessage({ kind: 'credit', stream: this.#stream, channel: this.#channel, count });
  }

  #receive(message: ByteStreamToWriter): void {
    if ('cancel' in message) {
      this.#cancel();
      return;
    }
    this.#inFlight -= message.taken;
    this.#consumed += message.taken;
    if (this.#consumed >= this.#window / 4) this.#outbox.ready(this);
    this.#pass();
  }

  #cancel(): void {
    if (this.#phase === 'ended') this.#finish();
    if (this.#phase !== 'open') return;
    this.#phase = 'canceling';
    this.#drop();
    this.#outbox.ready(this);
  }

  #enqueue(bytes: Bytes): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** After this slice of the guest, which may bring more. */
  #passSoon(): void {
    if (this.#passing) return;
    this.#passing = true;
    queueMicrotask(() => {
      this.#passing = false;
      this.#pass();
    });
  }

  #pass(): void {
    const port = this.#port;
    if (!port || port.held) return;
    const ended = this.#phase === 'ended';
    const due = ended || this.#inFlight === 0 || this.#pendingBytes >= maxJoinedBytes;
    if (this.#pendingBytes > 0 && due) {
      const joined = concatBytes(this.#pending);
      this.#drop();
      this.#inFlight += joined.length;
      port.post(joined, [joined.buffer]);
    }
    if (ended) this.#finish({ end: true });
  }

  #drop(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #finish(last?: ByteStreamToReader): void {
    this.#phase = 'over';
    this.#drop();
    this.#close(last);
    this.#onOver();
  }

  #close(last?: ByteStreamToReader): void {
    this.#port?.close(last);
    this.#port = undefined;
  }
}
