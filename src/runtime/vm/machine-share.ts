import type { FileTree } from '../../api/file-tree';
import type { Clock } from '../../base/clock';
import type { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { LayerPortClient } from '../../rpc/layer-port';
import { LayerStackTree } from '../files/layer-stack-tree';
import { type LayerSource, LayerTree } from '../files/layer-tree';
import { RangeCache } from '../files/range-cache';
import type { ShareBacking } from './devices/virtio-9p';
import type { MovedShare } from './vm-protocol';

/** A share of a machine in its worker: the ways to its files, and the tree that they make. */
export class MachineShare implements ShareBacking, Disposable {
  readonly tag: string;
  readonly tree: Promise<FileTree>;
  readonly #kind: MovedShare['kind'];
  readonly #clients: readonly LayerPortClient[];

  constructor({ tag, kind, ports }: MovedShare, clock: Clock) {
    this.tag = tag;
    this.#kind = kind;
    this.#clients = ports.map((port) => new LayerPortClient(port, { clock }));
    this.tree = this.#open();
    // A machine may end before anybody asks for it.
    this.tree.catch(() => {});
  }

  /** The store was started again. */
  renew(ports: readonly MessagePort[]): void {
    for (const [index, port] of ports.entries()) this.#clients[index]?.renew(port);
  }

  /** The files are lost for good. */
  fail(error: SandboxError): void {
    for (const client of this.#clients) client.fail(error);
  }

  /** As `LayerPortClient.handOver`. */
  handOver(): MovedShare {
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

async function toSource(client: LayerPortClient): Promise<LayerSource> {
  const index = await client.index();
  const source = { size: index.size, read: (start: number, end: number) => client.read(start, end) };
  return { index, bytes: new RangeCache(source) };
}
