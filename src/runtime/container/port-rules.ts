import { concatBytes } from '../../base/bytes';
import { parseIpAddress } from '../../formats/ip-address';
import { parseMacAddress } from '../../formats/mac-address';
import {
  addElements,
  compare,
  count,
  createChain,
  createPreroutingChain,
  createRule,
  createSet,
  createTable,
  deleteElements,
  deleteTable,
  drop,
  jump,
  loadMeta,
  loadPayload,
  lookUp,
  mask,
  type NftChange,
  type NftExpression,
  setKeys,
} from '../../formats/nftables';
import { dhcpPorts } from '../../formats/wire/dhcp';
import { dhcp6Ports, icmp6Protocol, ip6SourceAt, ndTargetAt, ndTypes } from '../../formats/wire/neighbour-discovery';

/** What a port may claim. */
interface PortClaims {
  readonly mac: string;
  /** IPv4. */
  readonly address: string;
}

/** By the names of ports. */
type ClaimsOfPorts = Iterable<readonly [name: string, claims: PortClaims]>;

const table = 'strata';
const claims = 'claims';
const claims6 = 'claims6';
const sets = { macs: 'macs', addresses: 'addresses', interfaceIds: 'interface-ids', vlanTypes: 'vlan-types' } as const;

/** What follows the addresses of a frame (IEEE 802.3), after them the tag of a VLAN, in network order. */
const etherTypes = {
  ipv4: Uint8Array.of(0x08, 0x00),
  arp: Uint8Array.of(0x08, 0x06),
  ipv6: Uint8Array.of(0x86, 0xdd),
} as const;
/** 802.1Q and 802.1ad. */
const vlanTypes = [Uint8Array.of(0x81, 0x00), Uint8Array.of(0x88, 0xa8)];
const udp = Uint8Array.of(17);
const icmp6 = Uint8Array.of(icmp6Protocol);
const zero16 = new Uint8Array(2);

/** Of a header of UDP (RFC 768), in bytes from its start. */
const udpPortsAt = { source: 0, destination: 2 } as const;

/** An address that is made of a MAC has these in the middle of its last half (RFC 4291, appendix A). */
const eui64Middle = Uint8Array.of(0xff, 0xfe);

const etherType = loadPayload('link', 12, 2);
const isArp = [etherType, compare('equal', etherTypes.arp)];
/** Only that has the ports. */
const isFirstFragment4 = [
  ...[loadMeta('protocol'), compare('equal', etherTypes.ipv4)],
  ...[loadPayload('network', 6, 2), mask(Uint8Array.of(0x1f, 0xff)), compare('equal', zero16)],
];
const nameSize = setKeys.ifname.size;

/**
 * Port security, ARP guard, DHCP guard and those of IPv6, as the lab's switch has them for what comes to its ports: a container's
 * neighbours on the same bridge are reached without the switch. A frame has to come from the port's own MAC, an ARP
 * message (RFC 826) has to claim the port's own address or none, and nobody answers as a DHCP server. What is tagged for
 * VLAN 0 has no VLAN (IEEE 802.1Q, 9.6) and would be taken for untagged behind the guard; other VLANs are networks of the
 * containers' own. In the place of what there was; `prefix` is how the names of guarded ports begin.
 */
export function guardPorts(prefix: string): readonly NftChange[] {
  return [
    // Which must be there to be deleted.
    ...[createTable(table), deleteTable(table), createTable(table)],
    createSet(table, sets.macs, 1, [setKeys.ifname, setKeys.etherAddress]),
    createSet(table, sets.addresses, 2, [setKeys.ifname, setKeys.ipv4Address]),
    createSet(table, sets.vlanTypes, 3, [setKeys.etherType]),
    addElements(table, sets.vlanTypes, vlanTypes),
    createInterfaceIds(),
    createChain(table, claims6),
    ...guards6(),
    createChain(table, claims),
    forbid('port-security', [...loadPair('link', 6, 6), lookUp(sets.macs, { inverted: true })]),
    forbid('vlan-0', [
      ...[etherType, lookUp(sets.vlanTypes)],
      ...[loadPayload('link', 14, 2), mask(Uint8Array.of(0x0f, 0xff)), compare('equal', zero16)],
    ]),
    // The sender's MAC and address are 8 and 14 bytes into the message.
    forbid('arp-guard', [...isArp, ...loadPair('network', 8, 6), lookUp(sets.macs, { inverted: true })]),
    forbid('arp-guard', [
      ...[...isArp, loadPayload('network', 14, 4), compare('unequal', new Uint8Array(4))],
      ...[...loadPair('network', 14, 4), lookUp(sets.addresses, { inverted: true })],
    ]),
    forbid('dhcp-guard', [...isFirstFragment4, ...isUdp('source', dhcpPorts.server)]),
    forbid('dhcp-guard', [...isFirstFragment4, ...isUdp('destination', dhcpPorts.client)]),
    createRule(table, claims, [loadMeta('protocol'), compare('equal', etherTypes.ipv6), jump(claims6)]),
    createPreroutingChain(table, 'prerouting'),
    createRule(table, 'prerouting', [
      loadMeta('iifname'),
      compare('equal', new TextEncoder().encode(prefix)),
      jump(claims),
    ]),
  ];
}

