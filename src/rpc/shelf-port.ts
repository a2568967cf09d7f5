import type { Digest } from '../api/content-store';
import { type Clock, systemClock } from '../base/clock';
import { type ErrorRecord, parseError, SandboxError, serializeError, toSandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import type { LastingPortState } from './lasting-port';
import { LayerPortClient } from './layer-port';

/**
 * A shelf of layers over one MessagePort, between a machine's worker and the engine: which layers a name stands for, and
 * a layer port (layer-port.ts) for each layer that is needed, once. When the store's worker has died the engine sends a
 * port in the place of each that it had sent.
 */

type Question = { readonly type: 'stack'; readonly name: string } | { readonly type: 'open'; readonly layer: Digest };

type ToEngine = ({ readonly id: number } & Question) | { readonly type: 'close' };

type ToWorker =
  | { readonly type: 'stack'; readonly id: number; readonly layers: readonly Digest[] }
  | { readonly type: 'opened'; readonly id: number; readonly port: MessagePort }
  | { readonly type: 'refused'; readonly id: number; readonly error: ErrorRecord }
  | { readonly type: 'renewed'; readonly layer: Digest; readonly port: MessagePort }
  | { readonly type: 'lost'; readonly layer: Digest; readonly error: ErrorRecord };

/** A shelf as it is handed to another thread, or begins. */
export interface ShelfState {
  /** Absent: it was closed. */
  readonly port?: MessagePort;
  readonly layers?: readonly { readonly layer: Digest; readonly state: LastingPortState }[];
}

interface Waiting {
  resolve(answer: ToWorker): void;
  reject(error: SandboxError): void;
}

/** The machine's end. Errors of every call: what the engine says, `Unavailable` when it is closed. */
export class ShelfClient implements Disposable {
  readonly #clock: Clock;
  readonly #port: MessagePort | undefined;
  readonly #layers = new Map<Digest, Promise<LayerPortClient>>();
  /** Of the above, those that are there. */
  readonly #open = new Map<Digest, LayerPortClient>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closed = false;

  constructor({ port, layers = [] }: ShelfState, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#port = port;
    for (const { layer, state } of layers) {
      const client = new LayerPortClient(state, { clock });
      this.#open.set(layer, client);
      this.#layers.set(layer, Promise.resolve(client));
    }
    if (port) port.onmessage = ({ data }: MessageEvent<ToWorker>) => this.#hear(data);
    else this.#closed = true;
  }

  /** The layers up to the one of that name, the lowest first. `NotFound`: it was never offered. */
  async stack(name: string): Promise<readonly Digest[]> {
    const answer = await this.#ask({ type: 'stack', name });
    if (answer.type === 'stack') return answer.layers;
    throw new SandboxError('Internal', `Not an answer about the stack ${name}`);
  }

  /** A layer, opened by the first who asks for it. One that could not be opened is asked for again. */
  layer(layer: Digest): Promise<LayerPortClient> {
    const known = this.#layers.get(layer);
    if (known) return known;
    const opening = this.#openLayer(layer);
    this.#layers.set(layer, opening);
    opening.catch(() => this.#layers.delete(layer));
    return opening;
  }

  /** Gives everything away, to be transferred in this very turn of the event loop. Nothing may be under way. */
  handOver(): ShelfState {
    const layers = [...this.#open].map(([layer, client]) => ({ layer, state: client.handOver() }));
    if (this.#port) this.#port.onmessage = null;
    this.#end(new SandboxError('Unavailable', 'The layers have moved to another thread'));
    return { ...(this.#port && { port: this.#port }), layers };
  }

  dispose(): void {
    for (const client of this.#open.values()) client.dispose();
    this.#port?.postMessage({ type: 'close' } satisfies ToEngine);
    this.#end(new SandboxError('Unavailable', 'The layers were closed'));
  }

  async #openLayer(layer: Digest): Promise<LayerPortClient> {
    const answer = await this.#ask({ type: 'open', layer });
    if (answer.type !== 'opened') throw new SandboxError('Internal', `Not an answer about the layer ${layer}`);
    const client = new LayerPortClient({ port: answer.port }, { clock: this.#clock });
    this.#open.set(layer, client);
    return client;
  }

  #ask(question: Question): Promise<ToWorker> {
    if (this.#closed) return Promise.reject(new SandboxError('Unavailable', 'The layers were closed'));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port?.postMessage({ id, ...question } satisfies ToEngine);
    });
  }

  #hear(message: ToWorker): void {
    if (message.type === 'renewed') {
      const client = this.#open.get(message.layer);
      if (client) client.renew(message.port);
      else message.port.close();
      return;
    }
    if (message.type === 'lost') {
      this.#open.get(message.layer)?.fail(parseError(message.error));
      // Who needs it again asks for it again.
      this.#open.delete(message.layer);
      this.#layers.delete(message.layer);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'refused') waiting?.reject(parseError(message.error));
    else waiting?.resolve(message);
  }

  #end(reason: SandboxError): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    this.#open.clear();
    this.#layers.clear();
  }
}

/** What a shelf port leads to. */
export interface ShelfTarget {
  /** `NotFound`. */
  stack(name: string): readonly Digest[];
  open(layer: Digest): Promise<MessagePort>;
  /** The machine needs nothing more. */
  close(): void;
}

/** The engine's hold on a shelf port. */
export interface ShelfServer extends Disposable {
  renew(layer: Digest, port: MessagePort): void;
  lose(layer: Digest, error: SandboxError): void;
}

/** The engine's end. */
export function serveShelfPort(port: MessagePort, target: ShelfTarget): ShelfServer {
  const tell = (message: ToWorker, transferred: readonly MessagePort[] = []): void =>
    port.postMessage(message, [...transferred]);
  const end = (): void => {
    port.onmessage = null;
    port.removeEventListener('close', gone);
    port.close();
  };
  const gone = (): void => {
    end();
    target.close();
  };
  const answer = async ({ id, ...question }: { readonly id: number } & Question): Promise<void> => {
    try {
      if (question.type === 'stack') {
        tell({ type: 'stack', id, layers: target.stack(question.name) });
        return;
      }
      const opened = await target.open(question.layer);
      tell({ type: 'opened', id, port: opened }, [opened]);
    } catch (error) {
      tell({ type: 'refused', id, error: serializeError(toSandboxError(error)) });
    }
  };
  port.onmessage = ({ data }: MessageEvent<ToEngine>) => {
    if (data.type === 'close') gone();
    else void answer(data);
  };
  // In Node; browsers do not tell.
  port.addEventListener('close', gone);
  return {
    renew: (layer, renewed) => tell({ type: 'renewed', layer, port: renewed }, [renewed]),
    lose: (layer, error) => tell({ type: 'lost', layer, error: serializeError(error) }),
    dispose: end,
  };
}
