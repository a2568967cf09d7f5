import type { SlabReader } from '../formats/frame-slab';
import { etherType } from '../formats/wire/ethernet';
import type { FrameInfo } from './frame-info';

/** Where fields are, from the packet's start (RFC 791, 3.1). */
const at = { totalLength: 2, fragment: 6, protocol: 9, source: 12, destination: 16 } as const;
const headerBytes = 20;

/** What the switch looks at of an IPv4 packet that is no later part of one. Offsets are those of the slab. */
export interface Ip4View {
  readonly view: DataView<ArrayBuffer>;
  /** As numbers of 32 bits. */
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  /** Where its payload begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** Undefined for what is no untagged IPv4, a fragment without the header of what it is of, or cut short. */
export function viewIp4(info: FrameInfo, { view, frameEnd }: SlabReader): Ip4View | undefined {
  const { packetStart: packet } = info;
  if (info.etherType !== etherType.ip4 || info.tags > 0 || packet + headerBytes > frameEnd) return undefined;
  const start = packet + (view.getUint8(packet) & 15) * 4;
  const end = packet + view.getUint16(packet + at.totalLength);
  if (start < packet + headerBytes || end < start || end > frameEnd) return undefined;
  if ((view.getUint16(packet + at.fragment) & 0x1fff) > 0) return undefined;
  return {
    view,
    source: view.getUint32(packet + at.source),
    destination: view.getUint32(packet + at.destination),
    protocol: view.getUint8(packet + at.protocol),
    start,
    end,
  };
}

/** What the switch looks at of a TCP segment (RFC 9293, 3.1). */
export interface TcpView {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  /** Says something where the flag ACK is set. */
  readonly acknowledgment: number;
  readonly flags: number;
  readonly payloadBytes: number;
}

/** Undefined for a header that is cut short. */
export function viewTcp({ view, start, end }: Ip4View): TcpView | undefined {
  if (start + 20 > end) return undefined;
  const payload = start + (view.getUint8(start + 12) >> 4) * 4;
  if (payload < start + 20 || payload > end) return undefined;
  return {
    sourcePort: view.getUint16(start),
    destinationPort: view.getUint16(start + 2),
    sequence: view.getUint32(start + 4),
    acknowledgment: view.getUint32(start + 8),
    flags: view.getUint8(start + 13),
    payloadBytes: end - payload,
  };
}
