import type { ScreenAttachment, ScreenInput, ScreenUpdate } from '../../api/screen';
import { Emitter } from '../../base/events';
import { type Disposable, toDisposable } from '../../base/lifecycle';
import type { ScreenToClient, ScreenToWorker } from './vm-protocol';

/**
 * The client's end of a machine's screen. Who looks stays attached over resets and migrations; while nobody does, the
 * machine sends nothing.
 */
export class ScreenClient implements Disposable {
  readonly #updates = new Emitter<ScreenUpdate>();
  #port: MessagePort | undefined;

  /** The port for a new worker. */
  connect(): MessagePort {
    this.disconnect();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<ScreenToClient>) => {
      this.#updates.fire(data);
      this.#tell({ shown: true });
    };
    if (this.#updates.listenerCount > 0) this.#tell({ watch: true });
    return port2;
  }

  disconnect(): void {
    this.#port?.close();
    this.#port = undefined;
  }

  attach(onUpdate: (update: ScreenUpdate) => void): ScreenAttachment {
    const subscription = this.#updates.event(onUpdate);
    // Also where others look already: the new one is to get all of it.
    this.#tell({ watch: true });
    const attachment = toDisposable(() => {
      subscription.dispose();
      if (this.#updates.listenerCount === 0) this.#tell({ watch: false });
    });
    return { dispose: () => attachment.dispose(), send: (input: ScreenInput) => this.#tell({ input }) };
  }

  dispose(): void {
    this.disconnect();
    this.#updates.dispose();
  }

  #tell(message: ScreenToWorker): void {
    this.#port?.postMessage(message);
  }
}
