import { gsoType, type SlabReader, virtioFlag } from '../formats/frame-slab';
import { ethernetBytes, etherType, etherTypeAt, isVlanTag, vlanTagBytes } from '../formats/wire/ethernet';

/** A frame that is to be cut into more pieces than this is taken for an attack: Linux cuts 64 KB into at most 45. */
export const maxSegments = 1024;

/** The TCP header's checksum field, from its start; what a segment to be cut must name (virtio 1.2, 5.1.6.2). */
const tcpChecksumAt = 16;
const tcpProtocol = 6;

/** Bytes of a record's length field, which stands before the virtio header. */
const lengthBytes = 4;

/**
 * What the switch has to know of a frame, read into one object again and again. A frame whose virtio header does
 * not fit what it is (Linux's virtio_net_hdr_to_skb checks the same) is malformed: no guest is trusted to write the
 * header that another guest's driver believes.
 */
export class FrameInfo {
  /** Address fields as whole numbers of 48 bits. */
  destination = 0;
  source = 0;
  /** Of what is inside all VLAN tags. */
  etherType = 0;
  tags = 0;
  /** Where the packet begins, behind the Ethernet header and its tags. */
  packetStart = 0;
  /** How many frames it is to be cut into: 1 when nothing is left to do. */
  segments = 1;
  /** Bytes of the longest of them. */
  longest = 0;
  /** Whether checksum or segmentation is left to do. */
  unfinished = false;

  /** Whether destination and source are for many stations: the lowest bit of the first byte (IEEE 802, 8.2.2). */
  toGroup = false;
  fromGroup = false;

  /** Reads the frame at which the reader stands. False when it is malformed. */
  read(reader: SlabReader): boolean {
    const { view, frameStart, frameEnd } = reader;
    if (frameEnd - frameStart < ethernetBytes) return false;
    this.toGroup = (view.getUint8(frameStart) & 1) !== 0;
    this.fromGroup = (view.getUint8(frameStart + 6) & 1) !== 0;
    this.destination = view.getUint16(frameStart) * 2 ** 32 + view.getUint32(frameStart + 2);
    this.source = view.getUint16(frameStart + 6) * 2 ** 32 + view.getUint32(frameStart + 8);
    this.#readType(view, frameStart, frameEnd);
    this.segments = 1;
    this.longest = frameEnd - frameStart;
    this.unfinished = false;
    return this.#readHeader(view, reader.start + lengthBytes, frameStart, frameEnd);
  }

  #readType(view: DataView, frameStart: number, frameEnd: number): void {
    let at = frameStart + etherTypeAt;
    let type = view.getUint16(at);
    this.tags = 0;
    while (isVlanTag(type) && at + vlanTagBytes + 2 <= frameEnd) {
      at += vlanTagBytes;
      type = view.getUint16(at);
      this.tags += 1;
    }
    this.etherType = type;
    this.packetStart = at + 2;
  }

  #readHeader(view: DataView, header: number, frameStart: number, frameEnd: number): boolean {
    const needsChecksum = (view.getUint8(header) & virtioFlag.needsChecksum) !== 0;
    const segmentType = view.getUint8(header + 1) & ~gsoType.ecn;
    if (!needsChecksum && segmentType === gsoType.none) {
      clearHeader(view, header);
      return true;
    }
    const checksumStart = view.getUint16(header + 6, true);
    const checksumOffset = view.getUint16(header + 8, true);
    if (!needsChecksum || checksumStart < ethernetBytes) return false;
    if (frameStart + checksumStart + checksumOffset + 2 > frameEnd) return false;
    // Only the sender's say in what is left to do; whether a checksum was seen to be right is not for it to say.
    view.setUint8(header, virtioFlag.needsChecksum);
    view.setUint16(header + 10, 0);
    this.unfinished = true;
    if (segmentType === gsoType.none) return true;
    if (checksumOffset !== tcpChecksumAt) return false;
    const size = view.getUint16(header + 4, true);
    return this.#readSegments(view, segmentType, size, frameStart, frameStart + checksumStart, frameEnd);
  }

  #readSegments(view: DataView, type: number, size: number, frameStart: number, tcp: number, end: number): boolean {
    const isTcp =
      type === gsoType.tcp4
        ? this.etherType === etherType.ip4 && isTcp4(view, this.packetStart, tcp, end)
        : type === gsoType.tcp6 && this.etherType === etherType.ip6 && isTcp6(view, this.packetStart, tcp, end);
    if (!isTcp || tcp + 20 > end || size === 0) return false;
    const dataStart = tcp + (view.getUint8(tcp + 12) >> 4) * 4;
    const data = end - dataStart;
    if (dataStart < tcp + 20 || data <= 0) return false;
    this.segments = Math.ceil(data / size);
    this.longest = dataStart - frameStart + Math.min(size, data);
    return this.segments <= maxSegments;
  }
}

function clearHeader(view: DataView, header: number): void {
  view.setUint32(header, 0);
  view.setUint32(header + 4, 0);
  view.setUint32(header + 8, 0);
}

/** Whether it is a whole IPv4 packet (RFC 791, 3.1), no fragment, with its TCP header there. */
function isTcp4(view: DataView, packet: number, tcp: number, end: number): boolean {
  if (packet + 20 > end) return false;
  const first = view.getUint8(packet);
  const headerBytes = (first & 15) * 4;
  return (
    first >> 4 === 4 &&
    headerBytes >= 20 &&
    packet + headerBytes === tcp &&
    view.getUint16(packet + 2) === end - packet &&
    (view.getUint16(packet + 6) & 0x3fff) === 0 &&
    view.getUint8(packet + 9) === tcpProtocol
  );
}

/** Whether it is a whole IPv6 packet (RFC 8200, 3) with its TCP header there, right behind the fixed header. */
function isTcp6(view: DataView, packet: number, tcp: number, end: number): boolean {
  return (
    packet + 40 === tcp &&
    tcp <= end &&
    view.getUint8(packet) >> 4 === 6 &&
    view.getUint16(packet + 4) === end - tcp &&
    view.getUint8(packet + 6) === tcpProtocol
  );
}
