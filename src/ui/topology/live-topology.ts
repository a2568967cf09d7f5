import { computed, effect, type ReadonlySignal, signal } from '@preact/signals-core';
import type { Layout } from '../../api/layout';
import type { PortStatus } from '../../api/network';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle';
import type { Store } from '../store';
import { LinkLooks } from './link-looks';
import { extendTraffic, type LinkTraffic } from './link-traffic';
import { NestedContainers } from './nested-containers';
import { type TopologyFacts, type TopologyGraph, topologyGraph } from './topology-graph';
import { layoutTopology, type TopologyPlaces } from './topology-layout';

const noContainers: TopologyFacts['containers'] = new Map();

/** What there is, where it stands and what passes, each of them new only when it has changed: figures change every second. */
export class LiveTopology implements Disposable {
  /** Where somebody has placed something, or is about to. */
  readonly layout = signal<Layout>({});
  readonly graph: ReadonlySignal<TopologyGraph>;
  readonly places: ReadonlySignal<TopologyPlaces>;
  readonly looks = new LinkLooks();
  readonly #store: Store;
  readonly #traffic = signal<ReadonlyMap<string, LinkTraffic>>(new Map());
  readonly #nested = signal<NestedContainers | undefined>(undefined);
  readonly #disposables = new DisposableStore();
  #shape: { readonly key: string; readonly graph: TopologyGraph } | undefined;
  #ports: { readonly plugged: string; readonly ports: readonly PortStatus[] } = { plugged: '', ports: [] };
  /** Whether containers were asked for. */
  #inside = false;
  #layouts = 0;

  constructor(store: Store) {
    this.#store = store;
    const ports = computed(() => this.#plugged(store.networkStatus.value?.ports ?? []));
    this.graph = computed(() =>
      topologyGraph({
        networks: store.networks.value,
        instances: store.instances.value,
        ports: ports.value,
        containers: this.#nested.value?.byHost.value ?? noContainers,
      }),
    );
    const shaped = computed(() => this.#shaped(this.graph.value));
    this.places = computed(() => {
      this.#layouts += 1;
      return layoutTopology(shaped.value, this.layout.value);
    });
    this.#disposables.add(store.watchWire());
    // Counters into rates, once for each reading.
    this.#follow(() => {
      const status = store.networkStatus.value;
      if (status) this.#traffic.value = extendTraffic(this.#traffic.peek(), status.ports, status.at);
    });
    this.#follow(() => this.looks.show(this.graph.value, this.places.value, this.#traffic.value));
    // The first host may come while the picture is looked at.
    this.#follow(() => {
      const { instances } = store;
      if (this.#inside || !instances.value.some(({ spec }) => spec.kind === 'vm' && spec.containerHost)) return;
      this.#inside = true;
      void this.#lookInside();
    });
    void this.#readLayout();
  }

  get traffic(): ReadonlySignal<ReadonlyMap<string, LinkTraffic>> {
    return this.#traffic;
  }

  /** Times that everything was laid out anew; for tests. */
  get layouts(): number {
    return this.#layouts;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #follow(follow: () => void): void {
    this.#disposables.add(toDisposable(effect(follow)));
  }

  /** The same ones as long as what is plugged in where has not changed, whatever their counters say. */
  #plugged(ports: readonly PortStatus[]): readonly PortStatus[] {
    const plugged = ports.map(({ id, network, label, up }) => `${id} ${network} ${label} ${up}`).join();
    if (plugged !== this.#ports.plugged) this.#ports = { plugged, ports };
    return this.#ports.ports;
  }

  /** The same one as long as everything takes the same place: names and states do not move it. */
  #shaped(graph: TopologyGraph): TopologyGraph {
    const key = JSON.stringify([
      graph.nodes.map(({ id, kind, nested, bridges }) => [
        id,
        kind,
        bridges,
        nested.map(({ interfaces }) => interfaces.map(({ bridge }) => bridge)),
      ]),
      graph.links.map(({ id, from, network }) => [id, from, network]),
    ]);
    if (this.#shape?.key !== key) this.#shape = { key, graph };
    return this.#shape.graph;
  }

  async #readLayout(): Promise<void> {
    const book = await this.#store.layout();
    if (!book || this.#disposables.disposed) return;
    // Where nobody has placed anything there is nothing to lay out anew.
    if (Object.keys(book.layout).length > 0) this.layout.value = book.layout;
    this.#disposables.add(
      book.changes((layout) => {
        this.layout.value = layout;
      }),
    );
  }

  /** The container engine is a large part of the page: where there is no host there are no containers to draw. */
  async #lookInside(): Promise<void> {
    const shelf = await this.#store.parts.containers.get();
    if (shelf && !this.#disposables.disposed) this.#nested.value = this.#disposables.add(new NestedContainers(shelf));
  }
}
