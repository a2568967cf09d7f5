import { SandboxError } from '../../base/errors';
import { parseIpAddress, serializeIpAddress } from '../ip-address';
import { type HeaderOption, readHeaderOptions, serializeHeaderOptions } from './header-options';
import { internetChecksum } from './internet-checksum';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

export const ipProtocol = { icmp: 1, tcp: 6, udp: 17 } as const;

const headerBytes = 20;
const maxOptionBytes = 40;
const maxPacketBytes = 65_535;

/** An IPv4 packet (RFC 791, 3.1). */
export interface Ipv4Packet {
  /** Differentiated services and congestion notification (RFC 2474, RFC 3168). */
  readonly trafficClass: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Where its payload belongs in that of the whole packet, in bytes; a multiple of 8. */
  readonly fragmentOffset: number;
  readonly timeToLive: number;
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly options: readonly HeaderOption[];
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Whether it is a part of a packet, and what is in its payload cannot be read alone. */
export function isFragment({ moreFragments, fragmentOffset }: Ipv4Packet): boolean {
  return moreFragments || fragmentOffset > 0;
}

/** `InvalidArgument` for what is none, or has a wrong checksum. What follows the packet is padding. */
export function parseIpv4(bytes: Uint8Array): Ipv4Packet {
  const reader = new PacketReader(bytes, 'an IPv4 packet');
  const first = reader.u8();
  const length = (first & 15) * 4;
  if (first >> 4 !== 4 || length < headerBytes) reader.fail(`it begins with ${first}`);
  const trafficClass = reader.u8();
  const total = reader.u16();
  if (total < length || total > bytes.length) reader.fail(`it says to have ${total} bytes, of ${bytes.length}`);
  if (internetChecksum(bytes, 0, length) !== 0) reader.fail('the checksum of its header is wrong');
  const identification = reader.u16();
  const fragment = reader.u16();
  const timeToLive = reader.u8();
  const protocol = reader.u8();
  reader.u16();
  const source = serializeIpAddress(reader.bytes(4));
  const destination = serializeIpAddress(reader.bytes(4));
  const options = readHeaderOptions(reader, length - headerBytes);
  return {
    trafficClass,
    identification,
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    timeToLive,
    protocol,
    source,
    destination,
    options,
    payload: reader.bytes(total - length),
  };
}

/** `InvalidArgument` when options or payload are too long. */
export function serializeIpv4(packet: Ipv4Packet): Uint8Array<ArrayBuffer> {
  const options = serializeHeaderOptions(packet.options);
  const length = headerBytes + options.length;
  const total = length + packet.payload.length;
  if (options.length > maxOptionBytes || total > maxPacketBytes) {
    throw new SandboxError(
      'InvalidArgument',
      `An IPv4 packet cannot have ${total} bytes, ${options.length} of options`,
    );
  }
  const writer = new PacketWriter()
    .u8(0x40 | (length / 4))
    .u8(packet.trafficClass)
    .u16(total)
    .u16(packet.identification)
    .u16((packet.dontFragment ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0) | (packet.fragmentOffset >> 3))
    .u8(packet.timeToLive)
    .u8(packet.protocol)
    .u16(0)
    .bytes(parseIpAddress(packet.source))
    .bytes(parseIpAddress(packet.destination))
    .bytes(options);
  writer.setU16(10, internetChecksum(writer.written));
  return writer.bytes(packet.payload).finish();
}
