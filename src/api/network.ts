import type { Event } from '../base/events';
import type { InstanceId } from './instance';

/** Six bytes as text: `02:5e:00:00:00:01`, lower case. */
export type MacAddress = string;

/** A network: one broadcast domain with one IPv4 subnet. */
export interface NetworkSpec {
  /** A host name label; what users and compose files call it. */
  readonly name: string;
  /** IPv4 in CIDR notation (RFC 4632): `10.1.0.0/24`. The first address is kept for the gateway. */
  readonly subnet: string;
  /** Bytes of IP packet that a frame carries: 1500, or up to 9000 on request. */
  readonly mtu: number;
  /** What may leave it. Nothing, unless a user has said so. */
  readonly egress?: Egress;
  /** Whoever is on it may do all that the container engine can, at `http://gateway:2375`. Only where a user has said so. */
  readonly engineApi?: true;
}

/** HTTP from a network to the world, by the fetch of the page. */
export interface Egress {
  /** Who may be asked: "example.com", "*.example.com" for all below it, "192.0.2.1". */
  readonly hosts: readonly string[];
  /** Asked in place of them: an address with `{url}` for what is wanted. */
  readonly relay?: string;
}

/** What an instance wants of a network. */
export interface NicSpec {
  /** Name of the network. */
  readonly network: string;
  /** A fixed IPv4 address; the next free one when absent. */
  readonly address?: string;
}

/** What the address management has put aside for one NIC of one instance, before it starts. */
export interface Reservation {
  readonly instance: InstanceId;
  /** Number of the NIC in its instance: 0 is eth0. */
  readonly nic: number;
  readonly network: string;
  readonly mac: MacAddress;
  /** IPv4, without a prefix length. */
  readonly address: string;
}

/** An address that the gateway has given to somebody who has no reservation. */
export interface DhcpLease {
  readonly network: string;
  readonly address: string;
  /** Empty when nobody has it: it was declined, since somebody uses it whom nobody knows. */
  readonly mac: MacAddress;
  /** Milliseconds since the epoch; it is free from then on. */
  readonly expiresAt: number;
  /** What its holder calls itself. */
  readonly hostName?: string;
}

/** Frames of a network that are counted for somebody. Ends are IPv4 addresses. */
export interface FrameFilter {
  readonly network: string;
  readonly protocol: 'arp' | 'icmp' | 'tcp' | 'udp';
  readonly from?: string;
  readonly to?: string;
  /** Of TCP or UDP, at the receiving end. */
  readonly port?: number;
}

/** Why a frame was not delivered. Each is counted at the port that is named. */
export type DropReason =
  /** Its sender's or its receiver's port is down: at that port. */
  | 'port-down'
  /** Its receiver sleeps, and is not woken by such a frame: at the receiver. */
  | 'asleep'
  /** Its receiver could not be woken: at the receiver. */
  | 'wake-failed'
  /** The receiver does not take frames as fast as they come, and its queue is full: at the receiver. */
  | 'queue-full'
  /** Longer than the network's MTU allows: at the sender. */
  | 'too-long'
  /** Shorter than an Ethernet header, or a damaged slab: at the sender. */
  | 'malformed'
  /** More broadcasts and unknown destinations than storm control lets through: at the sender. */
  | 'storm-control'
  /** The source address is not one the port may use (port security): at the sender. */
  | 'port-security'
  /** An ARP message that claims an address which is reserved for another port (ARP guard): at the sender. */
  | 'arp-guard'
  /** What only a DHCP server says, from a port where none is allowed (DHCP guard): at the sender. */
  | 'dhcp-guard'
  /** What only a router of IPv6 or a server of DHCPv6 says, from a port where none is allowed: at the sender. */
  | 'ra-guard'
  /** Neighbour discovery that claims an IPv6 address which is made of another port's MAC: at the sender. */
  | 'nd-guard'
  /** It would go back to where it came from: at the sender. */
  | 'same-port';

export interface PortCounters {
  /** Frames and bytes the switch got from the port. */
  readonly rxFrames: number;
  readonly rxBytes: number;
  /** Frames and bytes the switch handed to the port. */
  readonly txFrames: number;
  readonly txBytes: number;
  readonly drops: Readonly<Record<DropReason, number>>;
}

export interface PortStatus {
  /** `<instance id>/<nic>` for an instance's port. */
  readonly id: string;
  readonly network: string;
  /** For people: the instance's name and interface, "web eth0". */
  readonly label: string;
  readonly up: boolean;
  /** Nothing is plugged in: the switch answers for it, and wakes its owner when it is wanted. */
  readonly asleep: boolean;
  /** Frames and bytes that wait for the port now. */
  readonly queuedFrames: number;
  readonly queuedBytes: number;
  readonly counters: PortCounters;
}

/** An entry of the forwarding database (IEEE 802.1D, 7.9). */
export interface FdbEntry {
  readonly network: string;
  readonly mac: MacAddress;
  /** Id of the port behind which the address was last seen. */
  readonly port: string;
  /** Milliseconds since then. */
  readonly ageMs: number;
}

/** Who has an address on a network. */
export interface Station {
  /**
   * Nobody at another port of the network may use this source address (port security), nor claim an IPv6 address that is made
   * of it (ND guard).
   */
  readonly mac: MacAddress;
  /** Nor claim this one by ARP (ARP guard). IPv4. */
  readonly address: string;
}

/** A station behind a port that has others behind it, as containers are behind the card of their host. */
export interface GuardedStation extends Station {
  /** Id of its port. */
  readonly port: string;
}

/** What is to be said of a port when it is added. */
export interface PortSpec {
  readonly id: string;
  readonly network: string;
  readonly label: string;
  /** IP packet bytes; frames with more are dropped. */
  readonly mtu: number;
  /** Whose port it is: announced to the network when it comes up. Others may be behind it, too. */
  readonly station?: Station;
  /** Ports of the same owner may use each other's addresses, as a machine with two cards on one network does. */
  readonly owner?: string;
  /** With it only this source address may be used (port security). */
  readonly mac?: MacAddress;
  /** With it ARP for other senders' addresses is dropped (ARP guard). */
  readonly address?: string;
  /** Further addresses that it may claim. */
  readonly moreAddresses?: readonly string[];
  /** With one such port on a network, only such ports may speak as DHCP servers, or as routers of IPv6 (DHCP, RA guard). */
  readonly dhcpServer?: boolean;
  /**
   * False: whatever the other end says of itself, it gets only frames with nothing left to do. The switch then
   * completes checksums and cuts large segments for it. Otherwise the other end's word counts (rpc/slab-port.ts).
   */
  readonly offload?: boolean;
  /**
   * With it the port can sleep, once nothing has passed for so many milliseconds (network/port-sleep.ts). It then has a
   * MAC and an address.
   */
  readonly idleMs?: number;
}

/** What answers for a network: a guest's way out of it, and its name server. */
export interface NicGateway {
  /** IPv4. */
  readonly address: string;
  /** Names of the network end in it. */
  readonly domain: string;
}

/** A NIC's way to its network, as a driver gets it: made anew for each start of the instance. */
export interface NicAttachment {
  readonly nic: number;
  readonly mac: MacAddress;
  readonly address: string;
  readonly prefixLength: number;
  readonly mtu: number;
  /** Absent where the network has none. */
  readonly gateway?: NicGateway;
  /** The end of the slab port (rpc/slab-port.ts) that goes to the instance's worker. */
  readonly port: MessagePort;
  /** Fires with a new end in the place of `port` when the switch had to be started again; its link is down. */
  readonly renewed: Event<MessagePort>;
  /** Takes the port off the switch. */
  detach(): void;
}
