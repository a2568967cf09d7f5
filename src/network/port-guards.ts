import type { SlabReader } from '../formats/frame-slab';
import { dhcpPorts } from '../formats/wire/dhcp';
import { etherType } from '../formats/wire/ethernet';
import { ipProtocol } from '../formats/wire/ipv4';
import type { AddressOwners } from './address-owners';
import type { FrameInfo } from './frame-info';
import type { SwitchPort } from './switch-port';

/** Whether a port may use an address: its own when it has one, otherwise one that is nobody else's. */
export function mayUse(owners: AddressOwners, own: number | undefined, port: SwitchPort, address: number): boolean {
  return own === undefined ? isNobodyElses(owners, port, address) : address === own;
}

function isNobodyElses(owners: AddressOwners, port: SwitchPort, address: number): boolean {
  const others = owners.size > 0 ? owners.get(address) : undefined;
  return others === undefined || others.has(port) || isOfOneOwner(others, port);
}

function isOfOneOwner(others: ReadonlySet<SwitchPort>, { spec: { owner } }: SwitchPort): boolean {
  return owner !== undefined && [...others].some(({ spec }) => spec.owner === owner);
}

/** What an ARP message for Ethernet and IPv4 (RFC 826) has where, from its start. */
const arp = { bytes: 28, senderMac: 8, senderAddress: 14 } as const;

/**
 * ARP guard: the sender may claim its own address, or none (a probe, RFC 5227), under the MAC that the frame comes
 * from. A port without an address of its own may claim any that is not another port's.
 */
export function mayClaim(
  owners: AddressOwners,
  from: SwitchPort,
  { packetStart, source }: FrameInfo,
  reader: SlabReader,
): boolean {
  if (owners.size === 0) return true;
  if (packetStart + arp.bytes > reader.frameEnd) return from.addresses === undefined;
  const address = reader.view.getUint32(packetStart + arp.senderAddress);
  const macAt = packetStart + arp.senderMac;
  const mac = reader.view.getUint16(macAt) * 2 ** 32 + reader.view.getUint32(macAt + 2);
  if (from.addresses && mac !== source) return false;
  return address === 0 || (from.addresses?.has(address) ?? isNobodyElses(owners, from, address));
}

/** What an IPv4 packet has where, from its start (RFC 791, 3.1). */
const ip4 = { bytes: 20, fragment: 6, protocol: 9 } as const;

/**
 * Whether it comes from the port of DHCP's servers or goes to that of its clients, who do not ask where it comes from. Of a
 * packet in fragments the first one tells, and without it the others are nothing.
 */
export function isDhcpReply({ etherType: type, packetStart }: FrameInfo, { view, frameEnd }: SlabReader): boolean {
  if (type !== etherType.ip4 || packetStart + ip4.bytes > frameEnd) return false;
  if (view.getUint8(packetStart + ip4.protocol) !== ipProtocol.udp) return false;
  const udp = packetStart + (view.getUint8(packetStart) & 15) * 4;
  const first = (view.getUint16(packetStart + ip4.fragment) & 0x1fff) === 0;
  if (!first || udp + 4 > frameEnd) return false;
  return view.getUint16(udp) === dhcpPorts.server || view.getUint16(udp + 2) === dhcpPorts.client;
}
