import { defaultNetwork } from '../api/default-network';
import type { InstanceId, InstanceSpec } from '../api/instance';
import type {
  DhcpLease,
  Egress,
  FdbEntry,
  GuardedStation,
  MacAddress,
  NetworkSpec,
  NicAttachment,
  NicSpec,
  PortSpec,
  PortStatus,
  Reservation,
} from '../api/network';
import type { RecordChange, RecordStore } from '../api/records';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import { parseSubnet } from '../formats/subnet';
import { checkEgress } from '../network/egress';
import { gatewayNetwork } from '../network/gateway/gateway-network';
import { checkNetwork, reserve } from '../network/ipam';
import type { SwitchClient } from '../network/switch-client';
import type { LeaseBook } from './gateways';
import { leaseKey, put, remove, reservationKey } from './lab-records';
import { SampledEvent } from './sampled-event';

export { defaultNetwork };

/** What is going on on the wire, as of now. */
export interface NetworkStatus {
  readonly ports: readonly PortStatus[];
  readonly fdb: readonly FdbEntry[];
  /** When it was so, milliseconds of the monotonic clock. */
  readonly at: number;
}

export interface NetworksOptions {
  readonly records: RecordStore;
  readonly switch: SwitchClient;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Set where every network has a gateway, which its guests then use. */
  readonly gateways?: object;
}

/** A NIC that is wished for, with the MAC that it shall have where that matters. */
export interface NicWish extends NicSpec {
  readonly mac?: MacAddress;
  /** As in `reserve` of ipam.ts. */
  readonly macOfAddress?: boolean;
}

export interface ReservedNics {
  readonly changes: readonly RecordChange[];
  readonly release: () => void;
}

/** A NIC that is put on a network while its machine runs. */
export interface Cable {
  readonly instance: InstanceId;
  readonly nic: number;
  readonly network: string;
  /** For people. */
  readonly label: string;
}

const statusPeriodMs = 1000;

/** A station that was away gets the address that it had, if it comes back within a day. */
const leaseMemoryMs = 86_400_000;

/** The networks of the lab, and which address of which belongs to whom. */
export class Networks implements LeaseBook, Disposable {
  readonly #options: NetworksOptions;
  readonly #specs = new Map<string, NetworkSpec>([[defaultNetwork.name, defaultNetwork]]);
  readonly #reservations = new Map<string, Reservation>();
  readonly #leases = new Map<string, DhcpLease>();
  readonly #changes = new Emitter<readonly NetworkSpec[]>();
  readonly #status: SampledEvent<NetworkStatus>;

  constructor(options: NetworksOptions) {
    this.#options = options;
    this.#status = new SampledEvent(options.clock, statusPeriodMs, () => this.status());
  }

  get changes(): Event<readonly NetworkSpec[]> {
    return this.#changes.event;
  }

  /** Ports and forwarding database, every second while anybody listens. */
  get statusEvents(): Event<NetworkStatus> {
    return this.#status.event;
  }

