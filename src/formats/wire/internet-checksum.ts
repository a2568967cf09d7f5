import { parseIpAddress } from '../ip-address';

/** The Internet checksum (RFC 1071) of some bytes, with `initial` added to their sum. */
export function internetChecksum(bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number {
  const aligned = (bytes.byteOffset + start) % 2 === 0 && end <= bytes.length;
  const sum = aligned ? fastSum(bytes, start, end) : slowSum(bytes, start, end);
  return ~fold(initial + sum) & 0xffff;
}

function slowSum(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let at = start;
  for (; at + 1 < end; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return at < end ? sum + ((bytes[at] ?? 0) << 8) : sum;
}

/** Which byte of a word comes first here. */
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** By words as this machine has them: their sum is the other one with its bytes swapped (RFC 1071, 2 (B)). */
function fastSum(bytes: Uint8Array, start: number, end: number): number {
  const count = Math.max(0, end - start) >> 1;
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset + start, count);
  let sum = 0;
  let at = 0;
  // Four at a time, as the loop costs more than the sum.
  for (; at + 3 < count; at += 4) {
    sum += (words[at] ?? 0) + (words[at + 1] ?? 0) + (words[at + 2] ?? 0) + (words[at + 3] ?? 0);
  }
  for (; at < count; at += 1) sum += words[at] ?? 0;
  const folded = fold(sum);
  const swapped = littleEndian ? ((folded & 0xff) << 8) | (folded >> 8) : folded;
  return (end - start) % 2 === 0 || end <= start ? swapped : swapped + ((bytes[end - 1] ?? 0) << 8);
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
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
