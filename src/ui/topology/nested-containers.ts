import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { ContainerSummary } from '../../api/container';
import type { ContainerKernel } from '../../api/container-kernel';
import type { Disposable } from '../../base/lifecycle';
import { containerName } from '../containers/container-actions';
import type { ContainerShelf } from '../containers/container-shelf';
import type { NestedNode } from './topology-graph';

type Interfaces = ContainerKernel['interfaces'];

/** The containers by the name of their host, with their interfaces as its kernel tells of them: asked once for each start. */
export class NestedContainers implements Disposable {
  readonly #engine: ContainerShelf['engine'];
  readonly #kernel: ContainerShelf['kernel'];
  readonly #byHost = signal<ReadonlyMap<string, readonly NestedNode[]>>(new Map());
  readonly #interfaces = new Map<string, Interfaces>();
  readonly #listeners: readonly Disposable[];
  #disposed = false;

  constructor(shelf: Pick<ContainerShelf, 'engine' | 'kernel'>) {
    this.#engine = shelf.engine;
    this.#kernel = (id) => shelf.kernel(id);
    const show = (): void => this.#show(this.#engine.list());
    this.#listeners = [this.#engine.changed(show), this.#engine.placements.changed(show)];
    show();
  }

  get byHost(): ReadonlySignal<ReadonlyMap<string, readonly NestedNode[]>> {
    return this.#byHost;
  }

  dispose(): void {
    this.#disposed = true;
    for (const listener of this.#listeners) listener.dispose();
  }

  #show(containers: readonly ContainerSummary[]): void {
    const byHost = new Map<string, NestedNode[]>();
    const running = new Set(containers.filter(({ State }) => State === 'running').map(({ Id }) => Id));
    for (const id of this.#interfaces.keys()) if (!running.has(id)) this.#interfaces.delete(id);
    for (const container of containers.toReversed()) {
      const { Id: id } = container;
      const host = this.#engine.placements.hostOf(id);
      if (host === undefined) continue;
      if (running.has(id)) this.#ask(id);
      const interfaces = this.#interfaces.get(id) ?? [];
      const stations = stationsOf(container);
      const node = { id, name: containerName(container), running: running.has(id), interfaces, stations };
      byHost.set(host, [...(byHost.get(host) ?? []), node]);
    }
    this.#byHost.value = byHost;
  }

  #ask(id: string): void {
    if (this.#interfaces.has(id)) return;
    this.#interfaces.set(id, []);
    this.#kernel(id).then(
      ({ interfaces }) => {
        if (this.#disposed || !this.#interfaces.has(id)) return;
        this.#interfaces.set(id, interfaces);
        this.#show(this.#engine.list());
      },
      // It has ended meanwhile, which the list tells.
      () => {},
    );
  }
}

/** One for each network that it has a card of its own on. */
function stationsOf({ NetworkSettings }: ContainerSummary): NestedNode['stations'] {
  return Object.entries(NetworkSettings.Networks).flatMap(([network, { MacAddress: mac, IPAddress: address }]) =>
    mac && address ? [{ network, mac, address }] : [],
  );
}
