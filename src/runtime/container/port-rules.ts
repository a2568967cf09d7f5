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
const sets = { macs: 'macs', addresses: 'addresses', vlanTypes: 'vlan-types' } as const;

/** What follows the addresses of a frame (IEEE 802.3), after them the tag of a VLAN, in network order. */
const etherTypes = { ipv4: Uint8Array.of(0x08, 0x00), arp: Uint8Array.of(0x08, 0x06) } as const;
/** 802.1Q and 802.1ad. */
const vlanTypes = [Uint8Array.of(0x81, 0x00), Uint8Array.of(0x88, 0xa8)];
const udp = Uint8Array.of(17);
const dhcpServer = Uint8Array.of(0, 67);
const zero16 = new Uint8Array(2);

const etherType = loadPayload('link', 12, 2);
const isArp = [etherType, compare('equal', etherTypes.arp)];
const nameSize = setKeys.ifname.size;

/**
 * Port security, ARP guard and DHCP guard, as the lab's switch has them for what comes to its ports: a container's
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
    // Only the first fragment has the ports.
    forbid('dhcp-guard', [
      ...[loadMeta('protocol'), compare('equal', etherTypes.ipv4)],
      ...[loadPayload('network', 6, 2), mask(Uint8Array.of(0x1f, 0xff)), compare('equal', zero16)],
      ...[loadMeta('l4proto'), compare('equal', udp), loadPayload('transport', 0, 2), compare('equal', dhcpServer)],
    ]),
    createPreroutingChain(table, 'prerouting'),
    createRule(table, 'prerouting', [
      loadMeta('iifname'),
      compare('equal', new TextEncoder().encode(prefix)),
      jump(claims),
    ]),
  ];
}

export function admitPorts(ports: ClaimsOfPorts): readonly NftChange[] {
  const { macs, addresses } = keysOf(ports);
  return [addElements(table, sets.macs, macs), addElements(table, sets.addresses, addresses)];
}

export function withdrawPorts(ports: ClaimsOfPorts): readonly NftChange[] {
  const { macs, addresses } = keysOf(ports);
  return [deleteElements(table, sets.macs, macs), deleteElements(table, sets.addresses, addresses)];
}

function keysOf(ports: ClaimsOfPorts): { readonly macs: Uint8Array[]; readonly addresses: Uint8Array[] } {
  const list = [...ports];
  return {
    macs: list.map(([name, { mac }]) => keyOf(name, parseMacAddress(mac), setKeys.etherAddress.size)),
    addresses: list.map(([name, { address }]) => keyOf(name, parseIpAddress(address), setKeys.ipv4Address.size)),
  };
}

function keyOf(name: string, claim: Uint8Array, size: number): Uint8Array {
  const named = new TextEncoder().encode(name);
  return concatBytes([named, new Uint8Array(nameSize - named.length), claim, new Uint8Array(size - claim.length)]);
}

/** The port that a frame comes from, and beside it what is in the frame. */
function loadPair(base: 'link' | 'network', offset: number, size: number): readonly NftExpression[] {
  return [loadMeta('iifname'), loadPayload(base, offset, size, 2)];
}

function forbid(comment: string, when: readonly NftExpression[]): NftChange {
  return createRule(table, claims, [...when, count(), drop()], comment);
}
