import type { DhcpLease, MacAddress } from '../../api/network';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { addressNumber, addressText } from '../../formats/ip-address';
import type { GatewayHost, GatewayNetwork } from './gateway-network';

/**
 * Where leases are kept. Whoever keeps them also knows the reservations: `AlreadyExists` says that an address has
 * been reserved meanwhile.
 */
export interface LeaseStore {
  list(): Promise<readonly DhcpLease[]>;
  put(lease: DhcpLease): Promise<void>;
  remove(lease: DhcpLease): Promise<void>;
}

/** Addresses for those without a reservation, from the end of the subnet; reservations come from its beginning. */
const maxPool = 256;

/** How long an offer stands: a client asks for it at once, or not at all. */
const offerMs = 30_000;

/** How long an address is left alone after somebody was found to use it. */
const declinedMs = 600_000;

/** Which address belongs to whom: reservations first, then leases, then what was offered a moment ago. */
export class DhcpLeases {
  readonly #network: GatewayNetwork;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #store: LeaseStore;
  readonly #leases = new Map<string, DhcpLease>();
  /** By address; at most as many as there are in the pool. */
  readonly #offers = new Map<string, { readonly mac: MacAddress; readonly until: number }>();
  #byMac: ReadonlyMap<MacAddress, GatewayHost> = new Map();
  #reserved: ReadonlySet<string> = new Set();

  constructor(network: GatewayNetwork, store: LeaseStore, clock: Pick<Clock, 'now'>) {
    this.#network = network;
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads what was kept. */
  async open(): Promise<void> {
    for (const lease of await this.#store.list()) this.#leases.set(lease.address, lease);
  }

  setHosts(hosts: readonly GatewayHost[]): void {
    this.#byMac = new Map(hosts.map((host) => [host.mac, host]));
    this.#reserved = new Set(hosts.map((host) => host.address));
  }

  /** Leases that hold. */
  list(): readonly DhcpLease[] {
    return [...this.#leases.values()].filter((lease) => this.#holds(lease));
  }

  reservationOf(mac: MacAddress): GatewayHost | undefined {
    return this.#byMac.get(mac);
  }

  /** The address that a station is to have; `wish` counts if it is free. Undefined when there is none left. */
  find(mac: MacAddress, wish?: string): string | undefined {
    const reservation = this.#byMac.get(mac);
    if (reservation) return reservation.address;
    const own = this.list().find((lease) => lease.mac === mac && !this.#reserved.has(lease.address));
    if (own) return own.address;
    if (wish !== undefined && this.#isInPool(wish) && this.#isFree(wish, mac)) return wish;
    for (const address of this.#pool())
      if (this.#offers.get(address)?.mac === mac && this.#isFree(address, mac)) return address;
    for (const address of this.#pool()) if (this.#isFree(address, mac)) return address;
    return undefined;
  }

  /** Keeps an address for the station that it is offered to. */
  offer(mac: MacAddress, address: string): void {
    if (this.#byMac.has(mac)) return;
    this.withdraw(mac);
    this.#offers.set(address, { mac, until: this.#clock.now() + offerMs });
  }

  withdraw(mac: MacAddress): void {
    for (const [address, offer] of this.#offers) if (offer.mac === mac) this.#offers.delete(address);
  }

  /** Whether a station may have this very address. */
  mayHave(mac: MacAddress, address: string): boolean {
    return this.find(mac, address) === address;
  }

  /** Binds an address that it may have. It is kept before this resolves. False when somebody else was faster. */
  async bind(mac: MacAddress, address: string, seconds: number, hostName: string | undefined): Promise<boolean> {
    if (this.#byMac.has(mac)) return true;
    const before = this.#leases.get(address);
    const lease: DhcpLease = {
      network: this.#network.spec.name,
      address,
      mac,
      expiresAt: this.#clock.now() + seconds * 1000,
      ...(hostName !== undefined && { hostName }),
    };
    // Taken from here on, so that nobody else is given it while it is written.
    this.#leases.set(address, lease);
    this.#offers.delete(address);
    this.withdraw(mac);
    try {
      await this.#store.put(lease);
      return true;
    } catch (error) {
      if (before) this.#leases.set(address, before);
      else this.#leases.delete(address);
      if (error instanceof SandboxError && error.code === 'AlreadyExists') return false;
      throw error;
    }
  }

  async release(mac: MacAddress, address: string): Promise<void> {
    const lease = this.#leases.get(address);
    if (lease?.mac !== mac) return;
    this.#leases.delete(address);
    await this.#store.remove(lease);
  }

  /** Somebody was found to use the address: nobody is given it for a while. False when it was not theirs to decline. */
  async decline(mac: MacAddress, address: string): Promise<boolean> {
    if (this.#holderOf(address) !== mac) return false;
    const expiresAt = this.#clock.now() + declinedMs;
    const lease: DhcpLease = { network: this.#network.spec.name, address, mac: '', expiresAt };
    this.#leases.set(address, lease);
    this.#offers.delete(address);
    await this.#store.put(lease);
    return true;
  }

  *#pool(): Generator<string> {
    const { first, last } = this.#network.subnet;
    const lowest = Math.max(first, last - maxPool + 1);
    for (let address = last; address >= lowest; address -= 1) yield addressText(address);
  }

  #isInPool(address: string): boolean {
    const { first, last } = this.#network.subnet;
    const number = addressNumber(address);
    return number >= Math.max(first, last - maxPool + 1) && number <= last;
  }

  #isFree(address: string, mac: MacAddress): boolean {
    if (this.#reserved.has(address)) return false;
    const lease = this.#leases.get(address);
    if (lease && lease.mac !== mac && this.#holds(lease)) return false;
    const offer = this.#offers.get(address);
    return !offer || offer.mac === mac || offer.until <= this.#clock.now();
  }

  /** Who has it, or else who was offered it and may still come for it. */
  #holderOf(address: string): MacAddress | undefined {
    const lease = this.#leases.get(address);
    if (lease && this.#holds(lease)) return lease.mac;
    const offer = this.#offers.get(address);
    return offer && offer.until > this.#clock.now() ? offer.mac : undefined;
  }

  #holds(lease: DhcpLease): boolean {
    return lease.expiresAt > this.#clock.now();
  }
}
