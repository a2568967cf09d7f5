import { type ErrorRecord, parseError, SandboxError, serializeError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';

/**
 * A block device over one MessagePort, between a machine's worker and the store's.
 *
 * Many requests may be under way at once. They are answered as they are done, in any order, and matched by
 * id. A write is answered when the server has it, as by a disk with a volatile cache: from then on every
 * read sees it. A flush is answered when everything whose write was answered before it is durable. Two
 * requests for the same bytes that are under way together have no order between them (virtio 1.2, 5.2.6.2).
 *
 * Bytes travel in buffers that are transferred.
 */

/** Bytes of one read or write at most: what a guest asks for in one request stays below it. */
export const blockRequestLimit = 1024 * 1024;

/** What a client of ours has under way at most. */
export const clientLimits = { requests: 128, bytes: 8 * 1024 * 1024 } as const;

/** What a block port leads to. Ranges were checked against nothing but {@link blockRequestLimit}. */
export interface BlockTarget {
  /** The bytes, in a buffer of their own. `InvalidArgument` beyond the end. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** `bytes` is the target's to keep. */
  write(offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  flush(): Promise<void>;
  /** Numbers of the extents (formats/disk-image.ts) that may hold something but zeros, ascending. */
  extents(): Promise<Uint32Array<ArrayBuffer>>;
  /** The client has gone, by its own will or not. */
  close(): Promise<void>;
}

type Request = { readonly id: number } & (
  | { readonly type: 'read'; readonly offset: number; readonly length: number }
  | { readonly type: 'write'; readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'flush' | 'extents' | 'close' }
  /** The answer to a probe, by its id; itself without an answer. */
  | { readonly type: 'alive' }
);

type Answer = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | undefined;

type Response = { readonly id: number } & (
  | { readonly value: Answer }
  | { readonly error: ErrorRecord }
  /** Not a response: a question whether there is still somebody. The id is the server's. */
  | { readonly probe: true }
);

export interface BlockPortOptions {
  /** Fires when the server's thread has ended; what waits is then rejected. */
  readonly lost?: AbortSignal;
  /** Requests under way at most. */
  readonly maxRequests?: number;
  /** Bytes asked for or sent by them at most. */
  readonly maxBytes?: number;
}

interface Waiting {
  readonly bytes: number;
  resolve(value: Answer): void;
  reject(error: SandboxError): void;
}

/**
 * The machine's end. It holds a bounded number of requests: a device looks at {@link hasRoom} and leaves the
 * rest in the guest's own queue until {@link roomMade} fires.
 *
 * Errors of every call: what the server says, `ResourceExhausted` without room, `Unavailable` when the
 * server has gone or the port is closed.
 */
export class BlockPortClient {
  readonly #port: MessagePort;
  readonly #maxRequests: number;
  readonly #maxBytes: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #roomMade = new Emitter<void>();
  readonly #lost: AbortSignal | undefined;
  #bytes = 0;
  #lastId = 0;
  #refused = false;
  #ended: SandboxError | undefined;

  constructor(port: MessagePort, options: BlockPortOptions = {}) {
    const { lost, maxRequests = clientLimits.requests, maxBytes = clientLimits.bytes } = options;
    this.#port = port;
    this.#maxRequests = maxRequests;
    this.#maxBytes = maxBytes;
    this.#lost = lost;
    port.onmessage = ({ data }: MessageEvent<Response>) => this.#settle(data);
    // Node tells when the other end has gone; in browsers it takes `lost`.
    port.addEventListener('close', this.#onClosed);
    lost?.addEventListener('abort', this.#onLost, { once: true });
    if (lost?.aborted) this.#onLost();
  }

  /** Requests that wait for their answer. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Nothing is sent or answered any more. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Fires when there is room again after there was none. */
  get roomMade(): Event<void> {
    return this.#roomMade.event;
  }

  /** Whether a request of that many bytes would be taken now; when not, `roomMade` will fire. */
  hasRoom(bytes = 0): boolean {
    // One request alone is taken whatever its size, or it would never be.
    const room = this.pending === 0 || (this.pending < this.#maxRequests && this.#bytes + bytes <= this.#maxBytes);
    if (!room) this.#refused = true;
    return room;
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const value = await this.#ask({ id: this.#nextId(), type: 'read', offset, length }, length);
    if (!(value instanceof Uint8Array) || value.length !== length) {
      throw new SandboxError('DataLoss', `A block read at ${offset} returned something other than ${length} bytes`);
    }
    return value;
  }

  /** `bytes` is handed over where it is the whole of its buffer, and copied where it is a part. */
  async write(offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const whole = bytes.byteLength === bytes.buffer.byteLength;
    const own = whole ? bytes : bytes.slice();
    await this.#ask({ id: this.#nextId(), type: 'write', offset, bytes: own }, own.length, [own.buffer]);
  }

  async flush(): Promise<void> {
    await this.#ask({ id: this.#nextId(), type: 'flush' });
  }

  /** Numbers of the extents (formats/disk-image.ts) that may hold something but zeros, ascending. */
  async extents(): Promise<Uint32Array<ArrayBuffer>> {
    const value = await this.#ask({ id: this.#nextId(), type: 'extents' });
    if (!(value instanceof Uint32Array)) throw new SandboxError('DataLoss', 'The list of extents is none');
    return value;
  }

  /**
   * Gives the port away, to be transferred in this very turn of the event loop; the server notices nothing.
   * `FailedPrecondition` while requests wait for their answers.
   */
  handOver(): MessagePort {
    if (this.pending > 0) {
      throw new SandboxError('FailedPrecondition', `${this.pending} block requests wait for their answers`);
    }
    this.#ended = new SandboxError('Unavailable', 'The disk has moved to another thread');
    this.#release();
    this.#port.onmessage = null;
    return this.#port;
  }

  /** Frees the disk; what was not flushed is flushed. Harmless when it is closed already. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const answer = this.#ask({ id: this.#nextId(), type: 'close' });
    try {
      await answer;
    } finally {
      this.#end(new SandboxError('Unavailable', 'The disk was closed'));
    }
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #ask(request: Request, bytes = 0, transfers: Transferable[] = []): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    // A close is always taken: it is the last.
    if (request.type !== 'close' && !this.hasRoom(bytes)) {
      const message = `Too much is asked of a disk at once: ${this.pending} requests, ${this.#bytes} bytes`;
      return Promise.reject(new SandboxError('ResourceExhausted', message));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { bytes, resolve, reject });
      this.#bytes += bytes;
      this.#port.postMessage(request, transfers);
    });
  }

  #settle(response: Response): void {
    if ('probe' in response) {
      this.#port.postMessage({ id: response.id, type: 'alive' } satisfies Request);
      return;
    }
    const waiting = this.#waiting.get(response.id);
    if (!waiting) return;
    this.#waiting.delete(response.id);
    this.#bytes -= waiting.bytes;
    if ('error' in response) waiting.reject(parseError(response.error));
    else waiting.resolve(response.value);
    if (this.#refused && this.#bytes <= this.#maxBytes / 2) {
      this.#refused = false;
      this.#roomMade.fire();
    }
  }

  readonly #onClosed = (): void =>
    this.#end(new SandboxError('Unavailable', 'The store has gone, and the disk with it'));
  readonly #onLost = (): void =>
    this.#end(
      new SandboxError('Unavailable', 'The store has gone, and the disk with it', { cause: this.#lost?.reason }),
    );

  #end(reason: SandboxError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#release();
    this.#port.close();
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #release(): void {
    this.#lost?.removeEventListener('abort', this.#onLost);
    this.#port.removeEventListener('close', this.#onClosed);
    this.#roomMade.dispose();
  }
}

/** Requests a server works on at once: more than a client of ours ever sends. */
const serverRequestLimit = 1024;

/** The store's end of a block port. */
export interface BlockPortServer {
  /** Resolves when the client has given a sign of life; of one that has died nobody hears. */
  probe(): Promise<void>;
  /** Closes the target and ends the port: what the client asks then is answered by nobody. */
  close(): Promise<void>;
}

/** Serves `target` until the client closes it, or is known to have died; then the target is closed, once. */
export function serveBlockPort(port: MessagePort, target: BlockTarget): BlockPortServer {
  let working = 0;
  let closing: Promise<void> | undefined;
  let lastProbe = 0;
  const probes = new Map<number, () => void>();
  const close = (): Promise<void> => {
    closing ??= target.close();
    return closing;
  };
  const end = async (): Promise<void> => {
    port.onmessage = null;
    port.removeEventListener('close', onClosed);
    probes.clear();
    try {
      await close();
    } finally {
      port.close();
    }
  };
  // Nobody is left to be told of a failure.
  const onClosed = (): void => void end().catch(() => undefined);

  const answer = async (request: Request): Promise<void> => {
    if (working >= serverRequestLimit) {
      port.postMessage(failure(request.id, new SandboxError('ResourceExhausted', 'Too many block requests at once')));
      return;
    }
    working += 1;
    try {
      const value = await perform(target, close, request);
      port.postMessage({ id: request.id, value } satisfies Response, value ? [value.buffer] : []);
    } catch (error) {
      port.postMessage(failure(request.id, error));
    } finally {
      working -= 1;
    }
    if (request.type === 'close') onClosed();
  };
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    if (data.type !== 'alive') {
      void answer(data);
      return;
    }
    probes.get(data.id)?.();
    probes.delete(data.id);
  };
  // In Node; browsers do not tell.
  port.addEventListener('close', onClosed);
  return {
    close: end,
    probe: () =>
      new Promise((resolve) => {
        lastProbe += 1;
        probes.set(lastProbe, resolve);
        port.postMessage({ id: lastProbe, probe: true } satisfies Response);
      }),
  };
}

function failure(id: number, error: unknown): Response {
  return { id, error: serializeError(toSandboxError(error)) };
}

async function perform(target: BlockTarget, close: () => Promise<void>, request: Request): Promise<Answer> {
  switch (request.type) {
    case 'read':
      requireRange(request.offset, request.length);
      return target.read(request.offset, request.length);
    case 'write':
      if (!(request.bytes instanceof Uint8Array)) throw new SandboxError('InvalidArgument', 'A write without bytes');
      requireRange(request.offset, request.bytes.length);
      await target.write(request.offset, request.bytes);
      return undefined;
    case 'flush':
      await target.flush();
      return undefined;
    case 'extents':
      return target.extents();
    case 'close':
      await close();
      return undefined;
    default:
      throw new SandboxError('InvalidArgument', 'No such block request');
  }
}

function requireRange(offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0;
  if (valid && length <= blockRequestLimit) return;
  const message = `Not a block request of at most ${blockRequestLimit} bytes: ${length} at ${offset}`;
  throw new SandboxError('InvalidArgument', message);
}
