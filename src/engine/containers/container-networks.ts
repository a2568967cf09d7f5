import type { EndpointSettings } from '../../api/container';
import type { Filters } from '../../api/container-event';
import type { ContainerId, ContainerNic } from '../../api/container-host';
import type { NetworkCreateBody, NetworkInspect } from '../../api/container-network';
import type { PruneReport } from '../../api/container-system';
import type { NetworkSpec, Reservation } from '../../api/network';
import type { RecordChange, RecordStore } from '../../api/records';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { parseSubnet } from '../../formats/subnet';
import { gatewayNetwork } from '../../network/gateway/gateway-network';
import { defaultNetwork, type Networks, type NicWish } from '../networks';
import { attachedEndpoints, specialNetworks } from './attached-networks';
import {
  listContainerRecords,
  putContainerRecord,
  removeContainerRecord,
  type StoredContainer,
  type StoredEndpoint,
  type StoredNetwork,
} from './container-records';
import type { EventLog } from './event-log';
import { findNamed } from './find-named';
import { nanoTime } from './log-text';
import { checkFilters, labelFiltersMatch, labelsMatch, nameMatches, oneOf } from './match-filters';
import { labName, nextSubnet, wishedSubnet } from './network-names';
import { wishedMtu } from './network-options';
import { noSwarm } from './no-swarm';

/** Docker's name of the lab's network "default". */
export const bridgeNetwork = 'bridge';

export interface ContainerNetworksOptions {
  readonly networks: Networks;
  readonly records: RecordStore;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly containers: () => readonly StoredContainer[];
  /** Whether a container runs, or is about to. */
  readonly isUp: (id: ContainerId) => boolean;
}

/** The lab's networks as docker knows them, and the addresses of containers on them. */
export class ContainerNetworks implements Disposable {
  readonly #options: ContainerNetworksOptions;
  readonly #records = new Map<string, StoredNetwork>();
  readonly #disposables = new DisposableStore();
  /** Networks that the lab does not have yet. */
  readonly #making = new Set<string>();

