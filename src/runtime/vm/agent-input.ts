import type { SandboxError } from '../../base/errors';
import { channels, serializeMessage } from '../../formats/agent';
import type { AgentOutbox, MessageSource } from './agent-outbox';

/** Bytes per message: four of the guest's buffers, and little enough for programs to take turns. */
const maxPiece = 16384;

interface PendingWrite {
  bytes: Uint8Array;
  resolve(): void;
  reject(error: SandboxError): void;
}

/** Standard input of one program: a writable stream that the program's pace holds back. */
export class AgentInput implements MessageSource {
  readonly writable: WritableStream<Uint8Array>;
  readonly #stream: number;
  readonly #outbox: AgentOutbox;
  #controller: WritableStreamDefaultController | undefined;
  #credit: number;
  #pending: PendingWrite | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';

  /** `credit`: bytes that the agent takes before it grants more. */
  constructor(stream: number, outbox: AgentOutbox, credit: number) {
    this.#stream = stream;
    this.#outbox = outbox;
    this.#credit = credit;
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        // At once: an abort handler would only run after the write that waits for the program.
        controller.signal.addEventListener('abort', () => this.#end());
      },
      write: (bytes) => this.#write(bytes),
      close: () => this.#end(),
    });
  }

  grant(count: number): void {
    this.#credit += count;
    if (this.#pending) this.#outbox.ready(this);
  }

  /** Ends it from the other side: what is written from now on fails with this. */
  fail(error: SandboxError): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#controller?.error(error);
    this.#pending?.reject(error);
    this.#pending = undefined;
  }

  nextMessage(): Uint8Array | undefined {
    if (this.#state === 'over') return undefined;
    if (this.#state === 'ending' && !this.#pending) {
      this.#state = 'over';
      return serializeMessage({ kind: 'end', stream: this.#stream, channel: channels.stdin });
    }
    return this.#nextPiece();
  }

  #nextPiece(): Uint8Array | undefined {
    const { bytes } = this.#pending ?? {};
    const count = Math.min(bytes?.length ?? 0, this.#credit, maxPiece);
    if (!bytes || count === 0) return undefined;
    const piece = new Uint8Array(bytes.subarray(0, count));
    this.#credit -= count;
    if (count < bytes.length && this.#pending) this.#pending.bytes = bytes.subarray(count);
    else this.#takePending()?.resolve();
    return serializeMessage({ kind: 'data', stream: this.#stream, channel: channels.stdin, bytes: piece });
  }

  #takePending(): PendingWrite | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    return new Promise((resolve, reject) => {
      this.#pending = { bytes, resolve, reject };
      this.#outbox.ready(this);
    });
  }

  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    // After an abort a write may wait for credit; it is not wanted any more.
    this.#takePending()?.resolve();
    this.#outbox.ready(this);
  }
}
