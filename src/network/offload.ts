import { gsoType, virtioField, virtioFlag, virtioHeaderBytes } from '../formats/frame-slab';
import { etherTypeAt, isVlanTag, vlanTagBytes } from '../formats/wire/ethernet';
import { internetChecksum } from '../formats/wire/internet-checksum';

/** TCP flags (RFC 9293, 3.1; RFC 3168, 6.1), and where they stand in the header. */
const tcpFlag = { fin: 0x01, psh: 0x08, cwr: 0x80 } as const;
const tcpField = { sequence: 4, dataOffset: 12, flags: 13, checksum: 16 } as const;
const tcpProtocol = 6;

/**
 * Does in software what a virtio header says is left to do, as a network card would: completes the checksum, or cuts
 * a large TCP segment into frames. `packet` is a virtio header and a frame that FrameInfo has found well-formed;
 * it is not changed. The frames are new.
 */
export function finishFrame(packet: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const view = new DataView(packet.buffer, packet.byteOffset, virtioHeaderBytes);
  const checksumStart = view.getUint16(virtioField.checksumStart, true);
  const frame = packet.subarray(virtioHeaderBytes);
  if ((view.getUint8(virtioField.gsoType) & ~gsoType.ecn) !== gsoType.none) {
    const ip6 = (view.getUint8(virtioField.gsoType) & ~gsoType.ecn) === gsoType.tcp6;
    return cutSegment(frame, checksumStart, view.getUint16(virtioField.gsoSize, true), ip6);
  }
  const whole = frame.slice();
  if ((view.getUint8(virtioField.flags) & virtioFlag.needsChecksum) !== 0) {
    completeChecksum(whole, checksumStart, view.getUint16(virtioField.checksumOffset, true));
  }
  return [whole];
}

/** The field holds the sum of the pseudo header; the rest is added (virtio 1.2, 5.1.6.2). */
function completeChecksum(frame: Uint8Array, start: number, offset: number): void {
  const checksum = internetChecksum(frame, start, frame.length);
  // In UDP, 0 says that there is none (RFC 768); TCP and ICMPv6 take either form of zero.
  writeU16(frame, start + offset, checksum === 0 ? 0xffff : checksum);
}

function cutSegment(frame: Uint8Array, tcp: number, size: number, ip6: boolean): Uint8Array<ArrayBuffer>[] {
  const dataStart = tcp + ((frame[tcp + tcpField.dataOffset] ?? 0) >> 4) * 4;
  const ip = packetStart(frame);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = dataStart; at < frame.length; at += size) {
    const end = Math.min(frame.length, at + size);
    const piece = new Uint8Array(dataStart + end - at);
    piece.set(frame.subarray(0, dataStart));
    piece.set(frame.subarray(at, end), dataStart);
    const index = pieces.length;
    const pseudo = ip6 ? finishIp6(piece, ip, tcp) : finishIp4(piece, ip, tcp, index);
    finishTcp(piece, tcp, { offset: at - dataStart, first: index === 0, last: end === frame.length, pseudo });
    pieces.push(piece);
  }
  return pieces;
}

/** Sets length, identification and checksum of an IPv4 header that ends at `tcp`. Returns the pseudo header's sum. */
function finishIp4(piece: Uint8Array, ip: number, tcp: number, index: number): number {
  writeU16(piece, ip + 2, piece.length - ip);
  writeU16(piece, ip + 4, (readU16(piece, ip + 4) + index) & 0xffff);
  writeU16(piece, ip + 10, 0);
  writeU16(piece, ip + 10, internetChecksum(piece, ip, tcp));
  return sumOf(piece, ip + 12, ip + 20) + tcpProtocol + piece.length - tcp;
}

/** The same for an IPv6 header (RFC 8200, 8.1), which has neither identification nor checksum. */
function finishIp6(piece: Uint8Array, ip: number, tcp: number): number {
  writeU16(piece, ip + 4, piece.length - tcp);
  return sumOf(piece, ip + 8, ip + 40) + tcpProtocol + piece.length - tcp;
}

interface PiecePlace {
  /** Bytes of payload before this piece. */
  readonly offset: number;
  readonly first: boolean;
  readonly last: boolean;
  /** Sum of the pseudo header. */
  readonly pseudo: number;
}

function finishTcp(piece: Uint8Array, tcp: number, { offset, first, last, pseudo }: PiecePlace): void {
  const view = new DataView(piece.buffer, piece.byteOffset);
  view.setUint32(tcp + tcpField.sequence, (view.getUint32(tcp + tcpField.sequence) + offset) >>> 0);
  let flags = view.getUint8(tcp + tcpField.flags);
  // What tells the end comes with the end; the window was reduced once (Linux: tcp_gso_segment).
  if (!last) flags &= ~(tcpFlag.fin | tcpFlag.psh);
  if (!first) flags &= ~tcpFlag.cwr;
  view.setUint8(tcp + tcpField.flags, flags);
  writeU16(piece, tcp + tcpField.checksum, 0);
  writeU16(piece, tcp + tcpField.checksum, internetChecksum(piece, tcp, piece.length, pseudo));
}

/** Where the packet begins, behind the Ethernet header and its VLAN tags. */
function packetStart(frame: Uint8Array): number {
  let at = etherTypeAt;
  while (isVlanTag(readU16(frame, at))) at += vlanTagBytes;
  return at + 2;
}

function sumOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2) sum += readU16(bytes, at);
  return sum;
}

function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}
