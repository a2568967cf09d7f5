import { SandboxError } from '../../base/errors';
import { type HeaderOption, readHeaderOptions, serializeHeaderOptions } from './header-options';
import { type AddressPair, internetChecksum, pseudoHeaderSum } from './internet-checksum';
import { ipProtocol } from './ipv4';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

const headerBytes = 20;
const maxOptionBytes = 40;

/** Bits of {@link TcpSegment.flags} (RFC 9293, 3.1; RFC 3168, 6.1). */
export const tcpFlag = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const;

/** Kinds of options (RFC 9293, 3.2; RFC 7323; RFC 2018). */
export const tcpOption = { maximumSegment: 2, windowScale: 3, sackPermitted: 4, sack: 5, timestamps: 8 } as const;

/** A TCP segment (RFC 9293, 3.1). */
export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  readonly urgentPointer: number;
  readonly options: readonly HeaderOption[];
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** `InvalidArgument` for what is none, or has a wrong checksum. */
export function parseTcp(bytes: Uint8Array, addresses: AddressPair): TcpSegment {
  const reader = new PacketReader(bytes, 'a TCP segment');
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  const sequence = reader.u32();
  const acknowledgment = reader.u32();
  const length = (reader.u8() >> 4) * 4;
  if (length < headerBytes || length > bytes.length) reader.fail(`its header says to have ${length} bytes`);
  const flags = reader.u8();
  const window = reader.u16();
  reader.u16();
  const urgentPointer = reader.u16();
  const pseudo = pseudoHeaderSum(addresses, ipProtocol.tcp, bytes.length);
  if (internetChecksum(bytes, 0, bytes.length, pseudo) !== 0) reader.fail('its checksum is wrong');
  const options = readHeaderOptions(reader, length - headerBytes);
  return {
    sourcePort,
    destinationPort,
    sequence,
    acknowledgment,
    flags,
    window,
    urgentPointer,
    options,
    payload: reader.rest(),
  };
}

/** `InvalidArgument` for more than 40 bytes of options. */
export function serializeTcp(segment: TcpSegment, addresses: AddressPair): Uint8Array<ArrayBuffer> {
  const options = serializeHeaderOptions(segment.options);
  if (options.length > maxOptionBytes) {
    throw new SandboxError('InvalidArgument', `${options.length} bytes of options do not fit a TCP header`);
  }
  const writer = new PacketWriter()
    .u16(segment.sourcePort)
    .u16(segment.destinationPort)
    .u32(segment.sequence)
    .u32(segment.acknowledgment)
    .u8(((headerBytes + options.length) / 4) << 4)
    .u8(segment.flags)
    .u16(segment.window)
    .u16(0)
    .u16(segment.urgentPointer)
    .bytes(options)
    .bytes(segment.payload);
  const { length } = writer;
  const checksum = internetChecksum(writer.written, 0, length, pseudoHeaderSum(addresses, ipProtocol.tcp, length));
  return writer.setU16(16, checksum).finish();
}
