import { SandboxError } from '../base/errors';
import { type Connection, connect, transfer } from '../rpc/control';
import type { SpawnWorker, WorkerHandle } from '../rpc/worker-handle';
import { createPartSealer, type MakePart, type PartSealer } from './part-sealer';
import { randomId } from './random-id';
import type { SealerService } from './sealer-service';

interface Running {
  readonly handle: WorkerHandle;
  readonly connection: Connection<SealerService>;
  /** Blobs that are being sealed. */
  readonly blobs: Set<string>;
}

/**
 * A thread for sealing, beside the one that fetches, decompresses and indexes. sha256 is a fifth of the work of a pull, and
 * a new Blob another: not the work of making it, but the wait until the browser's process has taken its bytes.
 *
 * The thread lives as long as there is something to seal. Where it dies, what it had fails with it, as `Internal`, and what
 * comes later is sealed in this thread.
 */
export class SealerThread {
  readonly #spawn: SpawnWorker;
  readonly #makePart: MakePart;
  #running: Running | undefined;
  #died = false;

  constructor(spawn: SpawnWorker, makePart: MakePart) {
    this.#spawn = spawn;
    this.#makePart = makePart;
  }

  async open(): Promise<PartSealer> {
    if (this.#died) return createPartSealer(this.#makePart);
    this.#running ??= this.#start();
    const running = this.#running;
    const { remote } = running.connection;
    const blob = randomId();
    running.blobs.add(blob);
    const dispose = (): void => {
      if (!running.blobs.delete(blob)) return;
      if (running.blobs.size === 0) this.#end(running, new SandboxError('Canceled', 'Nothing is sealed any more'));
      else remote.close(blob).catch(() => undefined);
    };
    // Not waited for: bytes can come while the thread starts. If it does not, the first part is told.
    remote.open(blob).catch(() => undefined);
    return {
      seal: (bytes) => remote.seal(blob, transfer(bytes, [bytes.buffer])),
      finish: () => remote.finish(blob),
      dispose,
    };
  }

  #start(): Running {
    const handle = this.#spawn('sealer');
    const running: Running = { handle, connection: connect<SealerService>(handle.port), blobs: new Set() };
    handle.failed((error) => {
      this.#died = true;
      this.#end(running, error);
    });
    return running;
  }

  #end(running: Running, reason: SandboxError): void {
    if (this.#running === running) this.#running = undefined;
    running.connection.close(reason);
    running.handle.terminate();
  }
}
