import { SandboxError } from '../../base/errors';
import { parseIpAddress, serializeIpAddress } from '../ip-address';
import type { DhcpOptions } from './dhcp';
import { PacketWriter } from './packet-writer';

/** Codes of options (RFC 2132; RFC 3397, 3442 for the last two). */
export const dhcpOption = {
  subnetMask: 1,
  router: 3,
  dnsServers: 6,
  hostName: 12,
  domainName: 15,
  mtu: 26,
  broadcastAddress: 28,
  ntpServers: 42,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverId: 54,
  parameterList: 55,
  message: 56,
  maxMessageSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  clientId: 61,
  domainSearch: 119,
  classlessRoutes: 121,
} as const;

/** Values of option 53 (RFC 2132, 9.6). */
export const dhcpType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export type DhcpType = (typeof dhcpType)[keyof typeof dhcpType];

/** A route of option 121 (RFC 3442). */
export interface DhcpRoute {
  readonly destination: string;
  readonly prefixLength: number;
  /** 0.0.0.0: on this link. */
  readonly router: string;
}

const encoder = new TextEncoder();

/** Values of options, as they are written. */
export const dhcpValue = {
  u8: (value: number): Uint8Array<ArrayBuffer> => Uint8Array.of(value),
  u16: (value: number): Uint8Array<ArrayBuffer> => new PacketWriter().u16(value).finish(),
  u32: (value: number): Uint8Array<ArrayBuffer> => new PacketWriter().u32(value).finish(),
  text: (value: string): Uint8Array<ArrayBuffer> => encoder.encode(value),
  addresses: (...values: readonly string[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(values.flatMap((value) => [...parseIpAddress(value)])),
  routes,
} as const;

/** The type of a message; undefined when it has none that exists. */
export function dhcpTypeOf(options: DhcpOptions): DhcpType | undefined {
  const [type] = options.get(dhcpOption.messageType) ?? [];
  return Object.values(dhcpType).find((each) => each === type);
}

/** The value of an option that is an IPv4 address; undefined when it is not there or is none. */
export function dhcpAddress(options: DhcpOptions, option: number): string | undefined {
  const bytes = options.get(option);
  return bytes?.length === 4 ? serializeIpAddress(bytes) : undefined;
}

/** The value of an option that is a whole number of one, two or four bytes. */
export function dhcpNumber(options: DhcpOptions, option: number): number | undefined {
  const bytes = options.get(option);
  if (!bytes || ![1, 2, 4].includes(bytes.length)) return undefined;
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** Reads option 121 (RFC 3442). `InvalidArgument` for what is none. */
export function parseDhcpRoutes(bytes: Uint8Array): DhcpRoute[] {
  const found: DhcpRoute[] = [];
  for (let at = 0; at < bytes.length; ) {
    const prefixLength = bytes[at] ?? 0;
    const significant = Math.ceil(prefixLength / 8);
    const next = at + 1 + significant + 4;
    if (prefixLength > 32 || next > bytes.length) throw new SandboxError('InvalidArgument', 'Not a list of routes');
    const destination = new Uint8Array(4);
    destination.set(bytes.subarray(at + 1, at + 1 + significant));
    const router = serializeIpAddress(bytes.subarray(next - 4, next));
    found.push({ destination: serializeIpAddress(destination), prefixLength, router });
    at = next;
  }
  return found;
}

function routes(...values: readonly DhcpRoute[]): Uint8Array<ArrayBuffer> {
  const writer = new PacketWriter();
  for (const { destination, prefixLength, router } of values) {
    writer.u8(prefixLength).bytes(parseIpAddress(destination).subarray(0, Math.ceil(prefixLength / 8)));
    writer.bytes(parseIpAddress(router));
  }
  return writer.finish();
}
