import type { FileTree } from '../../api/file-tree';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { FolderPortClient } from '../../rpc/folder-port';
import { LayerPortClient } from '../../rpc/layer-port';
import { ShelfClient } from '../../rpc/shelf-port';
import { LayerStackTree } from '../files/layer-stack-tree';
import { LayerStoreTree } from '../files/layer-store-tree';
import { type LayerSource, LayerTree } from '../files/layer-tree';
import { RangeCache } from '../files/range-cache';
import type { ShareBacking } from './devices/virtio-9p';
import type { MovedPorts, MovedShare, MovedStore } from './vm-protocol';

/** A share of a machine in its worker: the ways to its files, and the tree that they make. */
export interface MachineShare extends ShareBacking, Disposable {
  /** The store was started again. */
  renew(ports: readonly MessagePort[]): void;
  /** The files are lost for good. */
  fail(error: SandboxError): void;
  /** As `LastingPort.handOver`. */
  handOver(): MovedShare;
}

export function createMachineShare(moved: MovedShare, clock: Clock): MachineShare {
  return moved.kind === 'layer-store' ? new StoreShare(moved, clock) : new PortsShare(moved, clock);
}

/** One layer, the directories of several, or a shared folder. */
class PortsShare implements MachineShare {
  readonly tag: string;
  readonly tree: Promise<FileTree>;
  readonly #kind: MovedPorts['kind'];
  readonly #clients: readonly (LayerPortClient | FolderPortClient)[];

  constructor({ tag, kind, ports }: MovedPorts, clock: Clock) {
    this.tag = tag;
    this.#kind = kind;
    if (kind === 'folder') {
      const clients = ports.map((port) => new FolderPortClient(port, { clock }));
      this.#clients = clients;
      this.tree = openFolder(clients, tag);
    } else {
      const clients = ports.map((port) => new LayerPortClient(port, { clock }));
      this.#clients = clients;
      this.tree = openLayers(clients, kind);
    }
    // A machine may end before anybody asks for it.
    this.tree.catch(() => {});
  }

  renew(ports: readonly MessagePort[]): void {
    for (const [index, port] of ports.entries()) this.#clients[index]?.renew(port);
  }

  fail(error: SandboxError): void {
    for (const client of this.#clients) client.fail(error);
  }

  handOver(): MovedPorts {
    return { tag: this.tag, kind: this.#kind, ports: this.#clients.map((client) => client.handOver()) };
  }

  dispose(): void {
    for (const client of this.#clients) client.dispose();
  }
}

async function openFolder([client]: readonly FolderPortClient[], tag: string): Promise<FileTree> {
  if (client) return client;
  throw new SandboxError('Internal', `The share "${tag}" came without its port`);
}

async function openLayers(clients: readonly LayerPortClient[], kind: 'layer' | 'layers'): Promise<FileTree> {
  const layers = await Promise.all(clients.map(toSource));
  const [first] = layers;
  return kind === 'layer' && first ? new LayerTree(first) : new LayerStackTree(layers);
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
