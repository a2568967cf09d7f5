import type { MacAddress } from '../../api/network';
import { parseIpAddress, serializeIpAddress } from '../ip-address';
import { parseMacAddress, serializeMacAddress } from '../mac-address';
import { etherType } from './ethernet';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

export const arpOperation = { request: 1, reply: 2 } as const;

const hardwareEthernet = 1;

/** An ARP message (RFC 826) for Ethernet and IPv4. */
export interface ArpMessage {
  readonly operation: number;
  readonly senderMac: MacAddress;
  /** 0.0.0.0 in a probe (RFC 5227, 2.1.1). */
  readonly senderAddress: string;
  readonly targetMac: MacAddress;
  readonly targetAddress: string;
}

/** `InvalidArgument` for what is none, or is for another hardware or protocol. What follows it is padding. */
export function parseArp(bytes: Uint8Array): ArpMessage {
  const reader = new PacketReader(bytes, 'an ARP message');
  const kind = [reader.u16(), reader.u16(), reader.u8(), reader.u8()];
  if (kind.join() !== `${hardwareEthernet},${etherType.ip4},6,4`) reader.fail('it is not for Ethernet and IPv4');
  return {
    operation: reader.u16(),
    senderMac: serializeMacAddress(reader.bytes(6)),
    senderAddress: serializeIpAddress(reader.bytes(4)),
    targetMac: serializeMacAddress(reader.bytes(6)),
    targetAddress: serializeIpAddress(reader.bytes(4)),
  };
}

export function serializeArp(message: ArpMessage): Uint8Array<ArrayBuffer> {
  return new PacketWriter()
    .u16(hardwareEthernet)
    .u16(etherType.ip4)
    .u8(6)
    .u8(4)
    .u16(message.operation)
    .bytes(parseMacAddress(message.senderMac))
    .bytes(parseIpAddress(message.senderAddress))
    .bytes(parseMacAddress(message.targetMac))
    .bytes(parseIpAddress(message.targetAddress))
    .finish();
}
