import { internetChecksum } from './internet-checksum';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

export const icmpType = { echoReply: 0, unreachable: 3, echoRequest: 8, timeExceeded: 11 } as const;

/** An ICMP message (RFC 792). */
export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  /** The word behind the checksum: identifier and sequence number of an echo, the next hop's MTU (RFC 1191). */
  readonly rest: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** `InvalidArgument` for what is too short, or has a wrong checksum. */
export function parseIcmp(bytes: Uint8Array): IcmpMessage {
  const reader = new PacketReader(bytes, 'an ICMP message');
  const type = reader.u8();
  const code = reader.u8();
  reader.u16();
  const rest = reader.u32();
  if (internetChecksum(bytes) !== 0) reader.fail('its checksum is wrong');
  return { type, code, rest, payload: reader.rest() };
}

export function serializeIcmp({ type, code, rest, payload }: IcmpMessage): Uint8Array<ArrayBuffer> {
  const writer = new PacketWriter().u8(type).u8(code).u16(0).u32(rest).bytes(payload);
  return writer.setU16(2, internetChecksum(writer.written)).finish();
}
