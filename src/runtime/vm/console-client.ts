import type { ConsoleAttachment, ConsoleOutput, TerminalSize } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { ConsoleHub } from './console-hub';
import type { ConsoleToClient, ConsoleToWorker } from './vm-protocol';

/**
 * The client's end of a vm's console. It keeps the scrollback in a hub of its own, so that what a machine
 * printed can still be read when its worker is gone, and so that readers stay attached over a reset.
 */
export class ConsoleClient {
  readonly #hub = new ConsoleHub();
  #port: MessagePort | undefined;
  /** That of a run that has ended, until its last words are here. */
  #leaving: MessagePort | undefined;
  #size: TerminalSize | undefined;
  #drained = createDeferred<void>();

  /** The port for a new worker; output goes on in the same scrollback. */
  connect(): MessagePort {
    this.#port?.close();
    this.#drained.resolve();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const drained = createDeferred<void>();
    this.#drained = drained;
    port1.onmessage = ({ data }: MessageEvent<ConsoleToClient>) => {
      if (data.skipped > 0) this.#hub.skip(data.skipped);
      this.#hub.write(data.bytes);
      port1.postMessage({ acknowledged: data.bytes.length } satisfies ConsoleToWorker);
      if (!data.last) return;
      drained.resolve();
      port1.close();
    };
    if (this.#size) this.#tell({ resize: this.#size });
    return port2;
  }

  /** The run has ended: nothing is told to it any more, and what it said last is let in, up to the end of one more run. */
  leave(): void {
    if (!this.#port) return;
    this.#leaving?.close();
    this.#leaving = this.#port;
    this.#port = undefined;
  }

  /** Nothing comes any more. */
  disconnect(): void {
    this.#leaving?.close();
    this.#leaving = undefined;
    this.#port?.close();
    this.#port = undefined;
    this.#drained.resolve();
  }

  /**
   * Resolves when the last of what a worker that closes its end had to say is in the scrollback: how it ended comes by
   * another port, and may be here before.
   */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  attach(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    const attachment = this.#hub.attach(onOutput);
    return {
      dispose: () => attachment.dispose(),
      acknowledge: (bytes) => attachment.acknowledge(bytes),
      write: (bytes) => this.#tell({ input: bytes }),
      resize: (size) => {
        this.#size = size;
        this.#tell({ resize: size });
      },
    };
  }

  /** Everything still in the scrollback. */
  snapshot(): Uint8Array<ArrayBuffer> {
    return this.#hub.snapshot();
  }

  #tell(message: ConsoleToWorker): void {
    this.#port?.postMessage(message);
  }
}
