import type { ReopenedShare, ShareAttachment, ShareKind } from '../api/instance';
import type { ShareSpec, ShareStore } from '../api/share';
import type { FolderClient } from '../api/shared-folder';
import type { Clock } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import { LayerStacks } from './layer-stacks';
import { openAgain } from './open-again';
import { StoreShare } from './store-share';

export interface ShareAttachmentsOptions {
  /** Absent: there is nothing to share. */
  readonly shares?: ShareStore | undefined;
  /** Names the lab to the folders. */
  readonly session: string;
  readonly randomId: () => string;
  /** Fires when the store's worker has died; calls from then on wait for the next one, for a while. */
  readonly storeLost: Event<unknown>;
  readonly clock: Clock;
  /** A share is lost to its machine. */
  readonly failed: (error: SandboxError) => void;
}

/** A share that leads to the same layers, or the same folder, as long as its machine runs. */
type FixedShare = Exclude<ShareSpec, { readonly layerStore: true }>;

/** A share that a machine has open. */
interface Attached {
  readonly spec: FixedShare;
  /** Who it is to a folder. */
  readonly client: FolderClient;
  readonly reopened: Emitter<ReopenedShare>;
  /** Counts deaths of the store, so that one that comes while the share is opened anew is not overlooked. */
  losses: number;
  reopening: boolean;
  detached: boolean;
}

/** The shares that machines have open. When the store's worker dies they are opened anew under the running machines. */
export class ShareAttachments implements Disposable {
  /** What machines with a layer store can walk to. */
  readonly stacks = new LayerStacks();
  readonly #options: ShareAttachmentsOptions;
  readonly #attached = new Set<Attached>();
  readonly #stores = new Set<StoreShare>();
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
    for (const store of this.#stores) store.dispose();
  }

  async #attach(spec: ShareSpec): Promise<ShareAttachment> {
    return 'layerStore' in spec ? this.#attachStore(spec.tag) : this.#attachFixed(spec);
  }

  #attachStore(tag: string): ShareAttachment {
    const { clock, failed } = this.#options;
    const store = new StoreShare({ tag, shares: this.#requireShares(tag), stacks: this.stacks, clock, failed });
    this.#stores.add(store);
    const detach = (): void => {
      this.#stores.delete(store);
      store.dispose();
    };
    return { tag, kind: 'layer-store', ports: [store.port], reopened: () => toDisposable(() => {}), detach };
  }

  async #attachFixed(spec: FixedShare): Promise<ShareAttachment> {
    const reopened = new Emitter<ReopenedShare>();
    const client = { session: this.#options.session, id: this.#options.randomId() };
    const attached: Attached = { spec, client, reopened, losses: 0, reopening: false, detached: false };
    const ports = await this.#openPorts(attached);
    // Nobody can be lost before this: a store that ended meanwhile has not answered.
    this.#attached.add(attached);
    return { tag: spec.tag, kind: kindOf(spec), ports, reopened: reopened.event, detach: () => this.#detach(attached) };
  }

  #detach(attached: Attached): void {
    attached.detached = true;
    attached.reopened.dispose();
    this.#attached.delete(attached);
    const { spec, client } = attached;
    // A store that has gone has forgotten its clients, or hears of those that come back.
    if ('folder' in spec) this.#options.shares?.folders.leave(spec.folder, client).catch(() => {});
  }

  #onLost(): void {
    for (const store of this.#stores) store.lost();
    for (const attached of this.#attached) {
      attached.losses += 1;
      if (!attached.reopening) void this.#reopen(attached);
    }
  }

  async #reopen(attached: Attached): Promise<void> {
    const { clock, failed } = this.#options;
    attached.reopening = true;
    try {
      const ports = await openAgain({
        open: () => this.#openPorts(attached),
        close: closeAll,
        wanted: () => !attached.detached,
        losses: () => attached.losses,
        clock,
        signal: this.#disposed.signal,
      });
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

  #requireShares(tag: string): ShareStore {
    const { shares } = this.#options;
    if (shares) return shares;
    throw new SandboxError('Unimplemented', `There is nothing here to share as "${tag}"`);
  }

  async #openPorts({ spec, client }: Pick<Attached, 'spec' | 'client'>): Promise<readonly MessagePort[]> {
    const shares = this.#requireShares(spec.tag);
    if ('folder' in spec) return [await shares.folders.open(spec.folder, client)];
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

function kindOf(spec: FixedShare): ShareKind {
  if ('folder' in spec) return 'folder';
  return 'layer' in spec ? 'layer' : 'layers';
}

function closeAll(ports: readonly MessagePort[]): void {
  for (const port of ports) port.close();
}

function lostShare({ tag }: ShareSpec, cause: SandboxError): SandboxError {
  const message = `The share "${tag}" is lost to its running machine, which gets I/O errors from it: ${cause.message}`;
  return new SandboxError(cause.code, message, { cause, details: { share: tag } });
}
