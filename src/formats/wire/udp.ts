import { SandboxError } from '../../base/errors';
import { type AddressPair, internetChecksum, pseudoHeaderSum } from './internet-checksum';
import { ipProtocol } from './ipv4';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

const headerBytes = 8;

/** A UDP datagram (RFC 768). */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** `InvalidArgument` for what is none, or has a wrong checksum; 0 stands for none. What follows it is ignored. */
export function parseUdp(bytes: Uint8Array, addresses: AddressPair): UdpDatagram {
  const reader = new PacketReader(bytes, 'a UDP datagram');
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  const length = reader.u16();
  if (length < headerBytes || length > bytes.length) reader.fail(`it says to have ${length} bytes of ${bytes.length}`);
  const pseudo = pseudoHeaderSum(addresses, ipProtocol.udp, length);
  if (reader.u16() !== 0 && internetChecksum(bytes, 0, length, pseudo) !== 0) reader.fail('its checksum is wrong');
  return { sourcePort, destinationPort, payload: reader.bytes(length - headerBytes) };
}

/** `InvalidArgument` for more than 65,527 bytes. */
export function serializeUdp(datagram: UdpDatagram, addresses: AddressPair): Uint8Array<ArrayBuffer> {
  const length = headerBytes + datagram.payload.length;
  if (length > 0xffff) throw new SandboxError('InvalidArgument', `A UDP datagram cannot have ${length} bytes`);
  const writer = new PacketWriter()
    .u16(datagram.sourcePort)
    .u16(datagram.destinationPort)
    .u16(length)
    .u16(0)
    .bytes(datagram.payload);
  const checksum = internetChecksum(writer.written, 0, length, pseudoHeaderSum(addresses, ipProtocol.udp, length));
  // 0 would say that there is none.
  return writer.setU16(6, checksum === 0 ? 0xffff : checksum).finish();
}
