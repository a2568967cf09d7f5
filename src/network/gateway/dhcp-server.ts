import type { MacAddress } from '../../api/network';
import { addressText } from '../../formats/ip-address';
import type { DhcpMessage, DhcpOptions } from '../../formats/wire/dhcp';
import {
  type DhcpType,
  dhcpAddress,
  dhcpOption,
  dhcpType,
  dhcpTypeOf,
  dhcpValue,
} from '../../formats/wire/dhcp-options';
import { serializeDnsName } from '../../formats/wire/dns-name';
import type { DhcpLeases } from './dhcp-leases';
import { type GatewayNetwork, metadataAddress } from './gateway-network';

/** Seconds. A reservation does not run out; its lease says how often its holder asks whether it is still there. */
const leaseSeconds = { reserved: 86_400, pool: 3600 } as const;

const anyAddress = '0.0.0.0';

/** Something that people should hear of. */
export type DhcpEvent =
  /** Nobody without a reservation gets an address any more. */
  | { readonly kind: 'pool-exhausted'; readonly network: string; readonly mac: MacAddress }
  /** The station found that somebody else uses the address that it got. */
  | { readonly kind: 'declined'; readonly network: string; readonly mac: MacAddress; readonly address: string };

export interface DhcpServerOptions {
  readonly network: GatewayNetwork;
  readonly leases: DhcpLeases;
  readonly tell: (event: DhcpEvent) => void;
}

/** The only DHCP server of a network (RFC 2131, 4.3): what it is asked for an address that is not to be had, it denies. */
export class DhcpServer {
  readonly #options: DhcpServerOptions;

  constructor(options: DhcpServerOptions) {
    this.#options = options;
  }

  /** The answer, if there is to be one. */
  async answer(message: DhcpMessage): Promise<DhcpMessage | undefined> {
    // There is one wire and no relay (RFC 2131, 4.1).
    if (message.op !== 'request' || message.relayAddress !== anyAddress) return undefined;
    switch (dhcpTypeOf(message.options)) {
      case dhcpType.discover:
        return this.#discover(message);
      case dhcpType.request:
        return this.#request(message);
      case dhcpType.decline:
        await this.#decline(message);
        return undefined;
      case dhcpType.release:
        await this.#options.leases.release(message.clientMac, message.clientAddress);
        return undefined;
      case dhcpType.inform:
        return this.#reply(message, dhcpType.ack, anyAddress);
      default:
        return undefined;
    }
  }

