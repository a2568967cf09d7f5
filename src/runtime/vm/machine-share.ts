import type { FileTree } from '../../api/file-tree';
import type { Clock } from '../../base/clock';
import type { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { LayerPortClient } from '../../rpc/layer-port';
import { ShelfClient } from '../../rpc/shelf-port';
import { LayerStackTree } from '../files/layer-stack-tree';
import { LayerStoreTree } from '../files/layer-store-tree';
import { type LayerSource, LayerTree } from '../files/layer-tree';
import { RangeCache } from '../files/range-cache';
import type { ShareBacking } from './devices/virtio-9p';
import type { MovedLayers, MovedShare, MovedStore } from './vm-protocol';

/** A share of a machine in its worker: the ways to its files, and the tree that they make. */
export interface MachineShare extends ShareBacking, Disposable {
  /** The store was started again. */
  renew(ports: readonly MessagePort[]): void;
  /** The files are lost for good. */
  fail(error: SandboxError): void;
  /** As `LayerPortClient.handOver`. */
  handOver(): MovedShare;
}

export function createMachineShare(moved: MovedShare, clock: Clock): MachineShare {
  return moved.kind === 'layer-store' ? new StoreShare(moved, clock) : new LayersShare(moved, clock);
}

/** One layer, or the directories of several. */
class LayersShare implements MachineShare {
  readonly tag: string;
  readonly tree: Promise<FileTree>;
  readonly #kind: MovedLayers['kind'];
  readonly #clients: readonly LayerPortClient[];

  constructor({ tag, kind, ports }: MovedLayers, clock: Clock) {
    this.tag = tag;
    this.#kind = kind;
    this.#clients = ports.map((port) => new LayerPortClient(port, { clock }));
    this.tree = this.#open();
    // A machine may end before anybody asks for it.
    this.tree.catch(() => {});
  }

  renew(ports: readonly MessagePort[]): void {
    for (const [index, port] of ports.entries()) this.#clients[index]?.renew(port);
  }

  fail(error: SandboxError): void {
    for (const client of this.#clients) client.fail(error);
  }

  handOver(): MovedLayers {
    return { tag: this.tag, kind: this.#kind, ports: this.#clients.map((client) => client.handOver()) };
  }

  dispose(): void {
    for (const client of this.#clients) client.dispose();
  }

  async #open(): Promise<FileTree> {
    const layers = await Promise.all(this.#clients.map(toSource));
    const [first] = layers;
    return this.#kind === 'layer' && first ? new LayerTree(first) : new LayerStackTree(layers);
  }
}

/** Layers as they are asked for. The engine renews and fails each by itself, through the shelf's own port. */
class StoreShare implements MachineShare {
  readonly tag: string;
  readonly tree: Promise<FileTree>;
  readonly #shelf: ShelfClient;
  /** One for all stacks that a layer is in, with what was read of it. */
  readonly #sources = new WeakMap<LayerPortClient, Promise<LayerSource>>();

  constructor({ tag, shelf }: MovedStore, clock: Clock) {
    this.tag = tag;
    this.#shelf = new ShelfClient(shelf, clock);
    const tree = new LayerStoreTree({
      stack: (name) => this.#shelf.stack(name),
      layer: async (diffId) => this.#sourceOf(await this.#shelf.layer(diffId)),
    });
    this.tree = Promise.resolve(tree);
  }

  renew(): void {}

  fail(): void {}

  handOver(): MovedStore {
    return { tag: this.tag, kind: 'layer-store', shelf: this.#shelf.handOver() };
  }

  dispose(): void {
    this.#shelf.dispose();
  }

  #sourceOf(client: LayerPortClient): Promise<LayerSource> {
    const known = this.#sources.get(client) ?? toSource(client);
    this.#sources.set(client, known);
    return known;
  }
}

async function toSource(client: LayerPortClient): Promise<LayerSource> {
  const index = await client.index();
  const source = { size: index.size, read: (start: number, end: number) => client.read(start, end) };
  return { index, bytes: new RangeCache(source) };
}
