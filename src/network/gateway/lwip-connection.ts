import { createDeferred } from '../../base/deferred';
import { SandboxError, toSandboxError } from '../../base/errors';
import { bufferBytes, type LwipModule, lwipError, type News, newsFlag } from './lwip-module';
import type { Endpoint, TcpConnection } from './sockets';

/**
 * One connection of the stack. What comes is kept here until it is read, at most a TCP window of it: the other side
 * may send more only then.
 */
export class LwipConnection implements TcpConnection {
  readonly remote: Endpoint;
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #module: LwipModule;
  readonly #id: number;
  readonly #gone: (connection: LwipConnection) => void;
  readonly #opened = createDeferred<void>();
  readonly #closed = createDeferred<void>();
  readonly #inbox: Uint8Array<ArrayBuffer>[] = [];
  #wakeReader: () => void = () => {};
  #wakeWriter: () => void = () => {};
  #writing: WritableStreamDefaultController | undefined;
  #open: boolean;
  /** The other side sends no more; nor do we. */
  #ended = false;
  #finished = false;
  #over = false;
  #failure: SandboxError | undefined;

  /** `gone` is called once, when the stack can forget it. */
  constructor(
    module: LwipModule,
    news: Pick<News, 'id' | 'address' | 'port'>,
    open: boolean,
    gone: (connection: LwipConnection) => void,
  ) {
    this.#module = module;
    this.#id = news.id;
    this.#open = open;
    this.#gone = gone;
    this.remote = { address: news.address, port: news.port };
    this.#opened.promise.catch(() => {});
    if (open) this.#opened.resolve();
    this.readable = new ReadableStream(
      { pull: (controller) => this.#pull(controller), cancel: () => this.abort() },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writing = controller;
        controller.signal.addEventListener('abort', () => {
          // It fails by itself then; to be told so meanwhile is more than Node's streams can take.
          this.#writing = undefined;
          this.abort();
        });
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#finish(),
    });
  }

  get id(): number {
    return this.#id;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Resolves when the other side has answered, rejects when it has not. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Takes in what the module has noted. */
  hear({ flags, error }: News): void {
    if (this.#over) return;
    if (flags & newsFlag.connected) {
      this.#open = true;
      this.#opened.resolve();
    }
    if (flags & newsFlag.readable) this.#receive();
    if (flags & newsFlag.ended) this.#ended = true;
    if (flags & newsFlag.closed)
      this.#end('gateway_close', error === lwipError.closed ? undefined : this.#failureOf(error));
    this.#closeWhenDone();
    this.#wakeReader();
    this.#wakeWriter();
  }

  abort(): void {
    this.fail(new SandboxError('Canceled', `The connection to ${this.#name} was aborted`));
  }

  /** Ends it for both sides. */
  fail(reason: SandboxError): void {
    this.#inbox.length = 0;
    this.#end('gateway_abort', reason);
  }

  /** The module is gone, with all its connections. */
  lose(reason: SandboxError): void {
    this.#end(undefined, reason);
  }

  get #name(): string {
    return `${this.remote.address}:${this.remote.port}`;
  }

  #receive(): void {
    const bytes = this.#module.read(this.#id);
    if (bytes.length > 0) this.#inbox.push(bytes);
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    while (this.#inbox.length === 0 && !this.#ended && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const chunk = this.#inbox.shift();
    if (chunk) {
      controller.enqueue(chunk);
      if (!this.#over) this.#module.call('gateway_took', this.#id, chunk.length);
      return;
    }
    if (this.#failure) controller.error(this.#failure);
    else controller.close();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#over) throw this.#failure ?? this.#reset();
      const part = chunk.subarray(at, at + bufferBytes - 1);
      const taken = this.#open ? this.#send(part) : 0;
      at += taken;
      if (taken === part.length) continue;
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  #send(part: Uint8Array): number {
    this.#module.give(part);
    const taken = this.#module.call('gateway_send', this.#id, part.length);
    if (taken < 0) throw this.#failureOf(taken);
    return taken;
  }

  #finish(): void {
    if (this.#over) return;
    this.#finished = true;
    this.#module.call('gateway_finish', this.#id);
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#ended && this.#finished) this.#end('gateway_close', undefined);
  }

  #end(call: 'gateway_close' | 'gateway_abort' | undefined, failure: SandboxError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.#opened.reject(failure ?? this.#reset());
    if (call) {
      try {
        this.#module.call(call, this.#id);
      } catch (thrown) {
        this.#failure ??= toSandboxError(thrown);
      }
    }
    // Whoever pipes into it shall hear of it without having to write first.
    if (this.#failure) this.#writing?.error(this.#failure);
    this.#wakeReader();
    this.#wakeWriter();
    this.#closed.resolve();
    this.#gone(this);
  }

  #reset(): SandboxError {
    return unavailable('reset', `The connection to ${this.#name} was closed by the other side`);
  }

  #failureOf(error: number): SandboxError {
    if (!this.#open) {
      if (error === lwipError.reset) return unavailable('refused', `${this.#name} refused the connection`);
      return unavailable('timeout', `${this.#name} does not answer`);
    }
    if (error === lwipError.reset || error === lwipError.closed) return this.#reset();
    return unavailable('timeout', `The connection to ${this.#name} was lost: the other side does not answer any more`);
  }
}

export function unavailable(reason: 'refused' | 'reset' | 'timeout' | 'unreachable', message: string): SandboxError {
  return new SandboxError('Unavailable', message, { details: { reason } });
}
