import type { DiskId, DiskStore } from '../api/disk';
import type { DiskAttachment, ReopenedDisk } from '../api/instance';
import { type Clock, delay } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import { BlockPortClient } from '../rpc/block-port';

/** How long a disk's machine waits for the store, milliseconds: guests complain of a disk after 120 s (hung_task_timeout_secs). */
const reopenMs = 30_000;

/** Between two tries, milliseconds. */
const pauseMs = 250;

export interface DiskAttachmentsOptions {
  readonly disks: DiskStore;
  /** Fires when the store's worker has died; calls from then on wait for the next one, for a while. */
  readonly storeLost: Event<unknown>;
  readonly clock: Clock;
  readonly randomId: () => string;
  /** A disk is lost to its machine. */
  readonly failed: (error: SandboxError) => void;
}

/** A disk that a machine has open. */
interface Attached {
  readonly disk: DiskId;
  readonly reopened: Emitter<ReopenedDisk>;
  /** Openings that may have been the last: one whose answer was lost may have come about. */
  marks: readonly string[];
  /** Counts deaths of the store, so that one that comes while the disk is opened anew is not overlooked. */
  losses: number;
  reopening: boolean;
  detached: boolean;
}

/** The disks that machines have open. When the store's worker dies they are opened anew under the running machines. */
export class DiskAttachments implements Disposable {
  readonly #options: DiskAttachmentsOptions;
  readonly #attached = new Set<Attached>();
  readonly #lost: Disposable;
  readonly #disposed = new AbortController();

  constructor(options: DiskAttachmentsOptions) {
    this.#options = options;
    this.#lost = options.storeLost(() => this.#onLost());
  }

  /** All or none. */
  async attach(ids: readonly DiskId[]): Promise<readonly DiskAttachment[]> {
    const made: DiskAttachment[] = [];
    try {
      for (const id of ids) made.push(await this.#attach(id));
      return made;
    } catch (error) {
      for (const { port, detach } of made) {
        detach();
        new BlockPortClient(port).close().catch(() => {});
      }
      throw error;
    }
  }

  dispose(): void {
    this.#lost.dispose();
    this.#disposed.abort();
    for (const attached of this.#attached) this.#detach(attached);
  }

  async #attach(disk: DiskId): Promise<DiskAttachment> {
    const { disks, randomId } = this.#options;
    // No browser tells that a worker that was ended had it open.
    await disks.close(disk);
    const { sizeBytes } = await disks.info(disk);
    const mark = randomId();
    const attached: Attached = {
      disk,
      reopened: new Emitter<ReopenedDisk>(),
      marks: [mark],
      losses: 0,
      reopening: false,
      detached: false,
    };
    const port = await disks.open(disk, { mark });
    // Nobody can be lost before this: a store that ended meanwhile has not answered.
    this.#attached.add(attached);
    return {
      id: disk,
      sizeBytes,
      port,
      mark,
      reopened: attached.reopened.event,
      detach: () => this.#detach(attached),
    };
  }

  #detach(attached: Attached): void {
    attached.detached = true;
    attached.reopened.dispose();
    this.#attached.delete(attached);
  }

  #onLost(): void {
    for (const attached of this.#attached) {
      attached.losses += 1;
      if (!attached.reopening) void this.#reopen(attached);
    }
  }

  async #reopen(attached: Attached): Promise<void> {
    const { clock, failed } = this.#options;
    attached.reopening = true;
    const deadline = clock.monotonic() + reopenMs;
    try {
      attached.reopened.fire(await this.#open(attached, deadline));
    } catch (thrown) {
      if (attached.detached) return;
      const error = lostDisk(attached.disk, toSandboxError(thrown));
      attached.reopened.fire({ error });
      this.#detach(attached);
      failed(error);
    } finally {
      attached.reopening = false;
    }
  }

  /** Tries until the store is there and stays for a moment; throws when that is in vain. */
  async #open(attached: Attached, deadline: number): Promise<{ readonly port: MessagePort; readonly mark: string }> {
    const { disks, clock, randomId } = this.#options;
    for (;;) {
      if (attached.detached) throw machineEnded();
      const [mark, losses, after] = [randomId(), attached.losses, attached.marks];
      attached.marks = [...after, mark];
      try {
        const port = await disks.open(attached.disk, { mark, after });
        attached.marks = [mark];
        if (!attached.detached && attached.losses === losses) return { port, mark };
        // Frees the disk if the store is there to hear it.
        new BlockPortClient(port).close().catch(() => {});
      } catch (error) {
        const { code } = toSandboxError(error);
        if (code !== 'Unavailable' || attached.detached || clock.monotonic() >= deadline) throw error;
        await delay(clock, pauseMs, this.#disposed.signal);
      }
    }
  }
}

function machineEnded(): SandboxError {
  return new SandboxError('Canceled', 'The machine has ended');
}

function lostDisk(disk: DiskId, cause: SandboxError): SandboxError {
  const why =
    cause.code === 'NotFound' ? 'it was kept in memory only, and went with the store' : lowerFirst(cause.message);
  const message = `A disk is lost to its running machine, which gets I/O errors from it: ${why}`;
  return new SandboxError(cause.code, message, { cause, details: { disk } });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
