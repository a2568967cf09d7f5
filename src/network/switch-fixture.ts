import type { PortSpec } from '../api/network';
import {
  type FrameSlab,
  gsoType,
  recordBytes,
  SlabReader,
  SlabWriter,
  virtioField,
  virtioFlag,
  virtioHeaderBytes,
} from '../formats/frame-slab';
import { parseIpAddress } from '../formats/ip-address';
import { parseMacAddress } from '../formats/mac-address';
import type { PortSink } from './switch-port';

export const broadcast = 'ff:ff:ff:ff:ff:ff';

export const macOf = (station: number): string =>
  `02:00:00:${[16, 8, 0].map((shift) => ((station >> shift) & 255).toString(16).padStart(2, '0')).join(':')}`;

export function portSpec(id: string, more: Partial<PortSpec> = {}): PortSpec {
  return { id, network: 'lab', label: `${id} eth0`, mtu: 1500, ...more };
}

/** An Ethernet frame; `type` may have VLAN tags before it: `[0x8100, 5, 0x0800]`. */
export function ethernet(
  to: string,
  from: string,
  payload: Uint8Array = new Uint8Array(46),
  type: readonly number[] = [0x88b5],
): Uint8Array<ArrayBuffer> {
  const words = type.flatMap((word) => [word >> 8, word & 255]);
  return Uint8Array.of(...parseMacAddress(to), ...parseMacAddress(from), ...words, ...payload);
}

/** An ARP reply that claims an address (RFC 826). */
export function arpClaim(
  from: string,
  address: string,
  tags: readonly number[] = [],
  mac = from,
): Uint8Array<ArrayBuffer> {
  const head = [0, 1, 8, 0, 6, 4, 0, 2];
  const target = [...parseMacAddress(broadcast), 0, 0, 0, 0];
  const body = Uint8Array.of(...head, ...parseMacAddress(mac), ...parseIpAddress(address), ...target);
  return ethernet(broadcast, from, body, [...tags, 0x0806]);
}

export function slabOf(...packets: readonly (Uint8Array | Packet)[]): FrameSlab {
  const writer = new SlabWriter();
  for (const packet of packets) {
    if (packet instanceof Uint8Array) writer.append(packet);
    else writer.append(packet.frame, packet.header);
  }
  return writer.take();
}

/** A frame with its virtio header. */
export interface Packet {
  readonly header: Uint8Array<ArrayBuffer>;
  readonly frame: Uint8Array<ArrayBuffer>;
}

export interface TcpOptions {
  readonly version: 4 | 6;
  readonly payload: Uint8Array;
  readonly to?: string;
  readonly from?: string;
  readonly tags?: readonly number[];
  /** Bytes of TCP options, a multiple of four. */
  readonly optionBytes?: number;
  readonly flags?: number;
  readonly sequence?: number;
  readonly id?: number;
}

/** A TCP segment as a guest's kernel leaves it to its card: one frame, the pseudo header's sum in the checksum. */
export function tcpSegment(options: TcpOptions, segmentBytes: number): Packet {
  const { version, payload, to = macOf(2), from = macOf(1), tags = [], optionBytes = 0 } = options;
  const tcp = new Uint8Array(20 + optionBytes + payload.length);
  const view = new DataView(tcp.buffer);
  view.setUint16(0, 40_000);
  view.setUint16(2, 80);
  view.setUint32(4, options.sequence ?? 1);
  view.setUint8(12, ((20 + optionBytes) / 4) << 4);
  view.setUint8(13, options.flags ?? 0x18);
  view.setUint16(14, 0xffff);
  // "No operation" (RFC 9293, 3.1).
  tcp.fill(1, 20, 20 + optionBytes);
  tcp.set(payload, 20 + optionBytes);
  const ip = version === 4 ? ip4Header(tcp.length, options.id ?? 0) : ip6Header(tcp.length);
  view.setUint16(16, fold(wordSum(ip.subarray(version === 4 ? 12 : 8)) + 6 + tcp.length));
  const frame = ethernet(to, from, Uint8Array.of(), [...tags, version === 4 ? 0x0800 : 0x86dd]);
  const whole = new Uint8Array(frame.length + ip.length + tcp.length);
  whole.set(frame);
  whole.set(ip, frame.length);
  whole.set(tcp, frame.length + ip.length);
  const tcpStart = frame.length + ip.length;
  return { header: offloadHeader(version, tcpStart, tcpStart + 20 + optionBytes, segmentBytes), frame: whole };
}

