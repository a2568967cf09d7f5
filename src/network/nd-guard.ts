import type { SlabReader } from '../formats/frame-slab';
import { ipProtocol } from '../formats/wire/ipv4';
import { dhcp6Ports, icmp6Protocol, ip6SourceAt, ndTargetAt, ndTypes } from '../formats/wire/neighbour-discovery';
import type { AddressOwners } from './address-owners';
import type { FrameInfo } from './frame-info';
import { mayUse } from './port-guards';
import type { SwitchPort } from './switch-port';

/** What a packet has where, from its start (RFC 8200, 3). */
const ip6 = { bytes: 40, nextHeader: 6 } as const;

/** Headers between IPv6's and what it carries (RFC 8200, 4; RFC 4302): a chain, each with the number of the next. */
const extension = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60 } as const;

/** Of those a sound packet has each at most once, and one of them twice. */
const maxExtensions = 6;

/** From as many bytes of what is carried it is known what it is: a message's type, or the ports it comes from and goes to. */
const kindBytes = 4;

/** Where what a packet carries begins, and its protocol. */
interface Carried {
  readonly protocol: number;
  readonly at: number;
}

/** Whose addresses of a network are, and whether it has ports that may speak as its servers, and others may not. */
export interface GuardedNetwork {
  readonly macs: AddressOwners;
  readonly dhcpServers: number;
}

/**
 * What keeps a frame of IPv6 from a network. Router advertisement guard (RFC 6105), of DHCPv6's servers too: what only a router
 * or a server says, or hides behind a chain of headers whose end cannot be seen (RFC 7113). Neighbour discovery guard: an
 * address whose last half is made of a MAC (RFC 4291, appendix A), as those are that a kernel gives itself, may be claimed by
 * who may use that MAC. Other addresses are anybody's.
 */
export function refusalOfIp6(
  { macs, dhcpServers }: GuardedNetwork,
  from: SwitchPort,
  info: FrameInfo,
  reader: SlabReader,
): 'ra-guard' | 'nd-guard' | undefined {
  const carried = findCarried(info, reader);
  if (carried === 'later-fragment') return undefined;
  if (dhcpServers > 0 && !from.spec.dhcpServer && isServerSpeech(carried, reader)) return 'ra-guard';
  const claimed = carried === 'hidden' ? undefined : findClaimed(info, carried, reader);
  if (claimed === undefined) return undefined;
  if (claimed + 16 > reader.frameEnd) return 'nd-guard';
  const mac = macInside(reader, claimed);
  return mac === undefined || mayUse(macs, from.mac, from, mac) ? undefined : 'nd-guard';
}

function isServerSpeech(carried: Carried | 'hidden', { view, frameEnd }: SlabReader): boolean {
  if (carried === 'hidden') return true;
  const { protocol, at } = carried;
  if (protocol === ipProtocol.udp) {
    if (at + kindBytes > frameEnd) return false;
    return view.getUint16(at) === dhcp6Ports.server || view.getUint16(at + 2) === dhcp6Ports.client;
  }
  if (protocol !== icmp6Protocol || at >= frameEnd) return false;
  const type = view.getUint8(at);
  return type === ndTypes.routerAdvertisement || type === ndTypes.redirect;
}

/**
 * Where the address is that the sender says is its own: who asks, the one that it asks from, or, when that is none, the one that
 * it asks for because it wants it (RFC 4862, 5.4).
 */
function findClaimed({ packetStart }: FrameInfo, { protocol, at }: Carried, reader: SlabReader): number | undefined {
  if (protocol !== icmp6Protocol || at >= reader.frameEnd) return undefined;
  const type = reader.view.getUint8(at);
  const source = packetStart + ip6SourceAt;
  if (type === ndTypes.solicitation) return isUnspecified(reader, source) ? at + ndTargetAt : source;
  return type === ndTypes.advertisement ? at + ndTargetAt : undefined;
}

/** `later-fragment` says nothing without the first; `hidden` is what nobody but its receiver could find. */
function findCarried(
  { packetStart }: FrameInfo,
  { view, frameEnd }: SlabReader,
): Carried | 'later-fragment' | 'hidden' {
  if (packetStart + ip6.bytes > frameEnd) return 'hidden';
  let protocol = view.getUint8(packetStart + ip6.nextHeader);
  let at = packetStart + ip6.bytes;
  let isFirstFragment = false;
  for (let count = 0; count <= maxExtensions; count += 1) {
    // What a first fragment does not say, a later one will, which says it to its receiver alone.
    if (!isExtension(protocol)) return isFirstFragment && at + kindBytes > frameEnd ? 'hidden' : { protocol, at };
    if (at + 8 > frameEnd) return 'hidden';
    if (protocol === extension.fragment && view.getUint16(at + 2) >> 3 > 0) return 'later-fragment';
    isFirstFragment ||= protocol === extension.fragment;
    const bytes = extensionBytes(protocol, view.getUint8(at + 1));
    protocol = view.getUint8(at);
    at += bytes;
  }
  return 'hidden';
}

function isExtension(protocol: number): boolean {
  return (
    protocol === extension.hopByHop ||
    protocol === extension.routing ||
    protocol === extension.fragment ||
    protocol === extension.authentication ||
    protocol === extension.destination
  );
}

function extensionBytes(protocol: number, length: number): number {
  if (protocol === extension.fragment) return 8;
  return protocol === extension.authentication ? (length + 2) * 4 : (length + 1) * 8;
}

function isUnspecified({ view }: SlabReader, at: number): boolean {
  return [0, 4, 8, 12].every((offset) => view.getUint32(at + offset) === 0);
}

/** The MAC that an address is made of, with its universal/local bit the other way round. */
function macInside({ view }: SlabReader, at: number): number | undefined {
  if (view.getUint16(at + 11) !== 0xfffe) return undefined;
  const head = ((view.getUint8(at + 8) ^ 2) << 16) | view.getUint16(at + 9);
  return head * 2 ** 24 + (view.getUint8(at + 13) << 16) + view.getUint16(at + 14);
}
