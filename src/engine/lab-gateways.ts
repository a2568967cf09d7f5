import type { EngineApi } from '../api/engine-api';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { GatewayDirectory } from '../network/gateway/gateway';
import { type GatewayHost, gatewayNetwork } from '../network/gateway/gateway-network';
import type { FurtherNames } from '../network/gateway/resolver';
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
  /** Containers on a network, what some of them alone call others, and the published ports that it has at its gateway. */
  readonly containers: (network: string) => Pick<GatewayDirectory, 'hosts' | 'forwards' | 'further'> | undefined;
  /** What asks outside. Without it nothing leaves. */
  readonly egress: (() => Promise<EgressOptions>) | undefined;
  /** The Docker Engine API, for the networks that may. Without it none has it. */
  readonly engineApi: (() => Promise<EngineApi>) | undefined;
}

/** Connections of stations to the Docker Engine API at one time. */
const engineConnections = 64;

/** The gateways of the networks that somebody is on, with the names and addresses of who that is. */
export class LabGateways implements Disposable {
  readonly #options: LabGatewaysOptions;
  readonly #disposables = new DisposableStore();
  readonly #gateways: Gateways | undefined;
  readonly #none = new Emitter<GatewayEvent>();
  /** What ends the Engine API's connections, of networks that had some. */
  readonly #revocations = new Map<string, AbortController>();
  #served = 0;

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
        directory: (network) => {
          const { egress, engineApi = false } = networks.get(network);
          const containers = options.containers(network);
          const hosts = this.#hostsOn(network, containers?.hosts);
          const further = [...(containers?.further ?? []), ...this.#furtherNames(network, hosts)];
          return { ...containers, hosts, further, egress: egress !== undefined, engineApi };
        },
        egress: async (network, request) => {
          const outside = await options.egress?.();
          // Its code comes when it is asked for: mostly nothing leaves.
          const { askOutside } = await import('./egress');
          if (outside) return askOutside(request, networks.get(network), outside, clock);
          throw new SandboxError('Unimplemented', 'Nothing leaves this lab');
        },
        serveEngine: (network, connection) => this.#serveEngine(network, connection),
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
        const allowed = new Set(specs.flatMap(({ name, engineApi }) => (engineApi ? [name] : [])));
        for (const name of [...this.#revocations.keys()]) if (!allowed.has(name)) this.#revoke(name);
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
    for (const name of [...this.#revocations.keys()]) this.#revoke(name);
    this.#disposables.dispose();
    this.#none.dispose();
  }

  #follow(gateways: Gateways): void {
    const { fleet, networks, containers } = this.#options;
    for (const { instance } of fleet.entries()) {
      if (!isLive(instance.state.phase)) continue;
      for (const { network } of networks.reservationsOf(instance.id)) gateways.want(network);
    }
    for (const { name } of networks.list()) if (containers(name)?.hosts.length) gateways.want(name);
    gateways.refresh();
  }

  async #serveEngine(network: string, connection: PageConnection): Promise<void> {
    const { networks, engineApi, clock } = this.#options;
    // It may have been taken back while the station connected.
    if (!engineApi || !networks.get(network).engineApi) throw notAllowed(network);
    if (this.#served >= engineConnections) {
      const message = `Guests have ${engineConnections} connections to the Docker Engine API, the most there can be: close one`;
      throw new SandboxError('ResourceExhausted', message);
    }
    const revocation = this.#revocations.get(network) ?? new AbortController();
    this.#revocations.set(network, revocation);
    this.#served += 1;
    try {
      const [api, { serveHttp }] = await Promise.all([engineApi(), import('./http/serve-http')]);
      await serveHttp(api, connection, clock, revocation.signal);
    } finally {
      this.#served -= 1;
    }
  }

  #revoke(network: string): void {
    this.#revocations.get(network)?.abort(notAllowed(network));
    this.#revocations.delete(network);
  }

  #hostsOn(network: string, containers = this.#options.containers(network)?.hosts ?? []): readonly GatewayHost[] {
    return [...this.#instancesOn(network), ...containers];
  }

  /** What those on several networks ask this gateway of the others, as docker's own server knows names on all of them. */
  #furtherNames(network: string, hosts: readonly GatewayHost[]): readonly FurtherNames[] {
    const { networks } = this.#options;
    const askers = new Map<string, Set<string>>();
    for (const { instance, address } of hosts) {
      for (const { network: other } of networks.reservationsOf(instance)) {
        if (other === network) continue;
        const known = askers.get(other) ?? new Set<string>();
        askers.set(other, known.add(address));
      }
    }
    return [...askers].map(([other, addresses]) => ({
      domain: gatewayNetwork(networks.get(other)).domain,
      askers: [...addresses],
      hosts: this.#hostsOn(other).map(({ name, address }) => ({ name, address })),
    }));
  }

  #instancesOn(network: string): readonly GatewayHost[] {
    const { fleet, networks } = this.#options;
    return fleet.entries().flatMap(({ stored: { id, spec } }) =>
      networks.reservationsOf(id).flatMap(({ mac, address, network: on }) => {
        return on === network ? [{ instance: id, name: spec.name, mac, address }] : [];
      }),
    );
  }
}

function notAllowed(network: string): SandboxError {
  return new SandboxError('FailedPrecondition', `The network "${network}" does not have the Docker Engine API`);
}
