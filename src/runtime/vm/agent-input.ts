import { concatBytes } from '../../base/bytes';
import { type ErrorRecord, SandboxError, serializeError } from '../../base/errors';
import { channels, serializeMessage } from '../../formats/agent';
import { type ByteStreamToReader, type ByteStreamToWriter, maxPieceBytes, windowBytes } from '../../rpc/byte-stream';
import type { AgentOutbox, MessageSource } from './agent-outbox';
import { type MovedPort, RelayPort } from './relay-port';

/** Bytes per message: four of the guest's buffers, and little enough for programs to take turns. */
const maxPiece = 16384;

/** The writer is told what was taken in steps of this many bytes, or when nothing is left. */
const tellBytes = windowBytes / 8;

/** An input as it is handed over to another session. */
export interface AgentInputState {
  /** Bytes that the agent takes before it grants more. */
  readonly credit: number;
  /** Taken from the writer, not sent yet. */
  readonly unsent: Uint8Array;
  /** `ending`: the writer has closed it, and END is due after what is unsent. */
  readonly phase: 'open' | 'ending' | 'over';
}

const noMoreInput: ErrorRecord = serializeError(new SandboxError('Aborted', 'The program takes no more input'));

/** Standard input of one program: from a port to the agent, no faster than the program takes it. */
export class AgentInput implements MessageSource {
  readonly #stream: number;
  readonly #outbox: AgentOutbox;
  #port: RelayPort<ByteStreamToReader, ByteStreamToWriter> | undefined;
  #credit: number;
  readonly #queue: Uint8Array<ArrayBuffer>[] = [];
  #queuedBytes = 0;
  /** Sent, and the writer was not told. */
  #untold = 0;
  /** At the front of the queue, from a writer that is gone: nobody is told of these. */
  #orphaned = 0;
  #phase: AgentInputState['phase'];

  constructor(stream: number, outbox: AgentOutbox, state: AgentInputState) {
    this.#stream = stream;
    this.#outbox = outbox;
    this.#credit = state.credit;
    this.#phase = state.phase;
    if (state.unsent.length > 0) this.#enqueue(new Uint8Array(state.unsent));
  }

  get state(): AgentInputState {
    return { credit: this.#credit, unsent: concatBytes(this.#queue), phase: this.#phase };
  }

  /** The port's messages carry on where those of the port before ended. */
  attach(moved: MovedPort<ByteStreamToReader>): void {
    const port = new RelayPort<ByteStreamToReader, ByteStreamToWriter>(moved, (message) => this.#receive(message));
    this.#port = port;
    port.release();
    if (this.#phase === 'over') this.#close({ cancel: noMoreInput });
    else this.#announce();
  }

  /** The writer before is gone; what it sent still counts. */
  reattach(port: MessagePort): void {
    this.#port?.close();
    this.#orphaned = this.#queuedBytes;
    this.#untold = 0;
    this.attach({ port, missed: [] });
    if (this.#phase === 'ending') this.#close({ cancel: noMoreInput });
  }

  /** Lets the writer's messages wait until `release`; those of the past are accounted for. */
  hold(): void {
    this.#tell();
    this.#port?.hold();
  }

  release(): void {
    this.#port?.release();
  }

  detach(): MovedPort<ByteStreamToReader> | undefined {
    const moved = this.#port?.detach();
    this.#port = undefined;
    return moved;
  }

  grant(count: number): void {
    this.#credit += count;
    this.#announce();
  }

  /** Ends it from the other side: what is written from now on fails with this. */
  fail(error: SandboxError): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#drop();
    this.#close({ cancel: serializeError(error) });
  }

  nextMessage(): Uint8Array | undefined {
    const head = this.#queue[0];
    if (head) return this.#nextPiece(head);
    if (this.#phase !== 'ending') return undefined;
    this.#phase = 'over';
    this.#close();
    return serializeMessage({ kind: 'end', stream: this.#stream, channel: channels.stdin });
  }

  #nextPiece(head: Uint8Array<ArrayBuffer>): Uint8Array | undefined {
    const count = Math.min(head.length, this.#credit, maxPiece);
    if (count === 0) return undefined;
    this.#credit -= count;
    this.#queuedBytes -= count;
    if (count < head.length) this.#queue[0] = head.subarray(count);
    else this.#queue.shift();
    this.#countSent(count);
    const bytes = head.subarray(0, count);
    return serializeMessage({ kind: 'data', stream: this.#stream, channel: channels.stdin, bytes });
  }

  #countSent(count: number): void {
    const orphaned = Math.min(count, this.#orphaned);
    this.#orphaned -= orphaned;
    this.#untold += count - orphaned;
    if (this.#untold >= tellBytes || this.#queuedBytes === 0) this.#tell();
  }

  #tell(): void {
    if (this.#untold === 0) return;
    this.#port?.post({ taken: this.#untold });
    this.#untold = 0;
  }

  #receive(message: ByteStreamToReader): void {
    if (this.#phase !== 'open') return;
    if (message instanceof Uint8Array) {
      if (message.length > 0) this.#enqueue(message);
      if (this.#queuedBytes - this.#orphaned > windowBytes + maxPieceBytes) this.#refuseFlood();
    } else {
      // A writer that gave up does not want the rest to be sent either.
      if ('error' in message) this.#drop();
      this.#phase = 'ending';
    }
    this.#announce();
  }

  #enqueue(bytes: Uint8Array<ArrayBuffer>): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #refuseFlood(): void {
    this.#drop();
    this.#phase = 'ending';
    const error = new SandboxError('ResourceExhausted', `More than ${windowBytes} bytes of input were sent ahead`);
    this.#close({ cancel: serializeError(error) });
  }

  #announce(): void {
    if (this.#queuedBytes > 0 ? this.#credit > 0 : this.#phase === 'ending') this.#outbox.ready(this);
  }

  #drop(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#orphaned = 0;
  }

  #close(last?: ByteStreamToWriter): void {
    this.#port?.close(last);
    this.#port = undefined;
  }
}
