import type { ReopenedShare, ShareAttachment } from '../api/instance';
import type { ShareSpec, ShareStore } from '../api/share';
import { type Clock, delay } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';

/** How long a share's machine waits for the store, milliseconds: as long as for disks. */
const reopenMs = 30_000;

/** Between two tries, milliseconds. */
const pauseMs = 250;

export interface ShareAttachmentsOptions {
  /** Absent: there is nothing to share. */
  readonly shares?: ShareStore | undefined;
  /** Fires when the store's worker has died; calls from then on wait for the next one, for a while. */
  readonly storeLost: Event<unknown>;
  readonly clock: Clock;
  /** A share is lost to its machine. */
  readonly failed: (error: SandboxError) => void;
}

/** A share that a machine has open. */
interface Attached {
  readonly spec: ShareSpec;
  readonly reopened: Emitter<ReopenedShare>;
  /** Counts deaths of the store, so that one that comes while the share is opened anew is not overlooked. */
  losses: number;
  reopening: boolean;
  detached: boolean;
}

/** The shares that machines have open. When the store's worker dies they are opened anew under the running machines. */
export class ShareAttachments implements Disposable {
  readonly #options: ShareAttachmentsOptions;
  readonly #attached = new Set<Attached>();
  readonly #lost: Disposable;
  readonly #disposed = new AbortController();

  constructor(options: ShareAttachmentsOptions) {
    this.#options = options;
    this.#lost = options.storeLost(() => this.#onLost());
  }

  /** All or none. */
  async attach(specs: readonly ShareSpec[]): Promise<readonly ShareAttachment[]> {
    const made: ShareAttachment[] = [];
    try {
      for (const spec of specs) made.push(await this.#attach(spec));
      return made;
    } catch (error) {
      for (const { ports, detach } of made) {
        detach();
        closeAll(ports);
      }
      throw error;
    }
  }

  dispose(): void {
    this.#lost.dispose();
    this.#disposed.abort();
    for (const attached of this.#attached) this.#detach(attached);
  }

  async #attach(spec: ShareSpec): Promise<ShareAttachment> {
    const reopened = new Emitter<ReopenedShare>();
    const attached: Attached = { spec, reopened, losses: 0, reopening: false, detached: false };
    const ports = await this.#openPorts(spec);
    // Nobody can be lost before this: a store that ended meanwhile has not answered.
    this.#attached.add(attached);
    const kind = 'layer' in spec ? 'layer' : 'layers';
    return { tag: spec.tag, kind, ports, reopened: reopened.event, detach: () => this.#detach(attached) };
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
      const ports = await this.#openAgain(attached, deadline);
      if (ports) attached.reopened.fire({ ports });
    } catch (thrown) {
      if (attached.detached) return;
      const error = lostShare(attached.spec, toSandboxError(thrown));
      attached.reopened.fire({ error });
      this.#detach(attached);
      failed(error);
    } finally {
      attached.reopening = false;
    }
  }

  /** Tries until the store is there and stays for a moment; undefined when nobody needs it any more. */
  async #openAgain(attached: Attached, deadline: number): Promise<readonly MessagePort[] | undefined> {
    const { clock } = this.#options;
    while (!attached.detached) {
      const { losses } = attached;
      try {
        const ports = await this.#openPorts(attached.spec);
        if (!attached.detached && attached.losses === losses) return ports;
        closeAll(ports);
      } catch (error) {
        if (toSandboxError(error).code !== 'Unavailable' || clock.monotonic() >= deadline) throw error;
        await delay(clock, pauseMs, this.#disposed.signal);
      }
    }
    return undefined;
  }

  async #openPorts(spec: ShareSpec): Promise<readonly MessagePort[]> {
    const { shares } = this.#options;
    if (!shares) throw new SandboxError('Unimplemented', `There is nothing here to share as "${spec.tag}"`);
    const layers = 'layer' in spec ? [spec.layer] : spec.layers;
    const ports: MessagePort[] = [];
    try {
      for (const layer of layers) ports.push(await shares.openLayer(layer));
      return ports;
    } catch (error) {
      closeAll(ports);
      throw error;
    }
  }
}

function closeAll(ports: readonly MessagePort[]): void {
  for (const port of ports) port.close();
}

function lostShare({ tag }: ShareSpec, cause: SandboxError): SandboxError {
  const message = `The share "${tag}" is lost to its running machine, which gets I/O errors from it: ${cause.message}`;
  return new SandboxError(cause.code, message, { cause, details: { share: tag } });
}
