import { parseIpAddress } from '../ip-address';

/** The Internet checksum (RFC 1071) of some bytes, with `initial` added to their sum. */
export function internetChecksum(bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number {
  let sum = initial;
  let at = start;
  for (; at + 1 < end; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (at < end) sum += (bytes[at] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** The addresses between which a UDP datagram or a TCP segment goes: its checksum covers them. */
export interface AddressPair {
  readonly source: string;
  readonly destination: string;
}

/** Sum of the pseudo header (RFC 768; RFC 9293, 3.1) of IPv4, to be the `initial` of a checksum. */
export function pseudoHeaderSum({ source, destination }: AddressPair, protocol: number, length: number): number {
  const wordSum = (address: string): number => {
    const [a = 0, b = 0, c = 0, d = 0] = parseIpAddress(address);
    return (a << 8) + b + (c << 8) + d;
  };
  return wordSum(source) + wordSum(destination) + protocol + length;
}
