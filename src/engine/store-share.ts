import type { Digest } from '../api/content-store';
import type { ShareStore } from '../api/share';
import type { Clock } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import { type ShelfServer, serveShelfPort } from '../rpc/shelf-port';
import type { LayerStacks } from './layer-stacks';
import { openAgain } from './open-again';

export interface StoreShareOptions {
  readonly tag: string;
  readonly shares: ShareStore;
  readonly stacks: Pick<LayerStacks, 'stack'>;
  readonly clock: Clock;
  /** A layer is lost to the machine. */
  readonly failed: (error: SandboxError) => void;
}

/** The engine's end of a layer store that a machine has open: layers are opened as it asks for them. */
export class StoreShare implements Disposable {
  /** For the machine's worker. */
  readonly port: MessagePort;
  readonly #options: StoreShareOptions;
  readonly #server: ShelfServer;
  readonly #open = new Set<Digest>();
  readonly #reopening = new Set<Digest>();
  readonly #disposed = new AbortController();
  #losses = 0;

  constructor(options: StoreShareOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    this.#server = serveShelfPort(port1, {
      stack: (name) => options.stacks.stack(name),
      open: (layer) => this.#openLayer(layer),
      close: () => this.dispose(),
    });
  }

  /** The store's worker has died. */
  lost(): void {
    this.#losses += 1;
    for (const layer of this.#open) if (!this.#reopening.has(layer)) void this.#reopen(layer);
  }

  dispose(): void {
    this.#disposed.abort();
    this.#open.clear();
    this.#server.dispose();
  }

  async #openLayer(layer: Digest): Promise<MessagePort> {
    const losses = this.#losses;
    const port = await this.#options.shares.openLayer(layer);
    if (this.#disposed.signal.aborted) {
      port.close();
      throw new SandboxError('Unavailable', 'The machine has ended');
    }
    this.#open.add(layer);
    // A store that died since it answered took this port along.
    if (losses !== this.#losses) void this.#reopen(layer);
    return port;
  }

  async #reopen(layer: Digest): Promise<void> {
    const { shares, clock, failed, tag } = this.#options;
    const { signal } = this.#disposed;
    this.#reopening.add(layer);
    try {
      const port = await openAgain({
        open: () => shares.openLayer(layer),
        close: (opened) => opened.close(),
        wanted: () => this.#open.has(layer),
        losses: () => this.#losses,
        clock,
        signal,
      });
      if (port) this.#server.renew(layer, port);
    } catch (thrown) {
      if (signal.aborted) return;
      const cause = toSandboxError(thrown);
      const message = `The layer ${layer} is lost to a running machine, which gets I/O errors from it: ${cause.message}`;
      const error = new SandboxError(cause.code, message, { cause, details: { share: tag, layer } });
      this.#open.delete(layer);
      this.#server.lose(layer, error);
      failed(error);
    } finally {
      this.#reopening.delete(layer);
    }
  }
}