function offloadHeader(version: 4 | 6, tcpStart: number, headerBytes: number, segmentBytes: number) {
  const header = new Uint8Array(virtioHeaderBytes);
  const view = new DataView(header.buffer);
  view.setUint8(virtioField.flags, virtioFlag.needsChecksum);
  view.setUint16(virtioField.checksumStart, tcpStart, true);
  view.setUint16(virtioField.checksumOffset, 16, true);
  if (segmentBytes === 0) return header;
  view.setUint8(virtioField.gsoType, version === 4 ? gsoType.tcp4 : gsoType.tcp6);
  view.setUint16(virtioField.headerLength, headerBytes, true);
  view.setUint16(virtioField.gsoSize, segmentBytes, true);
  return header;
}

function ip4Header(tcpBytes: number, id: number): Uint8Array<ArrayBuffer> {
  const ip = new Uint8Array(20);
  const view = new DataView(ip.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, 20 + tcpBytes);
  view.setUint16(4, id);
  view.setUint16(6, 0x4000);
  view.setUint8(8, 64);
  view.setUint8(9, 6);
  ip.set([10, 0, 0, 2, 10, 0, 0, 3], 12);
  view.setUint16(10, ~fold(wordSum(ip)) & 0xffff);
  return ip;
}

function ip6Header(tcpBytes: number): Uint8Array<ArrayBuffer> {
  const ip = new Uint8Array(40);
  const view = new DataView(ip.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, tcpBytes);
  view.setUint8(6, 6);
  view.setUint8(7, 64);
  ip.set(parseIpAddress('fd00::2'), 8);
  ip.set(parseIpAddress('fd00::3'), 24);
  return ip;
}

/** Sums for the tests, written another way than those of the product: with big numbers, folded at the end. */
export function wordSum(bytes: Uint8Array): number {
  let sum = 0n;
  for (const [index, byte] of bytes.entries()) sum += BigInt(byte) << (index % 2 === 0 ? 8n : 0n);
  return Number(sum % 65_535n) || (sum > 0n ? 65_535 : 0);
}

export function fold(sum: number): number {
  return sum > 0xffff ? fold((sum & 0xffff) + Math.floor(sum / 0x10000)) : sum;
}

/** Takes frames as the other end of a cable does, as far as its window goes, and keeps them. */
export class TestSink implements PortSink {
  readonly packets: Packet[] = [];
  forwarded = 0;
  /** Frames and bytes of records that it still takes. */
  windowFrames = Number.POSITIVE_INFINITY;
  windowBytes = Number.POSITIVE_INFINITY;

  get frames(): Uint8Array<ArrayBuffer>[] {
    return this.packets.map(({ frame }) => frame);
  }

  accepts(frames: number, bytes: number): boolean {
    return frames <= this.windowFrames && bytes <= this.windowBytes;
  }

  sendRecord(source: Uint8Array, start: number, frameBytes: number): boolean {
    const end = start + 4 + virtioHeaderBytes + frameBytes;
    return this.#take(new Uint8Array(source.subarray(start + 4, end)));
  }

  send(frame: Uint8Array): boolean {
    return this.#take(Uint8Array.of(...new Uint8Array(virtioHeaderBytes), ...frame));
  }

  forward(slab: FrameSlab, frames: number): boolean {
    if (!this.accepts(frames, slab.bytes)) return false;
    this.forwarded += 1;
    const reader = new SlabReader(slab);
    while (reader.next()) this.#take(reader.packet.slice());
    return true;
  }

  #take(packet: Uint8Array<ArrayBuffer>): boolean {
    const frame = packet.slice(virtioHeaderBytes);
    if (!this.accepts(1, recordBytes(frame.length))) return false;
    this.windowFrames -= 1;
    this.windowBytes -= recordBytes(frame.length);
    this.packets.push({ header: packet.slice(0, virtioHeaderBytes), frame });
    return true;
  }
}
