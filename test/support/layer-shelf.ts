import type { Digest } from '../../src/api/content-store';
import type { ShareSpec, ShareStore } from '../../src/api/share';
import { systemClock } from '../../src/base/clock';
import { SandboxError } from '../../src/base/errors';
import { Emitter } from '../../src/base/events';
import { ShareAttachments } from '../../src/engine/share-attachments';
import { serveLayerPort } from '../../src/rpc/layer-port';
import type { FixtureLayer } from '../../src/runtime/files/layer-fixture';
import { FolderStore } from '../../src/storage/folders/folder-store';
import { MemoryFolderBackend } from '../../src/storage/folders/memory-folder-backend';

/** Layers and folders in this thread behind real ports, as the store's worker serves them; it can die and come back. */
export class LayerShelf {
  readonly #layers = new Map<Digest, FixtureLayer>();
  readonly #ports: MessagePort[] = [];
  readonly #kept = new MemoryFolderBackend();
  #folders = new FolderStore(this.#kept, systemClock);
  readonly #lost = new Emitter<void>();
  readonly #attachments: ShareAttachments;
  /** Bytes that were asked for. */
  readBytes = 0;

  constructor() {
    const folders = (): FolderStore => this.#folders;
    const shares: ShareStore = {
      openLayer: async (diffId) => this.#open(diffId),
      get folders() {
        return folders();
      },
    };
    const names = { session: 'lab', randomId: () => crypto.randomUUID() };
    const failed = (error: SandboxError): never => {
      throw error;
    };
    this.#attachments = new ShareAttachments({
      shares,
      ...names,
      storeLost: this.#lost.event,
      clock: systemClock,
      failed,
    });
  }

  add(layer: FixtureLayer): Digest {
    const diffId: Digest = `sha256:${String(this.#layers.size).padStart(64, '0')}`;
    this.#layers.set(diffId, layer);
    return diffId;
  }

  async addFolder(name: string): Promise<void> {
    await this.#folders.create(name);
  }

  /** What a machine's resources have, for these shares. */
  openShares(specs: readonly ShareSpec[]) {
    return () => this.#attachments.attach(specs);
  }

  /** All ports lead nowhere, and new ones can be had. */
  restart(): void {
    for (const port of this.#ports.splice(0)) port.close();
    this.#folders = new FolderStore(this.#kept, systemClock);
    this.#lost.fire();
  }

  dispose(): void {
    this.#attachments.dispose();
    for (const port of this.#ports) port.close();
  }

  #open(diffId: Digest): MessagePort {
    const layer = this.#layers.get(diffId);
    if (!layer) throw new SandboxError('NotFound', `No such layer: ${diffId}`);
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port1);
    serveLayerPort(port1, {
      index: async () => layer.index,
      read: async (start, end) => {
        this.readBytes += end - start;
        return layer.bytes.slice(start, end);
      },
      close: () => {},
    });
    return port2;
  }
}