  async status(): Promise<NetworkStatus> {
    const { remote } = this.#options.switch;
    const [ports, fdb] = await Promise.all([remote.status(), remote.fdb()]);
    return { ports, fdb, at: this.#options.clock.monotonic() };
  }

  adopt(specs: readonly NetworkSpec[], reservations: readonly Reservation[], leases: readonly DhcpLease[] = []): void {
    for (const spec of specs) this.#specs.set(spec.name, spec);
    for (const reservation of reservations) this.#reservations.set(reservationKey(reservation), reservation);
    for (const lease of leases) this.#leases.set(leaseKey(lease), lease);
    this.#fire();
  }

  list(): readonly NetworkSpec[] {
    return [...this.#specs.values()];
  }

  /** `NotFound` when there is none of that name. */
  get(name: string): NetworkSpec {
    const spec = this.#specs.get(name);
    if (!spec) throw new SandboxError('NotFound', `No such network: ${name}`);
    return spec;
  }

  /** What is wrong with a network that is wished for, in plain words; undefined when nothing is. */
  problem(spec: NetworkSpec): string | undefined {
    try {
      checkNetwork(spec, this.list());
      return undefined;
    } catch (error) {
      return error instanceof SandboxError ? error.message : String(error);
    }
  }

  async create(spec: NetworkSpec): Promise<void> {
    checkNetwork(spec, this.list());
    this.#specs.set(spec.name, spec);
    try {
      await this.#options.records.apply([put('networks', spec.name, spec)]);
    } catch (error) {
      this.#specs.delete(spec.name);
      throw error;
    }
    this.#fire();
  }

  /** Errors: {@link checkEgress}. */
  async setEgress(name: string, egress: Egress | undefined): Promise<void> {
    if (egress) checkEgress(egress);
    const { egress: _, ...rest } = this.get(name);
    const spec: NetworkSpec = { ...rest, ...(egress && { egress }) };
    await this.#options.records.apply([put('networks', name, spec)]);
    this.#specs.set(name, spec);
    this.#fire();
  }

  /** Lets who is on the network do all that the container engine can, or not. */
  async setEngineApi(name: string, allowed: boolean): Promise<void> {
    const { engineApi: _, ...rest } = this.get(name);
    const spec: NetworkSpec = { ...rest, ...(allowed && { engineApi: true }) };
    await this.#options.records.apply([put('networks', name, spec)]);
    this.#specs.set(name, spec);
    this.#fire();
  }

  /** `FailedPrecondition` while an instance is on it. */
  async remove(name: string): Promise<void> {
    this.get(name);
    if (name === defaultNetwork.name) {
      throw new SandboxError('FailedPrecondition', `The network "${name}" is always there and cannot be removed`);
    }
    const users = new Set(
      [...this.#reservations.values()].flatMap((each) => (each.network === name ? [each.instance] : [])),
    );
    if (users.size > 0) {
      const message = `The network "${name}" has ${users.size} instances on it: remove them first`;
      throw new SandboxError('FailedPrecondition', message, { details: { network: name, instances: users.size } });
    }
    const leases = [...this.#leases.values()].filter(({ network }) => network === name);
    const forgotten = leases.map((lease) => remove('leases', leaseKey(lease)));
    await this.#options.records.apply([remove('networks', name), ...forgotten]);
    this.#specs.delete(name);
    for (const lease of leases) this.#leases.delete(leaseKey(lease));
    await this.#options.switch.removeNetwork(name);
    this.#fire();
  }

  /**
   * Puts an address and a MAC aside for each NIC. They are taken from now on; `release` gives them back if
   * the changes could not be recorded.
   */
  reserve(instance: InstanceId, nics: readonly NicWish[]): ReservedNics {
    const made: Reservation[] = [];
    const release = (): void => {
      for (const reservation of made) this.#reservations.delete(reservationKey(reservation));
    };
    try {
      for (const [nic, wish] of nics.entries()) made.push(this.#reserve(instance, nic, wish));
    } catch (error) {
      release();
      throw error;
    }
    return { changes: made.map((each) => put('reservations', reservationKey(each), each)), release };
  }

  /** The same for one more NIC. What it wishes is taken `from` others, which have it again after `release`. */
  reserveNic(instance: InstanceId, nic: number, wish: NicWish, from: readonly Reservation[] = []): ReservedNics {
    const giveBack = (): void => {
      for (const each of from) this.#reservations.set(reservationKey(each), each);
    };
    for (const each of from) this.#reservations.delete(reservationKey(each));
    try {
      const made = this.#reserve(instance, nic, wish);
      const key = reservationKey(made);
      const release = (): void => {
        this.#reservations.delete(key);
        giveBack();
      };
      const taken = from.map((each) => remove('reservations', reservationKey(each)));
      return { changes: [...taken, put('reservations', key, made)], release };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Whose reservations have the address or the MAC that is wished for. */
  holdersOf({ network, address, mac }: NicWish): readonly Reservation[] {
    return [...this.#reservations.values()].filter(
      (each) => (each.network === network && each.address === address) || each.mac === mac,
    );
  }

  #reserve(instance: InstanceId, nic: number, { network, address, mac, macOfAddress = false }: NicWish): Reservation {
    const reservation = reserve(this.get(network), [...this.#reservations.values(), ...this.#leased()], {
      instance,
      nic,
      ...(address !== undefined && { address }),
      ...(mac !== undefined && { mac }),
      macOfAddress,
      randomBytes: this.#options.randomBytes,
    });
    this.#reservations.set(reservationKey(reservation), reservation);
    return reservation;
  }

  /** What the gateway has given to those without a reservation, leases that have run out included. */
  leasesOf(network: string): readonly DhcpLease[] {
    return [...this.#leases.values()].filter((lease) => lease.network === network);
  }

  /** Keeps a lease. `AlreadyExists` when the address is reserved. */
  async putLease(lease: DhcpLease): Promise<void> {
    const { network, address } = lease;
    this.get(network);
    for (const each of this.#reservations.values()) {
      if (each.network !== network || each.address !== address) continue;
      throw new SandboxError('AlreadyExists', `${address} is reserved on the network "${network}"`);
    }
    const key = leaseKey(lease);
    const before = this.#leases.get(key);
    this.#leases.set(key, lease);
    try {
      await this.#options.records.apply([...this.#sweepLeases(), put('leases', key, lease)]);
    } catch (error) {
      if (before) this.#leases.set(key, before);
      else this.#leases.delete(key);
      throw error;
    }
  }

  async removeLease(lease: DhcpLease): Promise<void> {
    const key = leaseKey(lease);
    this.#leases.delete(key);
    await this.#options.records.apply([remove('leases', key)]);
  }

  /** In the order of the NICs. */
  reservationsOf(instance: InstanceId): readonly Reservation[] {
    const found = [...this.#reservations.values()].filter((each) => each.instance === instance);
    return found.sort((a, b) => a.nic - b.nic);
  }

  /** Steps that write all networks and addresses again. */
  records(): readonly RecordChange[] {
    const specs = this.list().filter((spec) => spec !== defaultNetwork);
    return [
      ...specs.map((spec) => put('networks', spec.name, spec)),
      ...[...this.#reservations.values()].map((each) => put('reservations', reservationKey(each), each)),
      ...[...this.#leases.values()].map((each) => put('leases', leaseKey(each), each)),
    ];
  }

  /** Steps that forget an instance's addresses, on one network or all; call `forget` once they have been taken. */
  removal(instance: InstanceId, network?: string): { changes: readonly RecordChange[]; forget: () => void } {
    const reserved = this.reservationsOf(instance).filter((each) => network === undefined || each.network === network);
    const keys = reserved.map(reservationKey);
    return {
      changes: keys.map((key) => remove('reservations', key)),
      forget: () => {
        for (const key of keys) this.#reservations.delete(key);
      },
    };
  }

  /** Puts all NICs of an instance on the switch, their ports down. */
  async attach(instance: InstanceId, spec: InstanceSpec): Promise<readonly NicAttachment[]> {
    const reservations = this.reservationsOf(instance);
    return Promise.all(reservations.map((reservation) => this.#attach(reservation, spec)));
  }

  /**
   * A cable from a network to a NIC that has no address there; `plug` gets its end, and another one whenever the switch had
   * to be started again. It is taken away when this is disposed of.
   */
  async plug(
    { instance, nic, network, label }: Cable,
    plug: (port: MessagePort) => Promise<void>,
  ): Promise<Disposable> {
    const { switch: wire } = this.#options;
    const { mtu } = this.get(network);
    const id = `${instance}/${nic}`;
    const { port1, port2 } = new MessageChannel();
    await wire.addPort({ id, network, label, mtu }, port1);
    const restarts = wire.portsRenewed((ports) => {
      const renewed = ports.find((each) => each.id === id)?.port;
      // A machine that has ended meanwhile needs no network any more.
      if (renewed) plug(renewed).catch(() => renewed.close());
    });
    const cable = toDisposable(() => {
      restarts.dispose();
      wire.removePort(id).catch(() => {});
    });
    try {
      await plug(port2);
      return cable;
    } catch (error) {
      cable.dispose();
      throw error;
    }
  }

  /** Whose stations there are behind ports, in the place of what was said before. */
  guard(stations: readonly GuardedStation[]): Promise<void> {
    return this.#options.switch.setStations(stations);
  }

  /** Puts ports on the switch that sleep, for an instance on demand, or tells them its new name. */
  async layDown(instance: InstanceId, spec: InstanceSpec): Promise<void> {
    const ports = this.reservationsOf(instance).map((reservation) => this.#portOf(reservation, spec));
    await Promise.all(ports.map((port) => this.#options.switch.addSleepingPort(port)));
  }

  /** Takes the ports of an instance off the switch. */
  async detach(instance: InstanceId): Promise<void> {
    await Promise.all(this.portsOf(instance).map((id) => this.#options.switch.removePort(id)));
  }

  /** Ids of an instance's ports, in the order of its NICs. */
  portsOf(instance: InstanceId): readonly string[] {
    return this.reservationsOf(instance).map(reservationKey);
  }

  /** Everybody else's address on the networks that an instance is on. */
  neighboursOf(instance: InstanceId): readonly Reservation[] {
    const networks = new Set(this.reservationsOf(instance).map(({ network }) => network));
    return [...this.#reservations.values()].filter((each) => each.instance !== instance && networks.has(each.network));
  }

  dispose(): void {
    this.#changes.dispose();
    this.#status.dispose();
  }

  async #attach(reservation: Reservation, spec: InstanceSpec): Promise<NicAttachment> {
    const { nic, network, mac, address } = reservation;
    const { mtu, subnet } = this.get(network);
    const port = this.#portOf(reservation, spec);
    const { id } = port;
    const { port1, port2 } = new MessageChannel();
    await this.#options.switch.addPort(port, port1);
    const renewed = new Emitter<MessagePort>();
    const restarts = this.#options.switch.portsRenewed((ports) => {
      const cable = ports.find((each) => each.id === id);
      if (cable) renewed.fire(cable.port);
    });
    const detach = (): void => {
      restarts.dispose();
      const { switch: wire } = this.#options;
      // The port of one that sleeps stays, and answers for it.
      (port.idleMs === undefined ? wire.removePort(id) : wire.unplugPort(id)).catch(() => {});
    };
    const { prefixLength } = parseSubnet(subnet);
    const { address: router, domain } = gatewayNetwork(this.get(network));
    const gateway = this.#options.gateways && { gateway: { address: router, domain } };
    return { nic, mac, address, prefixLength, mtu, ...gateway, port: port2, renewed: renewed.event, detach };
  }

  #portOf(reservation: Reservation, spec: InstanceSpec): PortSpec {
    const { instance, nic, network, mac, address } = reservation;
    const { mtu } = this.get(network);
    const idleMs = spec.kind === 'unikernel' ? spec.onDemand?.idleMs : undefined;
    const station = { mac, address };
    const port = {
      id: reservationKey(reservation),
      network,
      label: `${spec.name} eth${nic}`,
      mtu,
      station,
      owner: instance,
    };
    return idleMs === undefined ? port : { ...port, mac, address, idleMs };
  }

  /** Addresses that are leased now, as nobody's reservations. */
  #leased(): Reservation[] {
    const now = this.#options.clock.now();
    const held = [...this.#leases.values()].filter(({ expiresAt }) => expiresAt > now);
    return held.map(({ network, address, mac }, nic) => ({ instance: 'dhcp', nic, network, mac, address }));
  }

  /** Leases that ran out long ago: their holders are not coming back to them. Steps that forget them. */
  #sweepLeases(): RecordChange[] {
    const limit = this.#options.clock.now() - leaseMemoryMs;
    const old = [...this.#leases].filter(([, { expiresAt }]) => expiresAt < limit);
    for (const [key] of old) this.#leases.delete(key);
    return old.map(([key]) => remove('leases', key));
  }

  #fire(): void {
    this.#changes.fire(this.list());
  }
}