  constructor(options: ContainerNetworksOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    for (const each of await listContainerRecords(this.#options.records, 'containerNetworks')) {
      this.#records.set(each.id, each);
    }
    await this.#follow();
    this.#disposables.add(this.#options.networks.changes(() => void this.#follow().catch(() => undefined)));
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** `NotFound` in docker's words. */
  find(reference: string): StoredNetwork {
    const name = reference === 'default' || reference === '' ? bridgeNetwork : reference;
    const found = findNamed(this.#records.values(), name);
    if (found) return found;
    throw new SandboxError('NotFound', `network ${reference} not found`);
  }

  /** Docker's name of it; what there is not (yet) keeps what it was called. */
  nameOf(reference: string): string {
    const name = reference === 'default' || reference === '' ? bridgeNetwork : reference;
    return findNamed(this.#records.values(), name)?.name ?? name;
  }

  /** Whether containers on it have an interface of their own. */
  isLab({ name }: Pick<StoredNetwork, 'name'>): boolean {
    return !specialNetworks.some((each) => each === name);
  }

  /** Whether nothing of other networks is to be reached from it, nor it from there; by the lab's name. */
  isInternal(lab: string): boolean {
    return [...this.#records.values()].some((each) => each.lab === lab && each.internal);
  }

  list(filters: Filters = {}): readonly NetworkInspect[] {
    checkFilters(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
    return [...this.#records.values()]
      .filter((each) => {
        const { id, name, labels } = each;
        const builtin = isBuiltin(name);
        const dangling = filters['dangling']?.[0];
        if (dangling !== undefined && (dangling === 'true') === (builtin || this.#usersOf(name).length > 0))
          return false;
        if (filters['id']?.length && !filters['id'].some((prefix) => id.startsWith(prefix))) return false;
        return (
          oneOf(filters['driver'], driverOf(name)) &&
          nameMatches(filters['name'], name) &&
          labelsMatch(filters['label'], labels) &&
          oneOf(filters['scope'], 'local') &&
          oneOf(filters['type'], builtin ? 'builtin' : 'custom')
        );
      })
      .sort((a, b) => a.createdAt - b.createdAt)
      .map((each) => this.inspect(each));
  }

  inspect(network: StoredNetwork): NetworkInspect {
    const { id, name, createdAt, labels, options, internal, attachable } = network;
    const users = this.#usersOf(name).filter(({ state }) => state.status === 'running' || state.status === 'paused');
    return {
      Name: name,
      Id: id,
      Created: nanoTime(createdAt),
      Scope: 'local',
      Driver: driverOf(name),
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: { Driver: 'default', Options: null, Config: this.#ipamOf(network) },
      Internal: internal,
      Attachable: attachable,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Containers: Object.fromEntries(users.flatMap((each) => this.#memberOf(each, network))),
      Options: options,
      Labels: labels,
    };
  }

  /** Errors: as of `EngineNetworks.create`, and of the lab's networks for the subnet. */
  async create(body: NetworkCreateBody): Promise<StoredNetwork> {
    const { networks, clock, events } = this.#options;
    const { Name: name, Driver: driver = 'bridge' } = body;
    checkName(name);
    if (isBuiltin(name)) throw forbidden(`operation is not permitted on predefined ${name} network `);
    if (findExact(this.#records.values(), name)) {
      throw new SandboxError('AlreadyExists', `network with name ${name} already exists`);
    }
    if (driver === 'overlay') throw noSwarm();
    if (driver !== 'bridge' && driver !== '') {
      throw new SandboxError('NotFound', `could not find plugin ${driver} in v1 plugin registry: plugin not found`);
    }
    if (body.EnableIPv6) throw new SandboxError('Unimplemented', 'Networks here have IPv4 alone');
    const subnet = wishedSubnet(body) ?? nextSubnet(networks.list());
    const mtu = wishedMtu(body.Options ?? {}) ?? defaultNetwork.mtu;
    const lab = labName(name, new Set(networks.list().map((each) => each.name)));
    const stored = this.#draft(name, lab, {
      createdAt: clock.now(),
      labels: body.Labels ?? {},
      options: body.Options ?? {},
      internal: body.Internal ?? false,
      attachable: body.Attachable ?? false,
    });
    this.#records.set(stored.id, stored);
    this.#making.add(stored.id);
    try {
      await networks.create({ name: lab, subnet, mtu });
      await this.#options.records.apply([putContainerRecord('containerNetworks', stored.id, stored)]);
    } catch (error) {
      this.#records.delete(stored.id);
      throw error;
    } finally {
      this.#making.delete(stored.id);
    }
    events.add('network', 'create', stored.id, { name, type: 'bridge' });
    return stored;
  }

  async remove(network: StoredNetwork): Promise<void> {
    const { id, name, lab } = network;
    if (isBuiltin(name)) {
      throw forbidden(`${name} is a pre-defined network and cannot be removed`);
    }
    const users = this.#usersOf(name);
    if (users.length > 0) {
      const names = users.map((each) => `name:"${each.name}" id:"${each.id.slice(0, 12)}"`).join(', ');
      const message = `error while removing network: network ${name} id ${id} has active endpoints (${names})`;
      throw forbidden(message);
    }
    await this.#options.networks.remove(lab);
    await this.#options.records.apply([removeContainerRecord('containerNetworks', id)]);
    this.#records.delete(id);
    this.#options.events.add('network', 'destroy', id, { name, type: 'bridge' });
  }

  async prune(filters: Filters = {}): Promise<PruneReport> {
    checkFilters(filters, ['label', 'label!', 'until']);
    const deleted: string[] = [];
    for (const network of [...this.#records.values()]) {
      const { name, labels, createdAt } = network;
      if (isBuiltin(name) || this.#usersOf(name).length > 0 || !labelFiltersMatch(filters, labels)) continue;
      if (filters['until']?.[0] !== undefined && createdAt > Number(filters['until'][0]) * 1000) continue;
      try {
        await this.remove(network);
        deleted.push(name);
      } catch (error) {
        // A machine is on it, too.
        if (!(error instanceof SandboxError) || error.code !== 'FailedPrecondition') throw error;
      }
    }
    this.#options.events.add('network', 'prune', '', { reclaimed: '0' });
    return { deleted, reclaimed: 0 };
  }

  /**
   * Puts addresses aside for the interfaces of a new container. See `Networks.reserve`. What another container has is
   * left to the start: until then it may have ended, or be gone.
   */
  reserve(id: ContainerId, endpoints: readonly StoredEndpoint[]) {
    const known = endpoints.filter(({ network }) => findExact(this.#records.values(), network));
    const wishes = known.map(({ network, settings }) => this.#wish(network, settings));
    return this.#options.networks.reserve(
      id,
      wishes.filter((wish) => this.#holdersOf(wish).length === 0),
    );
  }

  /**
   * Has an address for each interface: a network may have been made after the container, and another container may have
   * been started with the address that it had. Errors: `NotFound` in docker's words, and as of `connect`.
   */
  async complete({ id, endpoints }: StoredContainer): Promise<void> {
    for (const endpoint of endpoints) {
      if (!this.#findReservation(id, this.find(endpoint.network).lab)) await this.connect(id, endpoint, []);
    }
  }

  /**
   * For one more interface, after those that it has. A wished address belongs to who runs, as with moby: it is taken from
   * containers that do not, and `FailedPrecondition` "Address already in use" where one does.
   */
  async connect(
    id: ContainerId,
    { network, settings }: StoredEndpoint,
    further: readonly RecordChange[],
  ): Promise<void> {
    const { networks, records, isUp } = this.#options;
    const known = networks.reservationsOf(id);
    const nic = known.reduce((most, each) => Math.max(most, each.nic + 1), 0);
    const wish = this.#wish(network, settings);
    const others = this.#holdersOf(wish);
    if (others.length > 0 && !isUp(id)) return records.apply(further);
    if (others.some(({ instance }) => isUp(instance))) throw forbidden('Address already in use');
    const reserved = networks.reserveNic(id, nic, wish, others);
    try {
      await records.apply([...reserved.changes, ...further]);
    } catch (error) {
      reserved.release();
      throw error;
    }
  }

  async disconnect(id: ContainerId, network: string, further: readonly RecordChange[]): Promise<void> {
    const { networks, records } = this.#options;
    const { lab } = this.find(network);
    const removal = networks.removal(id, lab);
    await records.apply([...removal.changes, ...further]);
    removal.forget();
  }

  /** A container is on its networks now, or has left them. */
  tell({ id, endpoints }: StoredContainer, action: 'connect' | 'disconnect'): void {
    for (const { network } of endpoints) this.tellOf(network, id, action);
  }

  /** The same of one network, of those that there still are. */
  tellOf(name: string, container: ContainerId, action: 'connect' | 'disconnect'): void {
    const network = findExact(this.#records.values(), name);
    if (!network) return;
    this.#options.events.add('network', action, network.id, { container, name, type: driverOf(name) });
  }

  /** Steps that forget the addresses of a container. */
  removal(id: ContainerId) {
    return this.#options.networks.removal(id);
  }

  /** The interfaces of a container in their order, with what was put aside for them. */
  nicsOf(container: StoredContainer): readonly ContainerNic[] {
    return container.endpoints.map((_, at) => this.#nicOf(container, at));
  }

  /** One of them; undefined while it comes or goes: what is told of all containers must not fail for one. */
  findNic(container: StoredContainer, at: number): ContainerNic | undefined {
    try {
      return this.#nicOf(container, at);
    } catch {
      return undefined;
    }
  }

  #nicOf({ id, endpoints }: StoredContainer, at: number): ContainerNic {
    const reservation = this.#reservationOf(id, endpoints[at]?.network ?? '');
    const spec = this.#options.networks.get(reservation.network);
    const { address: gateway } = gatewayNetwork(spec);
    return {
      name: `eth${at}`,
      network: spec.name,
      mac: reservation.mac,
      address: reservation.address,
      prefixLength: parseSubnet(spec.subnet).prefixLength,
      ...(at === 0 && { gateway }),
      mtu: spec.mtu,
    };
  }

  /** Where its published ports lead: the first interface on a network that is not internal, as there is a gateway with docker. */
  wayIn(container: StoredContainer): ContainerNic | undefined {
    const nics = container.endpoints.map((_, at) => this.findNic(container, at));
    return nics.find((nic) => nic !== undefined && !this.isInternal(nic.network));
  }

  /** The lab's names of a container's networks, each once. */
  labNamesOf({ endpoints }: Pick<StoredContainer, 'endpoints'>): readonly string[] {
    return [...new Set(endpoints.map(({ network }) => this.find(network).lab))];
  }

  /** Where names are looked up by a container: at the gateway of its first network. */
  resolverOf({
    endpoints,
  }: Pick<StoredContainer, 'endpoints'>): { readonly nameServer: string; readonly domain: string } | undefined {
    const [first] = endpoints;
    if (!first) return undefined;
    const { address, domain } = gatewayNetwork(this.#options.networks.get(this.find(first.network).lab));
    return { nameServer: address, domain };
  }

  /** An interface as inspect shows it: with its address while the container runs. */
  endpointOf(stored: StoredContainer, { network, aliases, settings }: StoredEndpoint): EndpointSettings {
    const found = findExact(this.#records.values(), network);
    if (!found) return { ...nowhere, Aliases: aliases.length > 0 ? aliases : null };
    const up = stored.state.status === 'running' || stored.state.status === 'paused';
    if (!this.isLab(found)) {
      return { ...nowhere, Aliases: null, NetworkID: found.id, EndpointID: up ? endpointId(stored.id, found.id) : '' };
    }
    const spec = this.#options.networks.get(found.lab);
    const reservation = up ? this.#findReservation(stored.id, found.lab) : undefined;
    const names = [stored.name, ...aliases, stored.id.slice(0, 12)];
    return {
      IPAMConfig: settings.IPAMConfig ?? null,
      Links: settings.Links ?? null,
      Aliases: aliases.length > 0 ? aliases : null,
      MacAddress: reservation?.mac ?? '',
      NetworkID: found.id,
      EndpointID: up ? endpointId(stored.id, found.id) : '',
      Gateway: up && !found.internal ? gatewayNetwork(spec).address : '',
      IPAddress: reservation?.address ?? '',
      IPPrefixLen: up ? parseSubnet(spec.subnet).prefixLength : 0,
      IPv6Gateway: '',
      GlobalIPv6Address: '',
      GlobalIPv6PrefixLen: 0,
      DriverOpts: settings.DriverOpts ?? null,
      DNSNames: network === bridgeNetwork ? [] : [...new Set(names)],
    };
  }

  #wish(network: string, { IPAMConfig, MacAddress }: EndpointSettings): NicWish {
    const address = IPAMConfig?.IPv4Address;
    return {
      network: this.find(network).lab,
      macOfAddress: true,
      ...(address !== undefined && address !== '' && { address }),
      ...(MacAddress !== undefined && MacAddress !== '' && { mac: MacAddress.toLowerCase() }),
    };
  }

  /** Containers that have what is wished for. */
  #holdersOf(wish: NicWish): readonly Reservation[] {
    const ids = new Set(this.#options.containers().map(({ id }) => id));
    return this.#options.networks.holdersOf(wish).filter(({ instance }) => ids.has(instance));
  }

  #reservationOf(id: ContainerId, network: string): Reservation {
    const found = this.#findReservation(id, this.find(network).lab);
    if (found) return found;
    throw new SandboxError('Internal', `Container ${id} has no address on network ${network}`);
  }

  #findReservation(id: ContainerId, lab: string): Reservation | undefined {
    return this.#options.networks.reservationsOf(id).find((each) => each.network === lab);
  }

  #usersOf(network: string): readonly StoredContainer[] {
    return this.#options
      .containers()
      .filter((each) => attachedEndpoints(each).some((endpoint) => endpoint.network === network));
  }

  /** None while it comes or goes. */
  #memberOf({ id, name }: StoredContainer, found: StoredNetwork) {
    const { id: network, lab } = found;
    const own = { Name: name, EndpointID: endpointId(id, network) };
    if (!this.isLab(found))
      return [[id, { ...own, MacAddress: '', IPv4Address: '', IPv6Address: '' as const }] as const];
    const reservation = this.#findReservation(id, lab);
    if (!reservation) return [];
    const { prefixLength } = parseSubnet(this.#options.networks.get(lab).subnet);
    const member = {
      ...own,
      MacAddress: reservation.mac,
      IPv4Address: `${reservation.address}/${prefixLength}`,
      IPv6Address: '' as const,
    };
    return [[id, member] as const];
  }

  #ipamOf({ name, lab }: StoredNetwork): NetworkInspect['IPAM']['Config'] {
    if (!this.isLab({ name })) return [];
    const spec = this.#options.networks.get(lab);
    return [{ Subnet: spec.subnet, Gateway: gatewayNetwork(spec).address }];
  }

  #draft(name: string, lab: string, given: Omit<StoredNetwork, 'id' | 'name' | 'lab'>): StoredNetwork {
    return { id: toHex(this.#options.randomBytes(32)), name, lab, ...given };
  }

  /** Networks that were made or removed elsewhere: docker has to have ids for them. */
  async #follow(): Promise<void> {
    const { networks, records, clock } = this.#options;
    const known = [...this.#records.values()];
    const specs = networks.list();
    const given = { labels: {}, options: {}, internal: false, attachable: false };
    const isKnown = (name: string, lab: string): boolean =>
      known.some((each) => (lab === '' ? each.name === name : each.lab === lab));
    const made = [
      ...specs.map((spec: NetworkSpec) => [dockerName(spec.name), spec.name] as const),
      ...specialNetworks.map((name) => [name, ''] as const),
    ]
      .filter(([name, lab]) => !isKnown(name, lab))
      .map(([name, lab]) => this.#draft(name, lab, { ...given, createdAt: clock.now() }));
    for (const each of made) this.#records.set(each.id, each);
    const labs = new Set(specs.map(({ name }) => name));
    const gone = known.filter(({ id, name, lab }) => this.isLab({ name }) && !labs.has(lab) && !this.#making.has(id));
    for (const { id } of gone) this.#records.delete(id);
    await records.apply([
      ...made.map((each) => putContainerRecord('containerNetworks', each.id, each)),
      ...gone.map(({ id }) => removeContainerRecord('containerNetworks', id)),
    ]);
  }
}

/** An interface on a network that there is not. */
const nowhere: EndpointSettings = {
  IPAMConfig: null,
  Links: null,
  MacAddress: '',
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DriverOpts: null,
  DNSNames: null,
};

/** What moby answers with 403. */
export function forbidden(message: string): SandboxError {
  return new SandboxError('FailedPrecondition', message, { details: { reason: 'forbidden' } });
}

function isBuiltin(name: string): boolean {
  return name === bridgeNetwork || specialNetworks.some((each) => each === name);
}

function driverOf(name: string): string {
  return name === 'none' ? 'null' : name === 'host' ? 'host' : 'bridge';
}

function dockerName(lab: string): string {
  return lab === defaultNetwork.name ? bridgeNetwork : lab;
}

function checkName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return;
  throw new SandboxError('InvalidArgument', `invalid network name: ${name}`);
}

function findExact(all: Iterable<StoredNetwork>, name: string): StoredNetwork | undefined {
  return [...all].find((each) => each.name === name);
}

/** One for each container on each network, the same whenever it is asked for. */
function endpointId(container: string, network: string): string {
  return container.slice(0, 32) + network.slice(0, 32);
}
