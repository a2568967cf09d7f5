import { SandboxError, toSandboxError } from '../base/errors';
import type { Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { writableToPort } from '../rpc/byte-stream';
import { transfer } from '../rpc/control';
import type { StoreEvent } from '../storage/store-supervision';

/** A file, or bytes as they come. */
export type ImageBytes = Blob | ReadableStream<Uint8Array>;

/** The life of the store's worker: streams that lead there end with it, and the next worker has another. */
export class StoreLife implements Disposable {
  readonly #disposables = new DisposableStore();
  #life = new AbortController();

  /** `events`: what becomes of the worker, where it can die. */
  constructor(events?: Event<StoreEvent>) {
    if (!events) return;
    this.#disposables.add(
      events((event) => {
        if (event.kind === 'opened') return;
        this.#life.abort(toSandboxError(event.error));
        this.#life = new AbortController();
      }),
    );
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  dispose(): void {
    this.#life.abort(new SandboxError('Canceled', 'The page has ended'));
    this.#disposables.dispose();
  }

  /** A file is handed over as it is, a stream through a port. Who made the stream hears when the store lets go of it. */
  async send<T>(bytes: ImageBytes, use: (sent: Blob | MessagePort) => Promise<T>): Promise<T> {
    if (bytes instanceof Blob) return use(bytes);
    const { port1, port2 } = new MessageChannel();
    const ended = new AbortController();
    const life = this.signal;
    const end = (): void => ended.abort(life.reason);
    life.addEventListener('abort', end, { once: true });
    // Of a failure the reading side tells: it hears of everything that happens here.
    const sending = bytes.pipeTo(writableToPort(port1, ended.signal)).catch(() => undefined);
    try {
      return await use(transfer(port2, [port2]));
    } finally {
      life.removeEventListener('abort', end);
      // By the far end of the pipe: a write that waits for its reader would keep the near one from ending.
      ended.abort(new SandboxError('Canceled', 'The store wants no more of it'));
      await sending;
    }
  }
}