/**
 * Router advertisement guard (RFC 6105), of DHCPv6's servers too, and neighbour discovery guard: an address that is made of a
 * MAC may be claimed by who has that MAC, other addresses are anybody's. Linux itself takes no neighbour discovery out of
 * fragments (RFC 6980).
 */
function guards6(): readonly NftChange[] {
  const isIcmp6 = (type: number): readonly NftExpression[] => [
    ...[loadMeta('l4proto'), compare('equal', icmp6)],
    ...[loadPayload('transport', 0, 1), compare('equal', Uint8Array.of(type))],
  ];
  const isAnothers = (base: 'network' | 'transport', at: number): readonly NftExpression[] => [
    ...[loadPayload(base, at + 11, 2), compare('equal', eui64Middle)],
    ...[...loadPair(base, at + 8, 4), loadPayload(base, at + 12, 4, 13)],
    lookUp(sets.interfaceIds, { inverted: true }),
  ];
  const asksForItself = [loadPayload('network', ip6SourceAt, 16), compare('equal', new Uint8Array(16))];
  return [
    forbid('ra-guard', isIcmp6(ndTypes.routerAdvertisement), claims6),
    forbid('ra-guard', isIcmp6(ndTypes.redirect), claims6),
    forbid('ra-guard', isUdp('source', dhcp6Ports.server), claims6),
    forbid('ra-guard', isUdp('destination', dhcp6Ports.client), claims6),
    forbid('nd-guard', [...isIcmp6(ndTypes.advertisement), ...isAnothers('transport', ndTargetAt)], claims6),
    forbid('nd-guard', [...isIcmp6(ndTypes.solicitation), ...isAnothers('network', ip6SourceAt)], claims6),
    // Who has no address yet asks for the one that it wants (RFC 4862, 5.4).
    forbid(
      'nd-guard',
      [...isIcmp6(ndTypes.solicitation), ...asksForItself, ...isAnothers('transport', ndTargetAt)],
      claims6,
    ),
  ];
}

export function admitPorts(ports: ClaimsOfPorts): readonly NftChange[] {
  // Rules of an earlier version of the page have no such set, and stay as they are as long as the guest runs.
  return [createInterfaceIds(), ...keysOf(ports).map(([set, keys]) => addElements(table, set, keys))];
}

/** nft knows no type of eight bytes: it shows them as two addresses of IPv4. */
function createInterfaceIds(): NftChange {
  return createSet(table, sets.interfaceIds, 4, [setKeys.ifname, setKeys.ipv4Address, setKeys.ipv4Address]);
}

export function withdrawPorts(ports: ClaimsOfPorts): readonly NftChange[] {
  return keysOf(ports).map(([set, keys]) => deleteElements(table, set, keys));
}

/** What each set has of these ports. */
function keysOf(ports: ClaimsOfPorts): readonly (readonly [set: string, keys: readonly Uint8Array[]])[] {
  const list = [...ports];
  return [
    [sets.macs, list.map(([name, { mac }]) => keyOf(name, parseMacAddress(mac), setKeys.etherAddress.size))],
    [sets.addresses, list.map(([name, { address }]) => keyOf(name, parseIpAddress(address), setKeys.ipv4Address.size))],
    [sets.interfaceIds, list.map(([name, { mac }]) => keyOf(name, interfaceIdOf(mac), 8))],
  ];
}

/** That a kernel makes of a MAC (RFC 4291, appendix A). */
function interfaceIdOf(mac: string): Uint8Array {
  const [first = 0, ...others] = parseMacAddress(mac);
  return Uint8Array.of(first ^ 2, ...others.slice(0, 2), ...eui64Middle, ...others.slice(2));
}

function keyOf(name: string, claim: Uint8Array, size: number): Uint8Array {
  const named = new TextEncoder().encode(name);
  return concatBytes([named, new Uint8Array(nameSize - named.length), claim, new Uint8Array(size - claim.length)]);
}

function isUdp(end: keyof typeof udpPortsAt, port: number): readonly NftExpression[] {
  return [
    ...[loadMeta('l4proto'), compare('equal', udp)],
    ...[loadPayload('transport', udpPortsAt[end], 2), compare('equal', Uint8Array.of(port >> 8, port & 0xff))],
  ];
}

/** The port that a frame comes from, and beside it what is in the frame. */
function loadPair(base: 'link' | 'network' | 'transport', offset: number, size: number): readonly NftExpression[] {
  return [loadMeta('iifname'), loadPayload(base, offset, size, 2)];
}

function forbid(comment: string, when: readonly NftExpression[], chain = claims): NftChange {
  return createRule(table, chain, [...when, count(), drop()], comment);
}
