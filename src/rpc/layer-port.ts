import type { LayerIndex } from '../api/layer';
import { type Clock, systemClock } from '../base/clock';
import { type ErrorRecord, parseError, SandboxError, serializeError, toSandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';

/**
 * A layer over one MessagePort, between a machine's worker and the store's: its index once, and ranges of its
 * uncompressed tar. Nothing of it ever changes, so whatever was asked may be asked again. Questions are answered as
 * they are done, in any order. Bytes travel in buffers that are transferred.
 */

/** Bytes of one range at most. */
export const layerRangeLimit = 4 * 1024 * 1024;

/** What a layer port leads to. */
export interface LayerTarget {
  index(): Promise<LayerIndex>;
  /** All bytes of the range, in a buffer of their own. `InvalidArgument` beyond the end. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The client has gone, by its own will or not. */
  close(): void;
}

type Question = { readonly type: 'index' } | { readonly type: 'read'; readonly start: number; readonly end: number };

type Request = ({ readonly id: number } & Question) | { readonly type: 'close' };

type Answer = LayerIndex | Uint8Array<ArrayBuffer>;

type Response = { readonly id: number } & ({ readonly value: Answer } | { readonly error: ErrorRecord });

/** A layer's way to the store as it is handed to another thread, or begins. */
export interface LayerPortState {
  /** Absent while the store is gone. */
  readonly port?: MessagePort;
  /** The last question that was asked through it: answers to that and earlier ones may still be on their way. */
  readonly lastId?: number;
  /** The layer is lost for good. */
  readonly failure?: ErrorRecord;
}

export interface LayerPortOptions {
  readonly clock?: Clock;
  /** How long a port may be known to be dead before the layer counts as lost, milliseconds. */
  readonly patienceMs?: number;
}

/** As for disks: the engine tries for half a minute, and says so when it gives up. */
const defaultPatienceMs = 60_000;

interface Waiting {
  readonly question: Question;
  resolve(value: Answer): void;
  reject(error: SandboxError): void;
}

/**
 * The machine's end, which outlives the store's worker: after {@link renew} what waits is asked once more. Errors of
 * every call: what the server says, `Unavailable` when the store has gone for good or the port is closed.
 */
export class LayerPortClient implements Disposable {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #port: MessagePort | undefined;
  #lastId: number;
  #patience: Disposable | undefined;
  #ended: SandboxError | undefined;

  constructor({ port, lastId = 0, failure }: LayerPortState, options: LayerPortOptions = {}) {
    const { clock = systemClock, patienceMs = defaultPatienceMs } = options;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#lastId = lastId;
    if (failure) this.#ended = parseError(failure);
    else if (port) this.renew(port);
    else this.#wait();
  }

  async index(): Promise<LayerIndex> {
    return (await this.#ask({ type: 'index' })) as LayerIndex;
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#ask({ type: 'read', start, end });
    if (bytes instanceof Uint8Array && bytes.length === end - start) return bytes;
    throw new SandboxError('DataLoss', `A layer's bytes from ${start} on are not ${end - start}`);
  }

  /** Goes on over another port: the store was started again. */
  renew(port: MessagePort): void {
    if (this.#ended) {
      port.close();
      return;
    }
    this.#letGo()?.close();
    this.#patience?.dispose();
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<Response>) => this.#settle(data);
    // Told in Node; in browsers only a new port tells.
    port.addEventListener('close', this.#onDeath);
    for (const [id, { question }] of this.#waiting) port.postMessage({ id, ...question } satisfies Request);
  }

  /** The layer is lost for good. */
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
  handOver(): LayerPortState {
    const failure = this.#ended && serializeError(this.#ended);
    const port = this.#letGo();
    this.fail(new SandboxError('Unavailable', 'The layer has moved to another thread'));
    return { ...(port && { port }), lastId: this.#lastId, ...(failure && { failure }) };
  }

  dispose(): void {
    this.#port?.postMessage({ type: 'close' } satisfies Request);
    this.fail(new SandboxError('Unavailable', 'The layer was closed'));
  }

  #ask(question: Question): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { question, resolve, reject });
      this.#port?.postMessage({ id: this.#lastId, ...question } satisfies Request);
    });
  }

  #settle(response: Response): void {
    const waiting = this.#waiting.get(response.id);
    if (!waiting) return;
    this.#waiting.delete(response.id);
    if ('error' in response) waiting.reject(parseError(response.error));
    else waiting.resolve(response.value);
  }

  readonly #onDeath = (): void => {
    this.#letGo();
    this.#wait();
  };

  #wait(): void {
    this.#patience = this.#clock.after(this.#patienceMs, () =>
      this.fail(new SandboxError('Unavailable', 'The store has gone, and the layer with it')),
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

/** Questions a server works on at once: more than a client of ours ever has. */
const serverLimit = 256;

/** The store's end: serves the layer until the client closes it, or is known to have died. */
export function serveLayerPort(port: MessagePort, target: LayerTarget): void {
  let working = 0;
  const end = (): void => {
    port.onmessage = null;
    port.removeEventListener('close', end);
    port.close();
    target.close();
  };
  const answer = async ({ id, ...question }: { readonly id: number } & Question): Promise<void> => {
    try {
      if (working >= serverLimit) throw new SandboxError('ResourceExhausted', 'Too much is asked of a layer at once');
      working += 1;
      try {
        const value = await perform(target, question);
        port.postMessage({ id, value } satisfies Response, value instanceof Uint8Array ? [value.buffer] : []);
      } finally {
        working -= 1;
      }
    } catch (error) {
      port.postMessage({ id, error: serializeError(toSandboxError(error)) } satisfies Response);
    }
  };
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    if (data.type === 'close') end();
    else void answer(data);
  };
  // In Node; browsers do not tell.
  port.addEventListener('close', end);
}

async function perform(target: LayerTarget, question: Question): Promise<Answer> {
  switch (question.type) {
    case 'index':
      return target.index();
    case 'read': {
      const { start, end } = question;
      const valid = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end;
      if (valid && end - start <= layerRangeLimit) return target.read(start, end);
      throw new SandboxError('InvalidArgument', `Not a range of at most ${layerRangeLimit} bytes: ${start} to ${end}`);
    }
    default:
      throw new SandboxError('InvalidArgument', 'No such question about a layer');
  }
}
