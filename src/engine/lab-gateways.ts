import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { GatewayHost } from '../network/gateway/gateway-network';
import type { Endpoint } from '../network/gateway/sockets';
import type { SwitchClient } from '../network/switch-client';
import { isLive } from '../runtime/instance-state';
import type { EgressOptions } from './egress';
import type { Fleet } from './fleet';
import { type GatewayEvent, type GatewaySource, Gateways, type PageConnection } from './gateways';
import type { Networks } from './networks';

export interface LabGatewaysOptions {
  /** Without it no network has a gateway. */
  readonly source: GatewaySource | undefined;
  readonly fleet: Fleet;
  readonly networks: Networks;
  readonly switch: SwitchClient;
  readonly clock: Clock;
  /** Stations on a network that are no instances: containers. */
  readonly stations: (network: string) => readonly GatewayHost[];
  /** What asks outside. Without it nothing leaves. */
  readonly egress?: () => Promise<EgressOptions>;
}

/** The gateways of the networks that somebody is on, with the names and addresses of who that is. */
export class LabGateways implements Disposable {
  readonly #options: LabGatewaysOptions;
  readonly #disposables = new DisposableStore();
  readonly #gateways: Gateways | undefined;
  readonly #none = new Emitter<GatewayEvent>();

  constructor(options: LabGatewaysOptions) {
    this.#options = options;
    const { source, fleet, networks, clock } = options;
    if (!source) return;
    const gateways = this.#disposables.add(
      new Gateways({
        ...source,
        switch: options.switch,
        leases: networks,
        network: (name) => networks.get(name),
        directory: (network) => ({ hosts: this.#hostsOf(network), egress: networks.get(network).egress !== undefined }),
        egress: async (network, request) => {
          const outside = await options.egress?.();
          // Its code comes when it is asked for: mostly nothing leaves.
          const { askOutside } = await import('./egress');
          if (outside) return askOutside(request, networks.get(network), outside, clock);
          throw new SandboxError('Unimplemented', 'Nothing leaves this lab');
        },
        clock,
      }),
    );
    this.#gateways = gateways;
    const known = new Set<string>();
    this.#disposables.add(fleet.changes(() => this.#follow(gateways)));
    this.#disposables.add(
      networks.changes((specs) => {
        const names = new Set(specs.map(({ name }) => name));
        for (const name of known) if (!names.has(name)) gateways.forget(name);
        known.clear();
        for (const name of names) known.add(name);
        gateways.refresh();
      }),
    );
  }

  get events(): Event<GatewayEvent> {
    return this.#gateways?.events ?? this.#none.event;
  }

  /** A TCP connection from the page to a station of a network. Errors: {@link Gateways.connect}. */
  async connect(network: string, to: Endpoint): Promise<PageConnection> {
    this.#options.networks.get(network);
    if (!this.#gateways) throw new SandboxError('Unimplemented', 'The networks of this lab have no gateways');
    return this.#gateways.connect(network, to);
  }

  /** To be called when there are other stations than before. */
  refresh(): void {
    if (this.#gateways) this.#follow(this.#gateways);
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#none.dispose();
  }

  #follow(gateways: Gateways): void {
    const { fleet, networks, stations } = this.#options;
    for (const { instance } of fleet.entries()) {
      if (!isLive(instance.state.phase)) continue;
      for (const { network } of networks.reservationsOf(instance.id)) gateways.want(network);
    }
    for (const { name } of networks.list()) if (stations(name).length > 0) gateways.want(name);
    gateways.refresh();
  }

  #hostsOf(network: string): readonly GatewayHost[] {
    const { fleet, networks, stations } = this.#options;
    const instances = fleet.entries().flatMap(({ stored: { id, spec } }) =>
      networks.reservationsOf(id).flatMap(({ mac, address, network: on }) => {
        return on === network ? [{ instance: id, name: spec.name, mac, address }] : [];
      }),
    );
    return [...instances, ...stations(network)];
  }
}