  #discover(message: DhcpMessage): DhcpMessage | undefined {
    const { leases, network, tell } = this.#options;
    const { clientMac: mac, options } = message;
    const address = leases.find(mac, dhcpAddress(options, dhcpOption.requestedAddress));
    if (address === undefined) {
      tell({ kind: 'pool-exhausted', network: network.spec.name, mac });
      return undefined;
    }
    leases.offer(mac, address);
    return this.#reply(message, dhcpType.offer, address);
  }

  /** The four kinds of it: RFC 2131, 4.3.2. */
  async #request(message: DhcpMessage): Promise<DhcpMessage | undefined> {
    const { leases, network } = this.#options;
    const { clientMac: mac, options, clientAddress } = message;
    const server = dhcpAddress(options, dhcpOption.serverId);
    if (server !== undefined && server !== network.address) {
      leases.withdraw(mac);
      return undefined;
    }
    const address = dhcpAddress(options, dhcpOption.requestedAddress) ?? clientAddress;
    const seconds = leases.reservationOf(mac) ? leaseSeconds.reserved : leaseSeconds.pool;
    const bound = leases.mayHave(mac, address) && (await leases.bind(mac, address, seconds, hostNameOf(options)));
    return bound ? this.#reply(message, dhcpType.ack, address) : this.#deny(message, address);
  }

  async #decline(message: DhcpMessage): Promise<void> {
    const { leases, network, tell } = this.#options;
    const mac = message.clientMac;
    const address = dhcpAddress(message.options, dhcpOption.requestedAddress);
    if (address === undefined) return;
    const reserved = leases.reservationOf(mac)?.address === address;
    if (!reserved && !(await leases.decline(mac, address))) return;
    tell({ kind: 'declined', network: network.spec.name, mac, address });
  }

  #deny(message: DhcpMessage, address: string): DhcpMessage {
    const options = new Map([
      [dhcpOption.messageType, dhcpValue.u8(dhcpType.nak)],
      [dhcpOption.serverId, dhcpValue.addresses(this.#options.network.address)],
      [dhcpOption.message, dhcpValue.text(`${address} is not to be had`)],
    ]);
    // To everybody: the station may have an address that it must not use (RFC 2131, 4.1).
    return { ...replyTo(message), clientAddress: anyAddress, broadcast: true, options };
  }

  #reply(message: DhcpMessage, type: DhcpType, address: string): DhcpMessage {
    const { network } = this.#options;
    const options = new Map<number, Uint8Array<ArrayBuffer>>([
      [dhcpOption.messageType, dhcpValue.u8(type)],
      [dhcpOption.serverId, dhcpValue.addresses(network.address)],
    ]);
    const known = this.#values(message.clientMac, address !== anyAddress);
    // The mask comes before the router (RFC 2132, 3.3), and times are told whether they were asked for or not.
    const wanted = message.options.get(dhcpOption.parameterList);
    const times = [dhcpOption.leaseTime, dhcpOption.renewalTime, dhcpOption.rebindingTime];
    const told = wanted ? [...times, dhcpOption.subnetMask, ...wanted] : [...known.keys()];
    for (const option of told) {
      const value = known.get(option);
      if (value) options.set(option, value);
    }
    return { ...replyTo(message), yourAddress: address, options };
  }

  /** All that there is to say, by option. */
  #values(mac: MacAddress, leased: boolean): ReadonlyMap<number, Uint8Array<ArrayBuffer>> {
    const { network, leases } = this.#options;
    const { address, domain, spec, subnet } = network;
    const host = leases.reservationOf(mac);
    const seconds = host ? leaseSeconds.reserved : leaseSeconds.pool;
    const mask = addressText((0xffffffff << (32 - subnet.prefixLength)) >>> 0);
    const values: [number, Uint8Array<ArrayBuffer>][] = [
      [dhcpOption.subnetMask, dhcpValue.addresses(mask)],
      [dhcpOption.router, dhcpValue.addresses(address)],
      [dhcpOption.dnsServers, dhcpValue.addresses(address)],
      [dhcpOption.domainName, dhcpValue.text(domain)],
      [dhcpOption.domainSearch, serializeDnsName(domain)],
      [dhcpOption.mtu, dhcpValue.u16(spec.mtu)],
      [dhcpOption.broadcastAddress, dhcpValue.addresses(addressText(subnet.broadcast))],
      [dhcpOption.ntpServers, dhcpValue.addresses(address)],
      [
        dhcpOption.classlessRoutes,
        dhcpValue.routes(
          { destination: anyAddress, prefixLength: 0, router: address },
          { destination: metadataAddress, prefixLength: 32, router: address },
        ),
      ],
    ];
    if (host) values.push([dhcpOption.hostName, dhcpValue.text(host.name)]);
    if (leased) {
      values.push(
        [dhcpOption.leaseTime, dhcpValue.u32(seconds)],
        [dhcpOption.renewalTime, dhcpValue.u32(seconds / 2)],
        [dhcpOption.rebindingTime, dhcpValue.u32((seconds / 8) * 7)],
      );
    }
    return new Map(values);
  }
}

/** What an answer has from the question (RFC 2131, table 3). */
function replyTo(message: DhcpMessage): DhcpMessage {
  return {
    ...message,
    op: 'reply',
    hops: 0,
    seconds: 0,
    yourAddress: anyAddress,
    serverAddress: anyAddress,
    serverName: '',
    bootFile: '',
    options: new Map(),
  };
}

/** As far as it can be shown: letters, digits, hyphens and dots. */
function hostNameOf(options: DhcpOptions): string | undefined {
  const bytes = options.get(dhcpOption.hostName);
  const name = bytes ? new TextDecoder().decode(bytes).replace(/\0+$/, '') : '';
  return /^[\w.-]{1,63}$/.test(name) ? name : undefined;
}
